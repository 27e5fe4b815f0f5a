import type { Plan } from './plan.js';
import type { GateResult } from './verdict.js';

/** Why a rollback was declared. The first three are the runbook's "Rollback triggers", in the order they are named. */
export const TRIGGERS = [
  'cortex_artifact_unrepaired',
  'repeated_failing',
  'readiness_failed_after_remediation',
  'promotion_step_failed',
  'unreachable',
  'requested',
  'cancelled',
  /** Its workflow was ended from outside once something may have been promoted. */
  'terminated',
  /** Our own machinery failed for good after something may have been promoted. */
  'internal_fault',
] as const;
export type TriggerCode = (typeof TRIGGERS)[number];

/**
 * Every trigger of the runbook that holds after the last round, the named one first. Misconfigured gates count for none.
 *
 * @param rounds all rounds so far, oldest first, the last one included
 * @param attempted gates for which a repair was attempted in this run
 */
export function triggersAfterLastRound(
  plan: Plan,
  rounds: readonly (readonly GateResult[])[],
  attempted: readonly string[],
): TriggerCode[] {
  const last = rounds.at(-1) ?? [];
  const held: TriggerCode[] = [];
  if (artifactUnrepaired(plan, last, attempted)) held.push('cortex_artifact_unrepaired');
  if (repeatedFailing(plan, rounds)) held.push('repeated_failing');
  if (readinessFailed(plan, last, attempted)) held.push('readiness_failed_after_remediation');
  return held;
}

function artifactUnrepaired(plan: Plan, last: readonly GateResult[], attempted: readonly string[]): boolean {
  const rule = plan.triggers.artifactUnrepaired;
  if (rule === undefined || !attempted.includes(rule.gate)) return false;
  const result = last.find(({ gate }) => gate === rule.gate);
  return result?.kind === 'answered' && result.verdict === 'hold' && hasAny(result.reasonCodes, rule.codes);
}

function repeatedFailing(plan: Plan, rounds: readonly (readonly GateResult[])[]): boolean {
  const { gates, rounds: needed } = plan.triggers.repeatedFailing;
  if (rounds.length < needed) return false;
  return gates.some((id) =>
    rounds.slice(-needed).every((round) => round.some(({ gate, failing }) => gate === id && failing)),
  );
}

function readinessFailed(plan: Plan, last: readonly GateResult[], attempted: readonly string[]): boolean {
  const rule = plan.triggers.readinessFailed;
  if (rule === undefined) return false;
  const derivedFrom = plan.gates.find(({ id }) => id === rule.gate)?.derivedFrom ?? [];
  const result = last.find(({ gate }) => gate === rule.gate);
  return (
    result?.verdict === 'hold' &&
    result.kind !== 'misconfigured' &&
    derivedFrom.some((id) => attempted.includes(id))
  );
}

function hasAny(codes: readonly string[], wanted: readonly string[]): boolean {
  return codes.some((code) => wanted.includes(code));
}
