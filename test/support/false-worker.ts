import { randomBytes } from 'node:crypto';

import { defaultPayloadConverter } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import { vi } from 'vitest';

import { taskQueueName, type QueueRole } from '../../workflows/messages.js';
import type { Stage } from './stage.js';

/** What an activity answered to somebody who has no business with it; `failed` holds the failure's type. */
export type Forged = { readonly answered: unknown } | { readonly failed: string };

/** COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK */
const SCHEDULE_ACTIVITY = 1;

/**
 * What anybody with access to the server can do: a workflow of their own, carried out by a false worker, has our workers
 * run one of our activities with whatever input.
 */
export async function fromFalseWorkflow(
  { client, config }: Stage,
  role: QueueRole,
  activity: string,
  input: unknown,
): Promise<Forged> {
  const { workflowService: service } = client;
  const namespace = 'default';
  const name = `false-${randomBytes(4).toString('hex')}`;
  const handle = await client.workflow.start('forged', { workflowId: name, taskQueue: name, args: [] });
  try {
    const { taskToken } = await client.withDeadline(Date.now() + 60_000, () =>
      service.pollWorkflowTaskQueue({ namespace, taskQueue: { name }, identity: 'false' }),
    );
    await service.respondWorkflowTaskCompleted({
      namespace,
      taskToken,
      commands: [
        {
          commandType: SCHEDULE_ACTIVITY,
          scheduleActivityTaskCommandAttributes: {
            activityId: '1',
            activityType: { name: activity },
            taskQueue: { name: taskQueueName(config.taskQueue, role) },
            input: { payloads: [defaultPayloadConverter.toPayload(input)] },
            startToCloseTimeout: msToTs('60s'),
            scheduleToCloseTimeout: msToTs('60s'),
            retryPolicy: { maximumAttempts: 1 },
          },
        },
      ],
    });
    return await vi.waitFor(
      async () => {
        const events = (await handle.fetchHistory()).events ?? [];
        for (const {
          activityTaskCompletedEventAttributes: done,
          activityTaskFailedEventAttributes: failed,
        } of events) {
          const payload = done?.result?.payloads?.[0];
          if (payload !== undefined)
            return { answered: defaultPayloadConverter.fromPayload<unknown>(payload) };
          if (failed) return { failed: failed.failure?.applicationFailureInfo?.type ?? 'unknown' };
        }
        throw new Error(`${activity} has not ended`);
      },
      { timeout: 60_000, interval: 50 },
    );
  } finally {
    await handle.terminate();
  }
}
