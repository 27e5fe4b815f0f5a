import {
  ApplicationFailure,
  ParentClosePolicy,
  sleep,
  startChild,
  workflowInfo,
  type ChildWorkflowHandle,
} from '@temporalio/workflow';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';

import type { PromotionMemo } from '../src/domain/messages.js';
import {
  actionFor,
  inOrder,
  type FoundRun,
  type Reconciled,
  type ReconcileAction,
  type ReconcileAnswer,
  type ReconcileRequest,
} from '../src/domain/reconciling.js';
import { reconcileActivities } from './activity-options.js';
import { WORKFLOW_TASK_TIMEOUT } from './messages.js';
import type { rollback } from './rollback.js';
import { searchAttributesAtStart } from './visibility.js';

/**
 * Looks after promotions whose workflows were ended from outside: those run no code of ours any more. What may have changed
 * its target is rolled back under the target's own lock, so that doing it twice does nothing.
 */
export async function reconcile(request: ReconcileRequest): Promise<ReconcileAnswer> {
  const { target, run } = request;
  const { runs: found, unreadable } = await reconcileActivities.findAbandoned({ target, run });
  const runs: Reconciled[] = [];
  for (const item of inOrder(found)) {
    const planned = actionFor(item, request.run);
    if (planned === undefined) continue;
    const action = request.dryRun || planned === 'unknown' ? planned : await hand(item, planned, request);
    runs.push({ run: item.run, target: item.target, commit: item.commit, action });
  }
  return { dryRun: request.dryRun, runs, unreadable };
}

/** A target's lock may be taken meanwhile, also by the rollback of another of its runs: the next time sees to it. */
async function hand(
  item: FoundRun,
  planned: ReconcileAction,
  { requester, reason }: ReconcileRequest,
): Promise<ReconcileAction> {
  try {
    const child = await startChild<typeof rollback>('rollback', {
      workflowId: item.workflowId,
      args: [{ run: item.run, requester, reason }],
      taskQueue: workflowInfo().taskQueue,
      workflowIdReusePolicy: 'ALLOW_DUPLICATE',
      parentClosePolicy: ParentClosePolicy.ABANDON,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      memo: { promotion: memoOf(item) },
      typedSearchAttributes: searchAttributesAtStart(item, 'rolling-back'),
    });
    if (planned === 'abandons') await settled(child);
    return planned;
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError) return 'locked';
    throw ApplicationFailure.nonRetryable(String(error), 'rollback_not_started');
  }
}

/** Sealing what changed nothing is short, and lets go of the lock for what comes next. */
async function settled(child: ChildWorkflowHandle<typeof rollback>): Promise<void> {
  await Promise.race([child.result().catch(() => undefined), sleep('10s')]);
}

function memoOf({ run, target, commit, requester, folder }: FoundRun): PromotionMemo {
  return {
    target,
    commit,
    run,
    requester,
    phase: 'rolling-back',
    reason: '',
    trigger: 'terminated',
    digest: null,
    deadline: null,
    evidence: folder,
    gates: [],
    concerns: [],
  };
}
