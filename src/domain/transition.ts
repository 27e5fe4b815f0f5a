import type { Action, End, Phase } from './phase.js';
import type { Plan } from './plan.js';
import { planRepairs, type PlannedRepair } from './remediation.js';
import { triggersAfterLastRound, type TriggerCode } from './triggers.js';
import type { GateResult } from './verdict.js';
import { addSample, beginWatch, decideWatch, type Sample, type WatchState } from './watch.js';

/** What happened, as the workflow saw it. */
export type PromotionEvent =
  | { readonly type: 'prerequisites-checked'; readonly problems: readonly string[] }
  | { readonly type: 'round-closed'; readonly round: string; readonly results: readonly GateResult[] }
  | { readonly type: 'remediation-done'; readonly attempted: readonly string[] }
  | { readonly type: 'approved' | 'rejected' | 'expired' }
  | {
      readonly type: 'preflight-closed';
      readonly round: string;
      readonly results: readonly GateResult[];
      /** Rollback steps that could not run now, each with its reason. */
      readonly notRollbackable: readonly string[];
    }
  | { readonly type: 'step-promoted'; readonly step: string; readonly at: number }
  | {
      readonly type: 'step-failed';
      readonly step: string;
      readonly code: string;
      /** `none` only where it is proven that nothing changed. */
      readonly effect: 'none' | 'possible';
    }
  | { readonly type: 'sampled'; readonly samples: readonly Sample[]; readonly recorded: boolean }
  | { readonly type: 'rollback-tried'; readonly unverified: readonly string[] }
  | { readonly type: 'rollback-confirmed'; readonly unverified: readonly string[] }
  | { readonly type: 'ordered'; readonly action: Exclude<Action, 'remediated'> }
  | { readonly type: 'cancelled' }
  /** Our own machinery failed for good, e.g. `journal_fork`. */
  | {
      readonly type: 'faulted';
      readonly code: string;
      /** Another history of this run promoted, and nobody watches it any more (a workflow reset). */
      readonly promotedBefore: boolean;
    };

/** What the workflow has to do next. */
export type Effect =
  | { readonly do: 'check-prerequisites' }
  | { readonly do: 'ask-round'; readonly round: string }
  | { readonly do: 'remediate'; readonly round: string; readonly repairs: readonly PlannedRepair[] }
  | { readonly do: 'await-decision'; readonly epoch: number; readonly round: string }
  | { readonly do: 'preflight'; readonly epoch: number; readonly round: string }
  | { readonly do: 'promote'; readonly step: string }
  | { readonly do: 'watch'; readonly watch: WatchState }
  | { readonly do: 'roll-back'; readonly attempt: number }
  | { readonly do: 'confirm-rollback'; readonly attempt: number }
  | { readonly do: 'await-orders' }
  | { readonly do: 'end'; readonly end: End; readonly reason: string };

export interface PromotionState {
  readonly phase: Phase | End;
  /** Approval epochs begun; a void approval begins another. */
  readonly epoch: number;
  readonly validations: number;
  readonly remediations: number;
  readonly preflights: number;
  /** The round that is being asked is a preflight. */
  readonly preflighting: boolean;
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

export interface Move {
  readonly state: PromotionState;
  readonly effect: Effect;
}

/** An event that the phase does not know: a bug in the workflow, never an answer from outside. */
export class ImpossibleTransition extends Error {
  readonly code = 'impossible_transition';
  constructor(phase: string, event: string) {
    super(`impossible transition: ${event} while ${phase}`);
    this.name = 'ImpossibleTransition';
  }
}

export function begin(plan: Plan): Move {
  const state: PromotionState = {
    phase: 'validating',
    epoch: 0,
    validations: 0,
    remediations: 0,
    preflights: 0,
    preflighting: false,
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

/** The rules' one table: what an event in a phase leads to. Pure; times come with the events. */
export function transition(plan: Plan, state: PromotionState, event: PromotionEvent): Move {
  const move = moveFor(plan, state, event);
  if (move === undefined) throw new ImpossibleTransition(state.phase, event.type);
  return move;
}

function moveFor(plan: Plan, state: PromotionState, event: PromotionEvent): Move | undefined {
  const { phase } = state;
  switch (event.type) {
    case 'prerequisites-checked':
      if (phase !== 'validating' || state.validations > 0) return undefined;
      return event.problems.length > 0 ? end(state, 'stopped', 'prerequisite_not_met') : validate(state);
    case 'round-closed':
      if (phase !== 'validating' || event.round !== validationName(state) || state.preflighting)
        return undefined;
      return afterRound(plan, closeRound(state, event.results));
    case 'preflight-closed':
      if (phase !== 'validating' || event.round !== preflightName(state) || !state.preflighting)
        return undefined;
      return afterPreflight(plan, closeRound(state, event.results), event.notRollbackable);
    case 'remediation-done':
      if (phase !== 'remediating') return undefined;
      return validate({ ...state, attempted: [...new Set([...state.attempted, ...event.attempted])] });
    case 'approved':
      return phase === 'awaiting-approval' ? preflight(state) : undefined;
    case 'rejected':
    case 'expired':
      return phase === 'awaiting-approval' ? end(state, event.type, event.type) : undefined;
    case 'step-promoted':
      return isPromoting(state, event.step) ? afterStep(plan, state, event.at) : undefined;
    case 'step-failed':
      return isPromoting(state, event.step) ? afterFailedStep(state, event.code, event.effect) : undefined;
    case 'sampled':
      return phase === 'watching' ? afterSamples(plan, state, event.samples, event.recorded) : undefined;
    case 'rollback-tried':
      return phase === 'rolling-back' ? afterRollback(state, event.unverified) : undefined;
    case 'rollback-confirmed':
      return phase === 'rolling-back' ? afterConfirmation(state, event.unverified) : undefined;
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

/** An answer to another question than the one that was asked is no answer. */
function isPromoting({ phase, steps }: PromotionState, step: string): boolean {
  return phase === 'promoting' && steps.at(-1) === step;
}

function validationName({ validations }: PromotionState): string {
  return `validation-${validations}`;
}

function preflightName({ preflights }: PromotionState): string {
  return `preflight-${preflights}`;
}

/** "half promoted is not a state to stay in": only a first step that is proven to have had no effect stops. */
function afterFailedStep(state: PromotionState, code: string, effect: 'none' | 'possible'): Move {
  const untouched = effect === 'none' && state.steps.length === 1;
  return untouched ? end(state, 'stopped', code) : rollBack(state, ['promotion_step_failed']);
}

function closeRound(state: PromotionState, results: readonly GateResult[]): PromotionState {
  return { ...state, preflighting: false, rounds: [...state.rounds, results] };
}

function validate(state: PromotionState): Move {
  const asked: PromotionState = { ...state, phase: 'validating', validations: state.validations + 1 };
  return { state: asked, effect: { do: 'ask-round', round: validationName(asked) } };
}

/** "If any gate is `hold`, stop promotion and treat as incident triage input", after remediation had its chance. */
function afterRound(plan: Plan, state: PromotionState): Move {
  const results = state.rounds.at(-1) ?? [];
  const holding = holdingGates(plan, results);
  if (holding.length === 0) return awaitDecision(state);
  if (onlyMisconfigured(holding)) return end(state, 'stopped', 'misconfigured');
  if (state.retriesLeft > 0) return remediate(plan, state, results);
  const triggers = triggersAfterLastRound(plan, state.rounds, state.attempted);
  return triggers.length > 0 ? rollBack(state, triggers) : end(state, 'stopped', 'gate_hold');
}

/** A gate that gave no result holds: no data is never a pass. */
function holdingGates(plan: Plan, results: readonly GateResult[]): (GateResult | undefined)[] {
  return plan.gates
    .map(({ id }) => results.find(({ gate }) => gate === id))
    .filter((result) => result?.verdict !== 'pass');
}

function onlyMisconfigured(holding: readonly (GateResult | undefined)[]): boolean {
  return holding.every((result) => result?.kind === 'misconfigured');
}

function remediate(plan: Plan, state: PromotionState, results: readonly GateResult[]): Move {
  const remediations = state.remediations + 1;
  return {
    state: { ...state, phase: 'remediating', remediations, retriesLeft: state.retriesLeft - 1 },
    effect: { do: 'remediate', round: `remediation-${remediations}`, repairs: planRepairs(plan, results) },
  };
}

function awaitDecision(state: PromotionState): Move {
  const epoch = state.epoch + 1;
  return {
    state: { ...state, phase: 'awaiting-approval', epoch },
    effect: { do: 'await-decision', epoch, round: validationName(state) },
  };
}

function preflight(state: PromotionState): Move {
  const asked: PromotionState = {
    ...state,
    phase: 'validating',
    preflights: state.preflights + 1,
    preflighting: true,
  };
  return { state: asked, effect: { do: 'preflight', epoch: state.epoch, round: preflightName(asked) } };
}

/** "Promote only when all checks are true": asked again right before. A void approval goes back to remediating once. */
function afterPreflight(plan: Plan, state: PromotionState, notRollbackable: readonly string[]): Move {
  const results = state.rounds.at(-1) ?? [];
  const holding = holdingGates(plan, results);
  if (holding.length > 0) {
    if (onlyMisconfigured(holding)) return end(state, 'stopped', 'misconfigured');
    if (state.preflights > 1 || plan.remediation.retries === 0) return end(state, 'stopped', 'gate_hold');
    return remediate(plan, { ...state, retriesLeft: 1 }, results);
  }
  if (notRollbackable.length > 0 && !plan.rollback.promoteUnrollbackable)
    return end(state, 'stopped', 'not_rollbackable');
  return promoteNext(plan, state) ?? end(state, 'stopped', 'no_promotion_step');
}

function promoteNext(plan: Plan, state: PromotionState): Move | undefined {
  const step = plan.promotion[state.steps.length];
  if (step === undefined) return undefined;
  return {
    state: { ...state, phase: 'promoting', steps: [...state.steps, step.id] },
    effect: { do: 'promote', step: step.id },
  };
}

function afterStep(plan: Plan, state: PromotionState, at: number): Move {
  const next = promoteNext(plan, state);
  if (next !== undefined) return next;
  const watch = beginWatch(plan.watch, at);
  return { state: { ...state, phase: 'watching', watch }, effect: { do: 'watch', watch } };
}

function afterSamples(
  plan: Plan,
  state: PromotionState,
  samples: readonly Sample[],
  recorded: boolean,
): Move {
  let watch = state.watch;
  if (watch === undefined) throw new ImpossibleTransition(state.phase, 'sampled');
  for (const sample of samples) {
    watch = addSample(plan.watch, watch, sample, recorded);
    const decided = decideWatch(plan.watch, watch, sample.at);
    const watched = { ...state, watch };
    if (decided.decision === 'roll-back') return rollBack(watched, [decided.trigger]);
    if (decided.decision === 'ended') return end(watched, decided.end, decided.end);
  }
  return { state: { ...state, watch }, effect: { do: 'watch', watch } };
}

function rollBack(state: PromotionState, triggers: readonly TriggerCode[]): Move {
  const attempt = state.rollbackAttempts + 1;
  return {
    state: {
      ...state,
      phase: 'rolling-back',
      trigger: state.trigger ?? triggers[0],
      triggers: state.triggers.length > 0 ? state.triggers : triggers,
      rollbackAttempts: attempt,
    },
    effect: { do: 'roll-back', attempt },
  };
}

function afterRollback(state: PromotionState, unverified: readonly string[]): Move {
  if (unverified.length > 0) return failRollback(state);
  return { state, effect: { do: 'confirm-rollback', attempt: state.rollbackAttempts } };
}

/** "a gateway that came back by itself is stopped again or it is rollback-failed" */
function afterConfirmation(state: PromotionState, unverified: readonly string[]): Move {
  if (unverified.length === 0) return end(state, 'rolled-back', state.trigger ?? 'requested');
  if (state.reapplied) return failRollback(state);
  return rollBack({ ...state, reapplied: true }, state.triggers);
}

function failRollback(state: PromotionState): Move {
  return { state: { ...state, phase: 'rollback-failed' }, effect: { do: 'await-orders' } };
}

function obey(state: PromotionState, action: Exclude<Action, 'remediated'>): Move {
  switch (action) {
    case 'abort':
      if (beforePromoting(state.phase)) return end(state, 'aborted', 'aborted');
      break;
    case 'rollback':
      if (state.phase === 'promoting' || state.phase === 'watching') return rollBack(state, ['requested']);
      break;
    case 'retry-rollback':
      if (state.phase === 'rollback-failed') return rollBack({ ...state, reapplied: false }, state.triggers);
      break;
    case 'acknowledge':
      if (state.phase === 'rollback-failed')
        return end(state, 'rollback-acknowledged', state.trigger ?? 'requested');
      break;
    default:
      return action satisfies never;
  }
  throw new ImpossibleTransition(state.phase, action);
}

/** "Cancelling: before promoting → aborted; while promoting or watching → rollback"; a rollback goes on. */
function cancel(state: PromotionState): Move {
  if (beforePromoting(state.phase)) return end(state, 'aborted', 'cancelled');
  if (state.phase === 'promoting' || state.phase === 'watching') return rollBack(state, ['cancelled']);
  if (state.phase === 'rollback-failed') return { state, effect: { do: 'await-orders' } };
  throw new ImpossibleTransition(state.phase, 'cancelled');
}

/** Where nothing was promoted: stop. Once something may have been, roll back. A failed rollback waits for people. */
function fault(state: PromotionState, code: string, promotedBefore: boolean): Move {
  if (beforePromoting(state.phase))
    return promotedBefore ? rollBack(state, ['internal_fault']) : end(state, 'stopped', code);
  if (state.phase === 'promoting' || state.phase === 'watching') return rollBack(state, ['internal_fault']);
  if (state.phase === 'rolling-back' || state.phase === 'rollback-failed') return failRollback(state);
  throw new ImpossibleTransition(state.phase, 'faulted');
}

function beforePromoting(phase: Phase | End): boolean {
  return phase === 'validating' || phase === 'remediating' || phase === 'awaiting-approval';
}

function end(state: PromotionState, ended: End, reason: string): Move {
  return { state: { ...state, phase: ended }, effect: { do: 'end', end: ended, reason } };
}

/** Without its evidence no promotion is clean: what could not be sealed ends promoted with warnings at best. */
export function unsealed(state: PromotionState, effect: Extract<Effect, { do: 'end' }>): Move {
  return effect.end === 'promoted'
    ? end(state, 'promoted-with-warnings', 'evidence_not_sealed')
    : { state, effect };
}
