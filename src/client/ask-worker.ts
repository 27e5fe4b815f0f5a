import { isGrpcDeadlineError, WorkflowFailedError, type WorkflowHandle } from '@temporalio/client';

import { CALL_TIMEOUT_MS, type TemporalServer } from './connection.js';
import { blockedBy } from './description.js';
import { ClientError } from './errors.js';
import { reasonOf } from './grpc.js';

const FIRST_SIGN_MS = 10_000;
/** For a worker that has shown itself and, say, fetches the commit for the first time. */
const IN_HAND_MS = 110_000;
/** Closed by the server, should this process end before. */
const LIFE_MS = 130_000;

export interface Question<Arg> {
  /** Workflow type. */
  readonly type: string;
  readonly arg: Arg;
  /** Prefix of the workflow ID. */
  readonly name: string;
  /** What the worker is asked to do, as `the worker could not …`. */
  readonly what: string;
  /** What came of it where no worker answers. */
  readonly otherwise: string;
}

type Asking<Arg, Answer> = (arg: Arg) => Promise<Answer>;

/**
 * A question to the worker, as a short workflow of its own.
 * @throws ClientError `no_worker` after 10 s without a sign of a worker; `refused` where the worker failed at it
 */
export async function askWorker<Arg, Answer>(
  server: TemporalServer,
  { type, arg, name, what, otherwise }: Question<Arg>,
): Promise<Answer> {
  const workflowId = `${name}/${crypto.randomUUID()}`;
  const handle = await server.call(CALL_TIMEOUT_MS, () =>
    server.client.start<Asking<Arg, Answer>>(type, {
      args: [arg],
      workflowId,
      taskQueue: server.taskQueue,
      workflowExecutionTimeout: LIFE_MS,
    }),
  );
  const soon = await answerWithin(server, handle, FIRST_SIGN_MS, what);
  if (soon !== undefined) return soon.answer;
  const inHand = await server.describe(workflowId).then(isInHand, () => false);
  const late = inHand ? await answerWithin(server, handle, IN_HAND_MS, what) : undefined;
  if (late !== undefined) return late.answer;
  const blocked = await server.describe(workflowId).then(blockedBy, () => undefined);
  // The server ends it by itself after LIFE_MS: what is told is that nobody answered, not that this failed too.
  await server.call(CALL_TIMEOUT_MS, () => handle.terminate('not answered in time')).catch(() => undefined);
  throw new ClientError(
    'no_worker',
    blocked === undefined
      ? `no worker answers on the task queue ${server.taskQueue} at ${server.address}; ${otherwise}: start one with \`promote worker\``
      : `the worker can't ${what} (${blocked.cause}); ${otherwise}: see the worker's log`,
  );
}

/** A worker has taken up its first task: started, scheduled and started are the server's own events. */
function isInHand({ historyLength }: { readonly historyLength: number }): boolean {
  return historyLength > 3;
}

async function answerWithin<Arg, Answer>(
  server: TemporalServer,
  handle: WorkflowHandle<Asking<Arg, Answer>>,
  timeoutMs: number,
  what: string,
): Promise<{ readonly answer: Answer } | undefined> {
  try {
    return { answer: await server.within(timeoutMs, () => handle.result()) };
  } catch (error) {
    if (isGrpcDeadlineError(error)) return undefined;
    if (error instanceof WorkflowFailedError)
      throw new ClientError('refused', `the worker could not ${what}: ${reasonOf(error)}`, error);
    throw server.translate(error);
  }
}
