import {
  allHandlersFinished,
  CancellationScope,
  condition,
  makeContinueAsNewFunc,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';

import type { PromotionInput, PromotionResult } from '../src/domain/messages.js';
import { makesWay, type Effect } from '../src/domain/effect.js';
import type { PromotionEvent } from '../src/domain/event.js';
import { isBeforePromoting } from '../src/domain/phase.js';
import { unsealed } from '../src/domain/records.js';
import { ImpossibleTransition } from '../src/domain/transition.js';
import type { Admitted } from '../activities/admit.js';
import { admissionActivities, evidenceActivities, sealActivities } from './activity-options.js';
import {
  askRound,
  awaitDecision,
  checkPrerequisites,
  faulted,
  preflight,
  promote,
  remediate,
  watch,
} from './effects.js';
import { codeOf } from './failure-code.js';
import { promotionId, view, WORKFLOW_TASK_TIMEOUT } from './messages.js';
import { Orders } from './orders.js';
import { confirmRollback, rollBack } from './rollback-effects.js';
import { Run, type Carried } from './run.js';
import { publish, publishAdmission, viewOf } from './visibility.js';

/**
 * One promotion into one target, from the runbook's prerequisites to its end. The rules are in src/domain/transition.ts:
 * they say what each event leads to; this carries it out, records it, and takes orders in between.
 */
export async function promotion(input: PromotionInput, carried?: Carried): Promise<PromotionResult> {
  const orders = new Orders();
  return CancellationScope.nonCancellable(async () => {
    const run = carried === undefined ? await open(input, orders) : goOn(input, carried, orders);
    return run instanceof Run ? carryThrough(run, orders) : run;
  });
}

/** Carries out one effect after the other until the rules say that it has ended. */
export async function carryThrough(run: Run, orders: Orders): Promise<PromotionResult> {
  while (run.move.effect.do !== 'end') {
    publish(run);
    await continueIfLong(run, orders);
    const { effect } = run.move;
    const event = await next(run, effect, orders);
    // The last look for an order and the rules taking the event are one: nothing is awaited in between.
    await settle(run, makesWay(effect) ? (orders.take() ?? event) : event);
  }
  return close(run, run.move.effect, orders);
}

async function settle(run: Run, event: PromotionEvent): Promise<void> {
  try {
    await run.settle(event);
  } catch (error) {
    if (error instanceof ImpossibleTransition) throw error;
    await run.settle(await faulted(run, error));
  }
}

async function carryOut(run: Run, effect: Effect, orders: Orders): Promise<PromotionEvent> {
  switch (effect.do) {
    case 'check-prerequisites':
      return checkPrerequisites(run);
    case 'ask-round':
      return askRound(run, effect);
    case 'remediate':
      return remediate(run, effect, orders);
    case 'await-decision':
      return awaitDecision(run, effect);
    case 'preflight':
      return preflight(run, effect);
    case 'promote':
      return promote(run, effect, orders);
    case 'watch':
      return watch(run, effect);
    case 'roll-back':
      return rollBack(run, effect);
    case 'confirm-rollback':
      return confirmRollback(run, effect);
    case 'await-orders':
      return forOrdersAlone();
    case 'end':
      throw new Error('an ended promotion has nothing to carry out');
    default:
      return effect satisfies never;
  }
}

/** Nothing goes on by itself any more; `next` hears the order. */
async function forOrdersAlone(): Promise<never> {
  await condition(() => false);
  throw new Error('this never ends by itself');
}

async function next(run: Run, effect: Effect, orders: Orders): Promise<PromotionEvent> {
  const ordered = orders.take();
  if (ordered !== undefined) return ordered;
  try {
    return makesWay(effect) ? await interruptible(run, effect, orders) : await carryOut(run, effect, orders);
  } catch (error) {
    return faulted(run, error);
  }
}

async function interruptible(run: Run, effect: Effect, orders: Orders): Promise<PromotionEvent> {
  const scope = new CancellationScope();
  try {
    const working = scope.run(() => carryOut(run, effect, orders));
    for (;;) {
      const interrupted = scope.run(() => condition(() => orders.pending || cannotGoOn(run)));
      const event = (await Promise.race([working, interrupted])) ?? orders.take();
      if (event !== undefined) return event;
      if (cannotGoOn(run)) await run.journal.flush();
    }
  } finally {
    scope.cancel();
  }
}

/** Another history may have promoted what nobody watches: that is looked into at once, not when somebody decides. */
function cannotGoOn({ phase, journal }: Run): boolean {
  return isBeforePromoting(phase) && journal.failure !== undefined;
}

/** Found by the worker: a prerequisite that is not met stops the promotion before anything is written. */
async function open(input: PromotionInput, orders: Orders): Promise<Run | PromotionResult> {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  // The workflow ID is the lock: another one would promote beside the promotion that holds it.
  if (workflowId !== promotionId(input.target))
    return refuse(input, `${workflowId.slice(0, 128)} is not the lock of this target`);
  publishAdmission(input);
  const { target, commit, requester, reason, again = false, overrides } = input;
  const admission = await admissionActivities.admit({ target, commit, requester, reason, again, overrides });
  if (!admission.admitted) return refuse(input, admission.problems.join('; '));
  const problem = await openEvidence(input, admission, { id: workflowId, firstExecutionRunId });
  if (problem !== undefined) return refuse(input, problem);
  return attach(new Run(input, admission), orders);
}

/** A run whose history was continued here. Only Temporal says that it was: nobody can start in the middle. */
function goOn(input: PromotionInput, carried: Carried, orders: Orders): Run | PromotionResult {
  if (workflowInfo().continuedFromExecutionRunId === undefined)
    return refuse(input, 'a promotion starts at its beginning');
  return attach(new Run(input, carried.admitted, carried), orders);
}

export function attach(run: Run, orders: Orders): Run {
  orders.attach(run);
  setHandler(view, () => viewOf(run));
  return run;
}

/** A watch of days may outgrow its history, which Temporal would end. Everybody who asked is answered before. */
async function continueIfLong(run: Run, orders: Orders): Promise<void> {
  if (run.phase !== 'watching' || !workflowInfo().continueAsNewSuggested) return;
  await orders.drained();
  // Nothing is awaited from here on: an order that came meanwhile goes first.
  if (orders.pending || !allHandlersFinished()) return;
  const continueAsNew = makeContinueAsNewFunc<typeof promotion>({
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
  });
  await continueAsNew(run.input, run.carried);
}

async function openEvidence(
  input: PromotionInput,
  admitted: Admitted,
  workflow: { readonly id: string; readonly firstExecutionRunId: string },
): Promise<string | undefined> {
  try {
    return (await evidenceActivities().openRun({ admitted, input, workflow })).problem;
  } catch (error) {
    return codeOf(error);
  }
}

function refuse(input: PromotionInput, problem: string): PromotionResult {
  const reason = `prerequisite_not_met: ${problem}`;
  publishAdmission(input, reason);
  return { run: '', end: 'stopped', reason, trigger: null, evidence: '', manifest: null };
}

/**
 * The end is recorded and sealed after everybody who asked was answered. A promotion is told only once it is recorded; a
 * rollback is told at once and owes the record.
 */
async function close(
  run: Run,
  effect: Extract<Effect, { do: 'end' }>,
  orders: Orders,
): Promise<PromotionResult> {
  run.sealing = true;
  if (!effect.end.startsWith('promoted')) publish(run);
  await orders.drained();
  run.journal.owe('run.ended', `${effect.end} (${effect.reason})`, {
    end: effect.end,
    reason: effect.reason,
  });
  const manifest = await seal(run, effect);
  run.sealing = false;
  if (manifest === undefined) run.move = unsealed(run.move.state, effect);
  publish(run);
  await orders.drained();
  return resultOf(run, manifest);
}

function resultOf(run: Run, manifest: string | undefined): PromotionResult {
  const { state, effect } = run.move;
  if (effect.do !== 'end') throw new Error('a promotion that has not ended has no result');
  return {
    run: run.admitted.run,
    end: effect.end,
    reason: effect.reason,
    trigger: state.trigger ?? null,
    evidence: run.admitted.folder,
    manifest: manifest ?? null,
  };
}

/** A journal that another history has written to can't be sealed by this one; the end stands all the same. */
async function seal(run: Run, { end, reason }: Extract<Effect, { do: 'end' }>): Promise<string | undefined> {
  // A broken journal can't be sealed, but the store notes the end, so that the target remembers it.
  await run.journal.flush().catch(() => undefined);
  try {
    const sealed = await sealActivities().sealRun({
      run: run.admitted.run,
      end,
      reason,
      head: run.journal.head,
    });
    return sealed.manifest;
  } catch {
    return undefined;
  }
}
