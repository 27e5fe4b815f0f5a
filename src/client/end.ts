import { WorkflowFailedError } from '@temporalio/client';

import type { PromotionResult } from '../domain/messages.js';
import { promotionId } from '../../workflows/messages.js';
import type { promotion } from '../../workflows/promotion.js';
import { CALL_TIMEOUT_MS, type TemporalServer } from './connection.js';
import { ClientError } from './errors.js';
import { reasonOf } from './grpc.js';

/**
 * The result of a run that has ended, its successors by continue-as-new included.
 * @throws ClientError `refused` when it was terminated or failed; `unreachable` when it is still open
 */
export async function result(
  server: TemporalServer,
  target: string,
  runId: string,
): Promise<PromotionResult> {
  try {
    return await server.call(CALL_TIMEOUT_MS, () =>
      server.client
        .getHandle<typeof promotion>(promotionId(target), runId, { firstExecutionRunId: runId })
        .result(),
    );
  } catch (error) {
    const cause = error instanceof ClientError ? error.cause : error;
    if (cause instanceof WorkflowFailedError)
      throw new ClientError('refused', `the promotion of ${target} has no result: ${reasonOf(cause)}`, cause);
    throw error;
  }
}

/** Ends a run without any clean-up: for rehearsals that are left early. */
export async function terminate(
  server: TemporalServer,
  target: string,
  runId: string,
  reason: string,
): Promise<void> {
  await server.call(CALL_TIMEOUT_MS, () =>
    server.client.getHandle(promotionId(target), undefined, { firstExecutionRunId: runId }).terminate(reason),
  );
}
