import { CancellationScope, condition, makeContinueAsNewFunc, workflowInfo } from '@temporalio/workflow';

import type { PromotionInput, PromotionResult } from '../src/domain/messages.js';
import { makesWay, type Effect } from '../src/domain/effect.js';
import type { PromotionEvent } from '../src/domain/event.js';
import { isBeforePromoting, isEnd } from '../src/domain/phase.js';
import { ImpossibleTransition, transition } from '../src/domain/transition.js';
import { awaitDecision, decidedLast } from './awaiting.js';
import { askRound, checkPrerequisites, faulted, preflight, promote, remediate, watch } from './effects.js';
import { close } from './ending.js';
import { WORKFLOW_TASK_TIMEOUT } from './messages.js';
import { goOn, open } from './opening.js';
import { Orders } from './orders.js';
import { confirmRollback, rollBack } from './rollback-effects.js';
import { Run, type Carried } from './run.js';
import { isToldLater, publish } from './visibility.js';

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
    if (!isToldLater(run)) publish(run);
    await continueIfLong(run, orders);
    const { effect } = run.move;
    // Looking for an order or a last vote and the rules taking it are one: nothing is awaited in between, so that what was
    // accepted is what is carried out.
    const ordered = orders.take();
    if (ordered !== undefined) {
      await settle(run, ordered);
      continue;
    }
    const event = await next(run, effect, orders);
    if (event === 'continue') continue;
    if (goesOn(run, event)) await orders.checked();
    await settle(run, makesWay(effect) ? (orders.take() ?? decidedLast(run, event)) : event);
  }
  return close(run, run.move.effect, orders);
}

/** What an order that is being checked might stop: promoting, and an end. A rollback waits for none. */
function goesOn({ plan, move }: Run, event: PromotionEvent): boolean {
  const { state, effect } = transition(plan, move.state, event);
  return isEnd(state.phase) || effect.do === 'promote';
}

async function settle(run: Run, event: PromotionEvent): Promise<void> {
  try {
    await run.settle(event);
  } catch (error) {
    if (error instanceof ImpossibleTransition) throw error;
    await run.settle(await faulted(run, error));
  }
}

/** What came of an effect; `continue` where it goes on in a new history, or an order is to be taken first. */
type Outcome = PromotionEvent | 'continue';

async function carryOut(run: Run, effect: Effect, orders: Orders): Promise<Outcome> {
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

async function next(run: Run, effect: Effect, orders: Orders): Promise<Outcome> {
  try {
    return makesWay(effect) ? await interruptible(run, effect, orders) : await carryOut(run, effect, orders);
  } catch (error) {
    return faulted(run, error);
  }
}

async function interruptible(run: Run, effect: Effect, orders: Orders): Promise<Outcome> {
  const scope = new CancellationScope();
  try {
    const working = scope.run(() => carryOut(run, effect, orders));
    for (;;) {
      const interrupted = scope.run(() => condition(() => orders.pending || cannotGoOn(run)));
      const event = await Promise.race([working, interrupted]);
      if (event !== undefined) return event;
      if (orders.pending) return 'continue';
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

/** Waiting for days, or a flood of messages, outgrows a history, which Temporal would end. Who asked is answered before. */
async function continueIfLong(run: Run, orders: Orders): Promise<void> {
  // Histories of before there were roles waited for a decision in one.
  const { roles } = run.plan.approval;
  const waits = run.phase === 'watching' || (run.phase === 'awaiting-approval' && roles !== undefined);
  if (!waits || !workflowInfo().continueAsNewSuggested) return;
  // An order waits for no vote that is being recorded, so not for this either.
  await condition(() => orders.quiet || orders.pending);
  // Nothing is awaited from here on: an order that came meanwhile goes first.
  if (orders.pending || !orders.quiet) return;
  const continueAsNew = makeContinueAsNewFunc<typeof promotion>({
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
  });
  await continueAsNew(run.input, run.carried);
}
