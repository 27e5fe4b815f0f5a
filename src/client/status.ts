import { QueryNotRegisteredError, type WorkflowExecutionStatusName } from '@temporalio/client';

import type { PromotionMemo, PromotionView, RollbackStepView } from '../domain/messages.js';
import { promotionId, view } from '../../workflows/messages.js';
import type { TemporalServer } from './connection.js';
import { blockedBy, firstRunOf, untoldBy, type Blocked } from './description.js';
import { memoOf, rollbackOf } from './memo.js';

export interface PromotionStatus {
  readonly target: string;
  readonly workflowId: string;
  /** Temporal's first run of the chain: what names this promotion for good. */
  readonly runId: string;
  readonly execution: WorkflowExecutionStatusName;
  readonly startedAt: Date;
  readonly memo: PromotionMemo;
  /** Absent where no worker answered within a second. */
  readonly view: PromotionView | undefined;
  /** What a rollback would do, or has done: the worker's word, else what Temporal recorded last. */
  readonly rollback: readonly RollbackStepView[];
  readonly workerAnswers: boolean;
  readonly blocked: Blocked | undefined;
  /** A notification that is not taken; nothing waits for it. */
  readonly untold: Blocked | undefined;
}

/** "queries with a limit of 1 s: with no worker, a query only times out." */
const QUERY_TIMEOUT_MS = 1_000;

/**
 * What Temporal itself knows, and what the worker adds where one answers within a second.
 * @throws ClientError `not_found`, `unreachable`
 */
export async function status(server: TemporalServer, target: string): Promise<PromotionStatus> {
  const workflowId = promotionId(target);
  const description = await server.describe(workflowId, target);
  const { seen, answers } = await askView(server, workflowId, description.runId);
  return {
    target,
    workflowId,
    runId: firstRunOf(description),
    execution: description.status.name,
    startedAt: description.startTime,
    memo: memoOf(description, target),
    view: seen,
    rollback: seen?.rollback ?? rollbackOf(description),
    workerAnswers: answers,
    blocked: blockedBy(description),
    untold: untoldBy(description),
  };
}

async function askView(
  server: TemporalServer,
  workflowId: string,
  runId: string,
): Promise<{ readonly seen: PromotionView | undefined; readonly answers: boolean }> {
  try {
    const handle = server.client.getHandle(workflowId, runId);
    return { seen: await server.within(QUERY_TIMEOUT_MS, () => handle.query(view)), answers: true };
  } catch (error) {
    // A worker that has only just taken it up knows no view yet; every other failure is no answer.
    const answers =
      error instanceof QueryNotRegisteredError && /unknown query|did not register/i.test(error.message);
    return { seen: undefined, answers };
  }
}
