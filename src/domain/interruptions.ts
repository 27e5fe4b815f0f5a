import { end, type Move, type PromotionState } from './move.js';
import { isBeforePromoting, type Action } from './phase.js';
import { acknowledge, failRollback, retryRollback, rollBack } from './rolling-back.js';

/** What comes in between: orders of people, a cancellation, a fault of our own. Each where `isPossible` says so. */

/** "stop promotion" and "Trigger rollback", by hand. */
export function obey(state: PromotionState, action: Exclude<Action, 'remediated'>): Move {
  switch (action) {
    case 'abort':
      return end(state, 'aborted', 'aborted');
    case 'rollback':
      return rollBack(state, ['requested']);
    case 'retry-rollback':
      return retryRollback(state);
    case 'acknowledge':
      return acknowledge(state);
    default:
      return action satisfies never;
  }
}

/** "Cancelling: before promoting → aborted; while promoting or watching → rollback"; a failed rollback waits for people. */
export function cancel(state: PromotionState): Move {
  if (isBeforePromoting(state.phase)) return end(state, 'aborted', 'cancelled');
  if (state.phase === 'rollback-failed') return failRollback(state);
  return rollBack(state, ['cancelled']);
}

/** Where nothing was promoted: stop. Once something may have been: roll back. A rollback that can't go on has failed. */
export function fault(state: PromotionState, code: string, promotedBefore: boolean): Move {
  if (state.phase === 'rolling-back' || state.phase === 'rollback-failed') return failRollback(state);
  if (isBeforePromoting(state.phase) && !promotedBefore) return end(state, 'stopped', code);
  return rollBack(state, ['internal_fault']);
}
