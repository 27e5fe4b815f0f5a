/** How a system says it is, and whether it lets a rollout go on. Terms of the runbook's "Expected posture". */
export const HEALTHS = ['healthy', 'degraded', 'failing', 'unknown'] as const;
export type Health = (typeof HEALTHS)[number];

export const ROLLOUT_GATES = ['pass', 'hold'] as const;
export type RolloutGate = (typeof ROLLOUT_GATES)[number];

/** One system's own answer to "may we go on?". Reason codes are the system's, in its order, without repeats. */
export interface Posture {
  readonly health: Health;
  readonly gate: RolloutGate;
  readonly reasonCodes: readonly string[];
}

const WORST_FIRST: readonly Health[] = ['failing', 'unknown', 'degraded', 'healthy'];

/** The worst of several healths; `unknown` when there are none: no data is never a pass. */
export function worstHealth(healths: readonly Health[]): Health {
  return WORST_FIRST.find((health) => healths.includes(health)) ?? 'unknown';
}
