import type { Effect } from './effect.js';
import type { PromotionEvent } from './event.js';
import { cancel, fault, obey } from './interruptions.js';
import { end, type Move, type PromotionState } from './move.js';
import { isEnd, refuseAction } from './phase.js';
import type { Plan } from './plan.js';
import { afterFailedStep, afterSamples, afterStep } from './promoting.js';
import { afterConfirmation, afterRollback } from './rolling-back.js';
import {
  afterPreflight,
  afterPrerequisites,
  afterRemediation,
  afterRound,
  preflight,
  preflightName,
  validationName,
} from './rounds.js';

/** An event that the phase does not know: a bug in the workflow, never an answer from outside. */
export class ImpossibleTransition extends Error {
  readonly code = 'impossible_transition';
  constructor(phase: string, event: string) {
    super(`impossible transition: ${event} while ${phase}`);
    this.name = 'ImpossibleTransition';
  }
}

/**
 * The rules' one table: what an event in a phase leads to, and what has to be done then. Pure; times come with the events.
 *
 * @throws ImpossibleTransition where the phase does not know the event
 */
export function transition(plan: Plan, state: PromotionState, event: PromotionEvent): Move {
  if (!isPossible(state, event)) throw impossible(state, event);
  switch (event.type) {
    case 'prerequisites-checked':
      return afterPrerequisites(state, event.problems);
    case 'round-closed':
      return afterRound(plan, state, event.results);
    case 'remediation-done':
      return afterRemediation(state, event.attempted);
    case 'approved':
      return preflight(state);
    case 'rejected':
    case 'expired':
      return end(state, event.type, event.type);
    case 'preflight-closed':
      return afterPreflight(plan, state, event.results, event.notRollbackable);
    case 'step-promoted':
      return afterStep(plan, state, event.at);
    case 'step-failed':
      return afterFailedStep(state, event.code, event.effect);
    case 'sampled':
      if (state.watch === undefined) throw impossible(state, event);
      return afterSamples(plan, state, state.watch, event);
    case 'rollback-tried':
      return afterRollback(state, event.unverified);
    case 'rollback-confirmed':
      return afterConfirmation(state, event.unverified);
    case 'ordered':
      return obey(state, event.action);
    case 'cancelled':
      return cancel(state);
    case 'faulted':
      return fault(state, event.code, event.promotedBefore);
    default:
      return event satisfies never;
  }
}

/** An answer to another question than the one that was asked is no answer; after an end nothing is. */
function isPossible(state: PromotionState, event: PromotionEvent): boolean {
  switch (event.type) {
    case 'round-closed':
      return answers(state, 'ask-round') && event.round === validationName(state);
    case 'preflight-closed':
      return answers(state, 'preflight') && event.round === preflightName(state);
    case 'approved':
    case 'rejected':
    case 'expired':
      return answers(state, 'await-decision') && event.epoch === state.epoch;
    case 'step-promoted':
    case 'step-failed':
      return answers(state, 'promote') && event.step === state.steps.at(-1);
    case 'prerequisites-checked':
      return answers(state, 'check-prerequisites');
    case 'remediation-done':
      return answers(state, 'remediate');
    case 'sampled':
      return answers(state, 'watch');
    case 'rollback-tried':
      return answers(state, 'roll-back');
    case 'rollback-confirmed':
      return answers(state, 'confirm-rollback');
    case 'ordered':
      return refuseAction(event.action, state.phase) === undefined;
    case 'cancelled':
      // A rollback goes on; it is never cancelled.
      return !isEnd(state.phase) && state.phase !== 'rolling-back';
    case 'faulted':
      return !isEnd(state.phase);
    default:
      return event satisfies never;
  }
}

function answers({ asked }: PromotionState, effect: Effect['do']): boolean {
  return asked === effect;
}

function impossible({ phase }: PromotionState, event: PromotionEvent): ImpossibleTransition {
  return new ImpossibleTransition(phase, event.type === 'ordered' ? event.action : event.type);
}
