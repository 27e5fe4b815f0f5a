import { CancellationScope, sleep, workflowInfo } from '@temporalio/workflow';

import type { PromotionResult } from '../src/domain/messages.js';
import { takeOver } from '../src/domain/take-over.js';
import { takeOverActivities } from './activity-options.js';
import { attach, mannerHere, mannerOf } from './opening.js';
import { Orders } from './orders.js';
import { carryThrough } from './promotion.js';
import { Run } from './run.js';
import { publish } from './visibility.js';

/** What starts it. Only the run's name is trusted, and that it holds the run's own lock. */
export interface RollbackInput {
  readonly run: string;
  readonly requester: string;
  readonly reason: string;
}

/**
 * Takes over a promotion whose workflow was ended from outside, under the workflow ID that is its target's lock: a promotion
 * that starts its life in rolling-back. One that had changed nothing is sealed as abandoned.
 */
export async function rollback(input: RollbackInput): Promise<PromotionResult> {
  const orders = new Orders();
  return CancellationScope.nonCancellable(async () => {
    const { workflowId: id, firstExecutionRunId } = workflowInfo();
    const taken = await takeOverActivities().takeOver({
      ...input,
      workflow: { id, firstExecutionRunId },
      at: Date.now(),
    });
    if (!taken.taken) return notTaken(taken.problem);
    const { admitted, left, head, actsUntil } = taken;
    const run = attach(
      new Run(taken.input, admitted, mannerOf(admitted, mannerHere()), {
        admitted,
        move: takeOver(admitted.plan, left),
        journal: { head, lines: [], owed: [], calm: [] },
        gates: [],
        ballot: undefined,
        refusals: [],
        refused: 0,
      }),
      orders,
    );
    await untilNothingActs(run, actsUntil);
    return carryThrough(run, orders);
  });
}

/** "It first waits until a running promotion step ended or its deadline passed." */
async function untilNothingActs(run: Run, actsUntil: number | undefined): Promise<void> {
  const waitMs = (actsUntil ?? 0) - Date.now();
  if (run.phase !== 'rolling-back' || waitMs <= 0) return;
  publish(run);
  run.journal.owe('step-awaited', 'waiting until a promotion step that may still be running is over', {
    waitMs,
  });
  await sleep(waitMs);
}

function notTaken(problem: string): PromotionResult {
  return { run: '', end: 'stopped', reason: problem, trigger: null, evidence: '', manifest: null };
}
