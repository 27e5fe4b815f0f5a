import { ask, end, type Move, type PromotionState } from './move.js';
import type { TriggerCode } from './triggers.js';

/** "Trigger rollback". @param triggers all that hold, the named one first; a rollback that is tried again keeps them */
export function rollBack(state: PromotionState, triggers: readonly TriggerCode[]): Move {
  const attempt = state.rollbackAttempts + 1;
  return ask(
    {
      ...state,
      phase: 'rolling-back',
      trigger: triggers[0],
      triggers,
      rollbackAttempts: attempt,
    },
    { do: 'roll-back', attempt },
  );
}

/** Each step of "Gateway rollback posture" and "Deployment rollback posture" is proven by asking the system. */
export function afterRollback(state: PromotionState, unverified: readonly string[]): Move {
  if (unverified.length > 0) return failRollback(state);
  return ask(state, { do: 'confirm-rollback', attempt: state.rollbackAttempts });
}

/** "A gateway that came back by itself is stopped again or it is rollback-failed": once. */
export function afterConfirmation(state: PromotionState, unverified: readonly string[]): Move {
  if (unverified.length === 0) return end(state, 'rolled-back', reasonOf(state));
  if (state.reapplied) return failRollback(state);
  return rollBack({ ...state, reapplied: true }, state.triggers);
}

/** A person has it tried again; it may then come back once more. */
export function retryRollback(state: PromotionState): Move {
  return rollBack({ ...state, reapplied: false }, state.triggers);
}

/** A person ends what could not be rolled back; it is never called rolled back. */
export function acknowledge(state: PromotionState): Move {
  return end(state, 'rollback-acknowledged', reasonOf(state));
}

/** Open, and waiting for people. */
export function failRollback(state: PromotionState): Move {
  return ask({ ...state, phase: 'rollback-failed' }, { do: 'await-orders' });
}

function reasonOf({ trigger }: PromotionState): TriggerCode {
  return trigger ?? 'requested';
}
