import { letsGoOn } from './override.js';
import type { Plan } from './plan.js';
import type { Verdict } from './verdict.js';

/** How long a preflight's pass counts, beside the time that its slowest gate may take. */
const PREFLIGHT_GOOD_FOR_MS = 60_000;

/** One gate's stored answer in a preflight. */
export interface AskedGate {
  readonly verdict: Verdict;
  /** When it was asked, ms since the epoch; NaN where that can't be read. */
  readonly askedAt: number;
}

/**
 * "Promote only when all checks are true", right before: every gate of the plan passed, and none so long ago that it may
 * have changed since. What is half promoted is not judged by its age.
 *
 * @param asked what the preflight's evidence says of each gate; undefined is no answer, and holds
 * @param now ms since the epoch
 */
export function judgePreflight(
  plan: Plan,
  asked: (gate: string) => AskedGate | undefined,
  { now, begun }: { readonly now: number; readonly begun: boolean },
): 'passed' | 'not_passed' | 'stale' {
  const outcomes = plan.gates.map(({ id }) => asked(id));
  const passed = plan.gates.every(({ id }) => letsGoOn(plan, id, asked(id)?.verdict));
  // No data is never a pass.
  if (outcomes.length === 0 || !passed) return 'not_passed';
  if (begun) return 'passed';
  const notBefore = now - PREFLIGHT_GOOD_FOR_MS - Math.max(...plan.gates.map(({ deadlineMs }) => deadlineMs));
  return outcomes.every((outcome) => (outcome?.askedAt ?? Number.NaN) >= notBefore) ? 'passed' : 'stale';
}
