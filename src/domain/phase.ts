/** Where an open promotion is. */
export const PHASES = [
  'validating',
  'remediating',
  'awaiting-approval',
  'promoting',
  'watching',
  'rolling-back',
  'rollback-failed',
] as const;
export type Phase = (typeof PHASES)[number];

/** How a promotion ended. A terminated run has no end of its own: it is rolled back or sealed later, as `abandoned`. */
export const ENDS = [
  'promoted',
  'promoted-with-warnings',
  'stopped',
  'rejected',
  'expired',
  'aborted',
  'rolled-back',
  'rollback-acknowledged',
  'abandoned',
] as const;
export type End = (typeof ENDS)[number];

export function isEnd(phase: Phase | End): phase is End {
  return ENDS.some((end) => end === phase);
}

/** Nothing was promoted yet: "stop promotion" is enough. */
export function isBeforePromoting(phase: Phase | End): boolean {
  return phase === 'validating' || phase === 'remediating' || phase === 'awaiting-approval';
}

/** A rollback is never cancelled, and a failed one waits for people. */
export function hearsCancellation(phase: Phase | End): boolean {
  return phase !== 'rolling-back' && phase !== 'rollback-failed';
}

/** What people can order while it runs. */
export const ACTIONS = ['abort', 'rollback', 'remediated', 'retry-rollback', 'acknowledge'] as const;
export type Action = (typeof ACTIONS)[number];

const ALLOWED: Readonly<Record<Action, readonly Phase[]>> = {
  abort: ['validating', 'remediating', 'awaiting-approval'],
  rollback: ['promoting', 'watching'],
  remediated: ['remediating'],
  'retry-rollback': ['rollback-failed'],
  acknowledge: ['rollback-failed'],
};

const HINT: Readonly<Record<Action, string>> = {
  abort: 'abort ends a promotion before it promotes; from promoting on use rollback',
  rollback: 'rollback works while promoting or watching; before that use abort',
  remediated: 'remediated answers a manual repair, which only a remediating promotion waits for',
  'retry-rollback': 'retry-rollback works after a rollback failed',
  acknowledge: 'acknowledge works after a rollback failed',
};

/** Why an order is refused in this phase, as one sentence, or undefined where it is allowed. */
export function refuseAction(action: Action, phase: Phase | End): string | undefined {
  return ALLOWED[action].some((allowed) => allowed === phase)
    ? undefined
    : `${action} is refused while ${phase}: ${HINT[action]}`;
}
