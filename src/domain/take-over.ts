import type { Phase } from './phase.js';
import type { Plan } from './plan.js';
import { begin, type Move } from './transition.js';
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
  if (!left.touched)
    return {
      state: { ...state, phase: 'abandoned' },
      effect: { do: 'end', end: 'abandoned', reason: 'terminated' },
    };
  const triggers: readonly TriggerCode[] = left.triggers.length > 0 ? left.triggers : ['terminated'];
  const attempt = left.rollbackAttempts + 1;
  return {
    state: {
      ...state,
      phase: 'rolling-back',
      steps: left.steps,
      trigger: triggers[0],
      triggers,
      rollbackAttempts: attempt,
    },
    effect: { do: 'roll-back', attempt },
  };
}
