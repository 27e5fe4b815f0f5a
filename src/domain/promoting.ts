import { ask, end, type Move, type PromotionState } from './move.js';
import type { Plan } from './plan.js';
import { rollBack } from './rolling-back.js';
import { addSample, beginWatch, decideWatch, watchRules, type Sample, type WatchState } from './watch.js';

/** The next of the runbook's promotion steps, or undefined after the last. */
export function promoteNext(plan: Plan, state: PromotionState): Move | undefined {
  const step = plan.promotion[state.steps.length];
  if (step === undefined) return undefined;
  return ask(
    { ...state, phase: 'promoting', steps: [...state.steps, step.id] },
    { do: 'promote', step: step.id },
  );
}

/** After the last step it is watched for "repeated `health_state=failing`". @param at ms since the epoch */
export function afterStep(plan: Plan, state: PromotionState, at: number): Move {
  return promoteNext(plan, state) ?? watch(state, beginWatch(plan.watch, at));
}

/** "Half promoted is not a state to stay in": only a first step that is proven to have had no effect stops. */
export function afterFailedStep(state: PromotionState, code: string, effect: 'none' | 'possible'): Move {
  const untouched = effect === 'none' && state.steps.length === 1;
  return untouched ? end(state, 'stopped', code) : rollBack(state, ['promotion_step_failed']);
}

/** "Trigger rollback when … repeated `health_state=failing`". Whatever came after the sample that decided counts no more. */
export function afterSamples(
  plan: Plan,
  state: PromotionState,
  before: WatchState,
  { samples, recorded }: { readonly samples: readonly Sample[]; readonly recorded: boolean },
): Move {
  let seen = before;
  for (const sample of samples) {
    seen = addSample(watchRules(plan), seen, sample, recorded);
    const decided = decideWatch(plan.watch, seen, sample.at);
    const watched = { ...state, watch: seen };
    if (decided.decision === 'roll-back') return rollBack(watched, [decided.trigger]);
    if (decided.decision === 'ended') return end(watched, decided.end, decided.end);
  }
  return watch(state, seen);
}

function watch(state: PromotionState, watched: WatchState): Move {
  return ask({ ...state, phase: 'watching', watch: watched }, { do: 'watch', watch: watched });
}
