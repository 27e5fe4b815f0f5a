import type { Effect } from './effect.js';
import type { End, Phase } from './phase.js';
import type { Plan } from './plan.js';
import type { OwnReasonCode } from './reason-codes/catalogue.js';
import type { TriggerCode } from './triggers.js';
import type { GateResult } from './verdict.js';
import type { WatchState } from './watch.js';

/** All that the rules remember of a promotion. */
export interface PromotionState {
  readonly phase: Phase | End;
  /** What was asked for last; an event that answers something else is no answer. */
  readonly asked: Effect['do'];
  /** Approval epochs begun; a void approval begins another. */
  readonly epoch: number;
  readonly validations: number;
  readonly remediations: number;
  readonly preflights: number;
  readonly retriesLeft: number;
  /** Every round's results, oldest first. */
  readonly rounds: readonly (readonly GateResult[])[];
  readonly attempted: readonly string[];
  /** Promotion steps begun, in order. */
  readonly steps: readonly string[];
  readonly watch: WatchState | undefined;
  readonly trigger: TriggerCode | undefined;
  /** Every trigger that held when the rollback was declared. */
  readonly triggers: readonly TriggerCode[];
  readonly rollbackAttempts: number;
  /** A rollback that did not hold was applied once more. */
  readonly reapplied: boolean;
}

/** Where an event led, and what has to be done there. */
export interface Move {
  readonly state: PromotionState;
  readonly effect: Effect;
}

/** Before anything happened. "Prerequisites": they are checked before the first round. */
export function begin(plan: Plan): Move {
  const state: PromotionState = {
    phase: 'validating',
    asked: 'check-prerequisites',
    epoch: 0,
    validations: 0,
    remediations: 0,
    preflights: 0,
    retriesLeft: plan.remediation.retries,
    rounds: [],
    attempted: [],
    steps: [],
    watch: undefined,
    trigger: undefined,
    triggers: [],
    rollbackAttempts: 0,
    reapplied: false,
  };
  return { state, effect: { do: 'check-prerequisites' } };
}

/** The phase's next effect; the state remembers what it was. */
export function ask(state: Omit<PromotionState, 'asked'>, effect: Effect): Move {
  return { state: { ...state, asked: effect.do }, effect };
}

/** For a reason of the rules; what a step or our machinery came to is passed on as it came. */
export function stop(state: PromotionState, reason: OwnReasonCode): Move {
  return end(state, 'stopped', reason);
}

/** @param reason a code, e.g. `gate_hold` */
export function end(state: PromotionState, ended: End, reason: string): Move {
  return ask({ ...state, phase: ended }, { do: 'end', end: ended, reason });
}
