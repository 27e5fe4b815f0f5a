import type { AdmissionRequest } from '../../../workflows/admission.js';
import { ADMISSION } from '../../../workflows/messages.js';
import { judgeClock, skewOf } from '../../domain/doctor/clock.js';
import { notChecked, ok, wrong, type DoctorFinding } from '../../domain/doctor/finding.js';
import { CALL_TIMEOUT_MS, type TemporalServer } from '../connection.js';
import { ClientError } from '../errors.js';
import { isGrpcDeadlineError, type WorkflowHandle } from '@temporalio/client';
import { reasonOf } from '../grpc.js';

const ANSWER_MS = 10_000;
const LIFE_MS = 30_000;

/** Refused at its first look by every worker, so that nothing is asked of any target. */
const IMPOSSIBLE: AdmissionRequest = {
  target: '',
  commit: '',
  requester: '',
  reason: 'doctor',
  again: false,
};

/** A question to the worker that is on its way. */
export interface Asked {
  readonly clock: DoctorFinding;
  /** By the server's clock, now. */
  readonly serverNow: () => number;
  /** Whether a worker answers; called once it is known that one is there. */
  readonly answered: () => Promise<DoctorFinding>;
  /** Takes the question away where nobody answered; else it is closed, as those of `promote start` are. */
  readonly close: () => Promise<void>;
}

/**
 * Asks the worker what `promote start` asks it first, about a promotion that cannot be. The server stamps the question with its own
 * time, which no call gives otherwise; the answer proves a worker more than that it asks for work.
 *
 * @throws ClientError where this user may start nothing
 */
export async function askQuestion(server: TemporalServer): Promise<Asked> {
  const workflowId = `${ADMISSION}/doctor/${crypto.randomUUID()}`;
  const askedAt = Date.now();
  const handle = await server.call(CALL_TIMEOUT_MS, () =>
    server.client.start<Question>(ADMISSION, {
      args: [IMPOSSIBLE],
      workflowId,
      taskQueue: server.taskQueue,
      workflowExecutionTimeout: LIFE_MS,
    }),
  );
  const answeredAt = Date.now();
  let closed = false;
  const close = async () => (closed ? undefined : takeAway(server, workflowId));
  try {
    const { startTime } = await server.describe(workflowId);
    const time = { askedAt, answeredAt, serverAt: startTime.getTime() };
    const { leastMs, mostMs } = skewOf(time);
    return {
      clock: judgeClock(server.address, time),
      serverNow: () => Date.now() - (leastMs + mostMs) / 2,
      answered: async () => {
        const finding = await answerOf(server, handle, answeredAt);
        closed = finding.level === 'ok';
        return finding;
      },
      close,
    };
  } catch (error) {
    await close();
    throw error;
  }
}

type Question = (request: AdmissionRequest) => Promise<unknown>;

async function answerOf(
  server: TemporalServer,
  handle: WorkflowHandle<Question>,
  askedAt: number,
): Promise<DoctorFinding> {
  const where = `task queue ${server.taskQueue}`;
  const todo =
    "see the worker's log: it asks for work and does not do it; start it anew with the build that it should run";
  try {
    await server.within(ANSWER_MS, () => handle.result());
    return ok('worker', where, `a worker answered within ${Math.max(1, Date.now() - askedAt)} ms`);
  } catch (error) {
    if (isGrpcDeadlineError(error))
      return wrong('worker', where, `no worker answered within ${ANSWER_MS / 1_000} s`, todo);
    return wrong('worker', where, `a worker could not answer: ${reasonOf(error)}`, todo);
  }
}

/** While it is open: of one that was closed just before, a line could stay in lists. Where this user may not, it ends by itself. */
async function takeAway(server: TemporalServer, workflowId: string): Promise<void> {
  const { namespace } = server;
  await server
    .call(CALL_TIMEOUT_MS, () =>
      server.connection.workflowService.deleteWorkflowExecution({
        namespace,
        workflowExecution: { workflowId },
      }),
    )
    .catch((error: unknown) => {
      if (!(error instanceof ClientError)) throw error;
    });
}

/** In place of the findings of a question that was not asked. */
export function notAsked(server: TemporalServer, why: string): readonly DoctorFinding[] {
  return [
    notChecked('clock', server.address, why),
    notChecked('worker', `task queue ${server.taskQueue}`, why),
  ];
}
