import { begin, end, type Move } from './move.js';
import type { Phase } from './phase.js';
import type { Plan } from './plan.js';
import { rollBack } from './rolling-back.js';
import type { TriggerCode } from './triggers.js';

/** What the evidence says of a run whose workflow was ended from outside. */
export interface LeftBehind {
  /** The phase that it recorded last; undefined where it recorded none. */
  readonly phase: Phase | undefined;
  /** It began to promote or to roll back. */
  readonly touched: boolean;
  /** Promotion steps begun, in order. */
  readonly steps: readonly string[];
  /** Of the rollback that it had declared; none where it had not. */
  readonly triggers: readonly TriggerCode[];
  readonly rollbackAttempts: number;
}

/**
 * "half promoted is not a state to stay in": what may have changed the target is rolled back, and a rollback that was under
 * way keeps its trigger. "A terminated run is sealed later as abandoned" where it changed nothing.
 */
export function takeOver(plan: Plan, left: LeftBehind): Move {
  const { state } = begin(plan);
  if (!left.touched) return end(state, 'abandoned', 'terminated');
  const { steps, triggers, rollbackAttempts } = left;
  return rollBack({ ...state, steps, rollbackAttempts }, triggers.length > 0 ? triggers : ['terminated']);
}
