import { isReady, type ReadinessPart, type ReadinessResult } from './readiness.js';
import type { ReadinessPartName } from '../domain/readiness-parts.js';
import { detailLine } from '../domain/text.js';

/** The lines that Tau's validator prints before it asks anything. */
export function readinessHeader(asked: Pick<ReadinessResult, 'baseUrl' | 'authMode'>): readonly string[] {
  return [
    'operator-readiness-live-check',
    detailLine(`base_url=${asked.baseUrl}`),
    detailLine(`auth_mode=${asked.authMode}`),
  ];
}

/** The key=value lines of the parts that answered, in the validator's order. The validator prints them on a pass. */
export function readinessLines(result: ReadinessResult): readonly string[] {
  return result.parts.flatMap(valueLines);
}

/**
 * The "readiness command output (status=pass or error)" that the evidence keeps: the validator's lines, ending in
 * `status=pass`, or in the `error: …` line of every problem. The validator prints `status=pass` for overridden parts too;
 * in the evidence no such pass is taken for an earned one.
 */
export function readinessReport(
  result: ReadinessResult,
  overridden: readonly ReadinessPartName[] = [],
): string {
  const passed = overridden.length === 0 ? 'status=pass' : `status=overridden (${overridden.join(', ')})`;
  const verdict = isReady(result) ? [passed] : result.parts.flatMap(({ problems }) => problems);
  return `${[...readinessHeader(result), ...readinessLines(result), ...verdict].join('\n')}\n`;
}

const REASON_KEYS = { gateway: 'reason', cortex: 'reason_code', operator: 'reason_codes' } as const;

function valueLines({ surface, outcome }: ReadinessPart): readonly string[] {
  if (outcome.kind !== 'answered') return [];
  return [
    `${surface}_health_state=${outcome.health}`,
    `${surface}_rollout_gate=${outcome.gate}`,
    `${surface}_${REASON_KEYS[surface]}=${outcome.reasons.join(',')}`,
  ];
}
