import { isGrpcDeadlineError, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';

import { ADMISSION } from '../../workflows/messages.js';
import type { admission, AdmissionAnswer, AdmissionRequest } from '../../workflows/admission.js';
import { CALL_TIMEOUT_MS, type TemporalServer } from './connection.js';
import { blockedBy, hasPendingActivity } from './description.js';
import { ClientError } from './errors.js';
import { reasonOf } from './grpc.js';

const ADMISSION_TIMEOUT_MS = 10_000;
/** For a worker that has shown itself and, say, fetches the commit for the first time. */
const ADMISSION_IN_HAND_MS = 110_000;
/** Closed by the server, should this process end before: an admission changes nothing, so it is never missed. */
const ADMISSION_LIFE_MS = 130_000;

/**
 * The worker's own answer to "would you take this promotion?", before anything is started.
 * @throws ClientError `no_worker` after 10 s without a sign of a worker
 */
export async function admit(server: TemporalServer, request: AdmissionRequest): Promise<AdmissionAnswer> {
  const workflowId = `admission/${request.target}/${crypto.randomUUID()}`;
  const handle = await server.call(CALL_TIMEOUT_MS, () =>
    server.client.start<typeof admission>(ADMISSION, {
      args: [request],
      workflowId,
      taskQueue: server.taskQueue,
      workflowExecutionTimeout: ADMISSION_LIFE_MS,
    }),
  );
  const soon = await answerWithin(server, handle, ADMISSION_TIMEOUT_MS);
  if (soon !== undefined) return soon;
  const inHand = await server.describe(workflowId).then(hasPendingActivity, () => false);
  const late = inHand ? await answerWithin(server, handle, ADMISSION_IN_HAND_MS) : undefined;
  if (late !== undefined) return late;
  const blocked = await server.describe(workflowId).then(blockedBy, () => undefined);
  await server.call(CALL_TIMEOUT_MS, () => handle.terminate('not answered in time')).catch(() => undefined);
  throw new ClientError(
    'no_worker',
    blocked === undefined
      ? `no worker answers on the task queue ${server.taskQueue} at ${server.address}; nothing was started: start one with \`promote worker\``
      : `the worker can't check the promotion (${blocked.cause}); nothing was started: see the worker's log`,
  );
}

async function answerWithin(
  server: TemporalServer,
  handle: WorkflowHandle<typeof admission>,
  timeoutMs: number,
): Promise<AdmissionAnswer | undefined> {
  try {
    return await server.within(timeoutMs, () => handle.result());
  } catch (error) {
    if (isGrpcDeadlineError(error)) return undefined;
    if (error instanceof WorkflowFailedError)
      throw new ClientError('refused', `the worker could not check the promotion: ${reasonOf(error)}`, error);
    throw server.translate(error);
  }
}
