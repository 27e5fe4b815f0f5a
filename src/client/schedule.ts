import { ScheduleAlreadyRunning, ScheduleClient, ScheduleNotFoundError } from '@temporalio/client';

import type { ReconcileRequest } from '../domain/reconciling.js';
import { RECONCILE } from '../../workflows/messages.js';
import type { reconcile } from '../../workflows/reconcile.js';
import { CALL_TIMEOUT_MS, type TemporalServer } from './connection.js';
import { ClientError } from './errors.js';

/** How often a worker looks for abandoned promotions where nobody said otherwise. */
const EVERY_MS = 60_000;
/** One that no worker takes up makes room for the next. */
const LIFE_MS = 300_000;

/** One look a time: a late one is not made up for. The promotion's own workflow ID, which is its lock, is never scheduled. */
const POLICIES = { overlap: 'SKIP', catchupWindow: '1m' } as const;

const REQUEST: ReconcileRequest = {
  dryRun: false,
  requester: 'schedule',
  reason: 'its workflow was ended from outside',
};

/** One schedule a task queue: a worker of the queue looks after its own promotions. */
function scheduleIdOf({ taskQueue }: TemporalServer): string {
  return `${RECONCILE}-${taskQueue}`;
}

function clientOf({ connection, namespace }: TemporalServer): ScheduleClient {
  return new ScheduleClient({ connection, namespace });
}

/**
 * Makes the schedule where there is none; one that is there stays as a person left it, also stopped.
 * @throws ClientError where this user may not
 */
export async function ensureSchedule(server: TemporalServer): Promise<void> {
  await server.call(CALL_TIMEOUT_MS, async () => {
    try {
      await create(server, EVERY_MS);
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
    }
  });
}

/**
 * Has the worker look that often from now on, also where the schedule was stopped.
 * @throws ClientError
 */
export async function setSchedule(server: TemporalServer, everyMs: number): Promise<void> {
  await server.call(CALL_TIMEOUT_MS, async () => {
    try {
      await create(server, everyMs);
    } catch (error) {
      if (!(error instanceof ScheduleAlreadyRunning)) throw error;
      const handle = clientOf(server).getHandle(scheduleIdOf(server));
      await handle.update(({ action, state }) => ({
        action,
        policies: POLICIES,
        spec: { intervals: [{ every: everyMs }] },
        state: { ...state, paused: false, note: 'set by promote reconcile --every' },
      }));
    }
  });
}

/**
 * Stops the schedule and keeps it, so that no worker makes it anew.
 * @throws ClientError `not_found` where there is none
 */
export async function stopSchedule(server: TemporalServer): Promise<void> {
  await server.call(CALL_TIMEOUT_MS, async () => {
    try {
      await clientOf(server).getHandle(scheduleIdOf(server)).pause('stopped by promote reconcile --stop');
    } catch (error) {
      if (!(error instanceof ScheduleNotFoundError)) throw error;
      throw new ClientError(
        'not_found',
        `no schedule of the task queue ${server.taskQueue} is there: nothing was stopped`,
        error,
      );
    }
  });
}

async function create(server: TemporalServer, everyMs: number): Promise<void> {
  const { taskQueue } = server;
  await clientOf(server).create<typeof reconcile>({
    scheduleId: scheduleIdOf(server),
    spec: { intervals: [{ every: everyMs }] },
    policies: POLICIES,
    action: {
      type: 'startWorkflow',
      workflowType: RECONCILE,
      args: [REQUEST],
      workflowId: `${RECONCILE}/${taskQueue}`,
      taskQueue,
      workflowExecutionTimeout: LIFE_MS,
    },
  });
}
