import { ask, stop, type Move, type PromotionState } from './move.js';
import { letsGoOn } from './override.js';
import type { Plan } from './plan.js';
import { promoteNext } from './promoting.js';
import { planRepairs } from './remediation.js';
import { rollBack } from './rolling-back.js';
import { triggersAfterLastRound } from './triggers.js';
import type { GateResult } from './verdict.js';

/** The runbook's "Prerequisites": one that is not met stops before anything is asked. */
export function afterPrerequisites(state: PromotionState, problems: readonly string[]): Move {
  return problems.length > 0 ? stop(state, 'prerequisite_not_met') : validate(state);
}

/** "If any gate is `hold`, stop promotion and treat as incident triage input", after remediation had its chance. */
export function afterRound(plan: Plan, before: PromotionState, results: readonly GateResult[]): Move {
  const state = closeRound(before, results);
  const holding = holdingGates(plan, results);
  if (holding.length === 0) return awaitDecision(state);
  if (onlyMisconfigured(holding)) return stop(state, 'misconfigured');
  if (state.retriesLeft > 0) return remediate(plan, state, results);
  // "Trigger rollback when any of the following is true"
  const triggers = triggersAfterLastRound(plan, state.rounds, state.attempted);
  return triggers.length > 0 ? rollBack(state, triggers) : stop(state, 'gate_hold');
}

/** "after remediation retry": all gates are asked again, not only those that held. */
export function afterRemediation(state: PromotionState, attempted: readonly string[]): Move {
  return validate({ ...state, attempted: [...new Set([...state.attempted, ...attempted])] });
}

/** "Promote only when all checks are true": they are asked once more, right before. */
export function preflight(state: PromotionState): Move {
  const preflights = state.preflights + 1;
  return ask(
    { ...state, phase: 'validating', preflights },
    { do: 'preflight', epoch: state.epoch, round: preflightName({ preflights }) },
  );
}

/** "Promote only when all checks are true". A gate that holds voids the approval: back to remediating, once. */
export function afterPreflight(
  plan: Plan,
  before: PromotionState,
  results: readonly GateResult[],
  notRollbackable: readonly string[],
): Move {
  const state = closeRound(before, results);
  const holding = holdingGates(plan, results);
  if (holding.length > 0) {
    if (onlyMisconfigured(holding)) return stop(state, 'misconfigured');
    if (state.preflights > 1 || plan.remediation.retries === 0) return stop(state, 'gate_hold');
    return remediate(plan, { ...state, retriesLeft: 1 }, results);
  }
  // "Rollback triggers and commands": what could not be rolled back is not promoted.
  if (notRollbackable.length > 0) return stop(state, 'not_rollbackable');
  return promoteNext(plan, state) ?? stop(state, 'no_promotion_step');
}

export function validationName({ validations }: Pick<PromotionState, 'validations'>): string {
  return `validation-${validations}`;
}

export function preflightName({ preflights }: Pick<PromotionState, 'preflights'>): string {
  return `preflight-${preflights}`;
}

function validate(state: PromotionState): Move {
  const validations = state.validations + 1;
  return ask(
    { ...state, phase: 'validating', validations },
    { do: 'ask-round', round: validationName({ validations }) },
  );
}

function closeRound(state: PromotionState, results: readonly GateResult[]): PromotionState {
  return { ...state, rounds: [...state.rounds, results] };
}

/** A gate that gave no result holds: no data is never a pass. */
function holdingGates(plan: Plan, results: readonly GateResult[]): (GateResult | undefined)[] {
  return plan.gates
    .map(({ id }) => ({ id, result: results.find(({ gate }) => gate === id) }))
    .filter(({ id, result }) => !letsGoOn(plan, id, result?.verdict))
    .map(({ result }) => result);
}

/** The question is wrong, not the system: no repair and no trigger counts it. */
function onlyMisconfigured(holding: readonly (GateResult | undefined)[]): boolean {
  return holding.every((result) => result?.kind === 'misconfigured');
}

function remediate(plan: Plan, state: PromotionState, results: readonly GateResult[]): Move {
  const remediations = state.remediations + 1;
  return ask(
    { ...state, phase: 'remediating', remediations, retriesLeft: state.retriesLeft - 1 },
    { do: 'remediate', round: `remediation-${remediations}`, repairs: planRepairs(plan, results) },
  );
}

/** "Step 5: Promotion decision" */
function awaitDecision(state: PromotionState): Move {
  const epoch = state.epoch + 1;
  return ask(
    { ...state, phase: 'awaiting-approval', epoch },
    { do: 'await-decision', epoch, round: validationName(state) },
  );
}
