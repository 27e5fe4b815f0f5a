import {
  allHandlersFinished,
  CancellationScope,
  condition,
  setHandler,
  workflowInfo,
} from '@temporalio/workflow';

import type { PromotionInput, PromotionResult } from '../src/domain/messages.js';
import { unsealed, type Effect, type PromotionEvent } from '../src/domain/transition.js';
import { admissionActivities, evidenceActivities } from './activity-options.js';
import {
  askRound,
  awaitDecision,
  checkPrerequisites,
  codeOf,
  confirmRollback,
  preflight,
  promote,
  remediate,
  rollBack,
  watch,
} from './effects.js';
import { view } from './messages.js';
import { Orders } from './orders.js';
import { Run } from './run.js';
import { publish, publishAdmission, viewOf } from './visibility.js';

/**
 * One promotion into one target, from the runbook's prerequisites to its end. The rules are in src/domain/transition.ts:
 * they say what each event leads to; this carries it out, records it, and takes orders in between.
 */
export async function promotion(input: PromotionInput): Promise<PromotionResult> {
  const orders = new Orders();
  return CancellationScope.nonCancellable(async () => {
    const run = await open(input, orders);
    if (!(run instanceof Run)) return run;
    while (run.move.effect.do !== 'end') {
      publish(run);
      await run.settle(await next(run, run.move.effect, orders));
    }
    return close(run, run.move.effect);
  });
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
      return promote(run, effect);
    case 'watch':
      return watch(run, effect);
    case 'roll-back':
      return rollBack(run, effect);
    case 'confirm-rollback':
      return confirmRollback(run, effect);
    case 'await-orders':
      await orders.waiting();
      return next(run, effect, orders);
    case 'end':
      throw new Error('an ended promotion has nothing to carry out');
    default:
      return effect satisfies never;
  }
}

/** A promotion step and a rollback run to their end; everything else makes way for an order at once. */
const UNINTERRUPTED: readonly Effect['do'][] = ['promote', 'roll-back', 'confirm-rollback'];

async function next(run: Run, effect: Effect, orders: Orders): Promise<PromotionEvent> {
  const ordered = orders.take();
  if (ordered !== undefined) return ordered;
  try {
    if (UNINTERRUPTED.includes(effect.do)) return await carryOut(run, effect, orders);
    return await interruptible(() => carryOut(run, effect, orders), orders);
  } catch (error) {
    return { type: 'faulted', code: codeOf(error) };
  }
}

async function interruptible(work: () => Promise<PromotionEvent>, orders: Orders): Promise<PromotionEvent> {
  const scope = new CancellationScope();
  try {
    const [working, ordered] = [scope.run(work), scope.run(() => orders.waiting())];
    const event = await Promise.race([working, ordered]);
    return orders.take() ?? event ?? (await working);
  } finally {
    scope.cancel();
  }
}

/** Found by the worker: a prerequisite that is not met stops the promotion before anything is written. */
async function open(input: PromotionInput, orders: Orders): Promise<Run | PromotionResult> {
  publishAdmission(input);
  const admission = await admissionActivities.admit({
    target: input.target,
    commit: input.commit,
    requester: input.requester,
  });
  if (!admission.admitted) {
    const reason = `prerequisite_not_met: ${admission.problems.join('; ')}`;
    publishAdmission(input, reason);
    return { run: '', end: 'stopped', reason, trigger: null, evidence: '', manifest: null };
  }
  const run = new Run(input, admission);
  const { workflowId, firstExecutionRunId } = workflowInfo();
  await evidenceActivities().openRun({
    admitted: admission,
    input,
    workflow: { id: workflowId, firstExecutionRunId },
  });
  await run.journal.append('run.opened', `opened ${admission.run}`, { target: input.target });
  orders.attach(run);
  setHandler(view, () => viewOf(run));
  return run;
}

/**
 * The end is recorded and sealed, and handlers still under way are answered. A promotion is told only once it is recorded;
 * a rollback is told at once and owes the record.
 */
async function close(run: Run, effect: Extract<Effect, { do: 'end' }>): Promise<PromotionResult> {
  if (!effect.end.startsWith('promoted')) publish(run);
  run.journal.owe('run.ended', `${effect.end} (${effect.reason})`, {
    end: effect.end,
    reason: effect.reason,
  });
  const manifest = await seal(run, effect);
  if (manifest === undefined) run.move = { ...run.move, ...unsealed(run.move.state, effect) };
  publish(run);
  await condition(allHandlersFinished);
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
  try {
    await run.journal.flush();
    const sealed = await evidenceActivities().sealRun({
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
