import { WorkflowUpdateFailedError, WorkflowUpdateRPCTimeoutOrCancelledError } from '@temporalio/client';
import { WorkflowNotFoundError } from '@temporalio/common';

import type { Answer } from '../domain/messages.js';
import type { Submission } from '../domain/statement.js';
import { promotionId, type decide } from '../../workflows/messages.js';
import type { promotion } from '../../workflows/promotion.js';
import { CALL_TIMEOUT_MS, type TemporalServer } from './connection.js';
import { firstRunOf } from './description.js';
import { ClientError, unknownOutcome } from './errors.js';
import { reasonOf } from './grpc.js';
import { memoOf } from './memo.js';

/**
 * Says a decision or an order to the run that is open now, and to no later one.
 * @throws ClientError `refused` for what the validator refuses, `not_open`, `unknown_outcome`
 */
export async function say(
  server: TemporalServer,
  target: string,
  definition: typeof decide,
  submission: Submission,
): Promise<Answer> {
  const workflowId = promotionId(target);
  const description = await server.describe(workflowId, target);
  if (description.status.name !== 'RUNNING')
    throw new ClientError(
      'not_open',
      `the promotion of ${target} has ended (${memoOf(description, target).phase}): nothing was sent`,
    );
  const handle = server.client.getHandle<typeof promotion>(workflowId, undefined, {
    firstExecutionRunId: firstRunOf(description),
  });
  try {
    // The promotion itself knows the same bytes again. An update of its own each time: one that could not be checked, or came
    // with another signature, must not get the answer of the one before.
    const updateId = crypto.randomUUID();
    return await server.within(CALL_TIMEOUT_MS, () =>
      handle.executeUpdate(definition, { args: [submission], updateId }),
    );
  } catch (error) {
    throw refusalOf(server, target, error);
  }
}

function refusalOf(server: TemporalServer, target: string, error: unknown): ClientError {
  if (error instanceof WorkflowUpdateFailedError)
    return new ClientError('refused', reasonOf(error.cause ?? error), error);
  if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
    return unknownOutcome('whether it was taken', error);
  if (error instanceof WorkflowNotFoundError)
    return new ClientError(
      'not_open',
      `the promotion of ${target} has ended meanwhile: nothing was taken`,
      error,
    );
  const translated = server.translate(error);
  return translated.code === 'unreachable' ? unknownOutcome('whether it was taken', error) : translated;
}
