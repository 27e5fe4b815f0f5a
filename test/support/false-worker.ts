import { randomBytes } from 'node:crypto';

import type { WorkflowHandle, WorkflowService } from '@temporalio/client';
import { defaultPayloadConverter } from '@temporalio/common';
import { msToTs } from '@temporalio/common/lib/time.js';
import { vi } from 'vitest';

import { taskQueueName, type QueueRole } from '../../workflows/messages.js';
import type { Stage } from './stage.js';

/** What an activity answered to somebody who has no business with it; `failed` holds the failure's type. */
export type Forged = { readonly answered: unknown } | { readonly failed: string };

/** COMMAND_TYPE_SCHEDULE_ACTIVITY_TASK, COMMAND_TYPE_CONTINUE_AS_NEW_WORKFLOW_EXECUTION */
const SCHEDULE_ACTIVITY = 1;
const CONTINUE_AS_NEW = 10;
const NAMESPACE = 'default';

type Completion = Parameters<WorkflowService['respondWorkflowTaskCompleted']>[0];

/** Starts a workflow that is none of ours, and answers its first task as a worker of it would. */
async function falsely(
  { client }: Stage,
  workflowId: string,
  commands: NonNullable<Completion['commands']>,
): Promise<WorkflowHandle> {
  const { workflowService: service } = client;
  const name = `false-${randomBytes(4).toString('hex')}`;
  const handle = await client.workflow.start('forged', { workflowId, taskQueue: name, args: [] });
  const { taskToken } = await client.withDeadline(Date.now() + 60_000, () =>
    service.pollWorkflowTaskQueue({ namespace: NAMESPACE, taskQueue: { name }, identity: 'false' }),
  );
  await service.respondWorkflowTaskCompleted({ namespace: NAMESPACE, taskToken, commands });
  return handle;
}

/** A workflow of their own becomes one of ours, in the middle of whatever it says that it has done. */
export async function continueFalsely(
  stage: Stage,
  workflowType: string,
  workflowId: string,
  ...args: readonly unknown[]
): Promise<void> {
  await falsely(stage, workflowId, [
    {
      commandType: CONTINUE_AS_NEW,
      continueAsNewWorkflowExecutionCommandAttributes: {
        workflowType: { name: workflowType },
        taskQueue: { name: stage.config.taskQueue },
        input: { payloads: args.map((arg) => defaultPayloadConverter.toPayload(arg)) },
      },
    },
  ]);
}

/**
 * What anybody with access to the server can do: a workflow of their own, carried out by a false worker, has our workers
 * run one of our activities with whatever input.
 */
export async function fromFalseWorkflow(
  stage: Stage,
  role: QueueRole,
  activity: string,
  input: unknown,
): Promise<Forged> {
  const handle = await falsely(stage, `false-${randomBytes(4).toString('hex')}`, [
    {
      commandType: SCHEDULE_ACTIVITY,
      scheduleActivityTaskCommandAttributes: {
        activityId: '1',
        activityType: { name: activity },
        taskQueue: { name: taskQueueName(stage.config.taskQueue, role) },
        input: { payloads: [defaultPayloadConverter.toPayload(input)] },
        startToCloseTimeout: msToTs('60s'),
        scheduleToCloseTimeout: msToTs('60s'),
        retryPolicy: { maximumAttempts: 1 },
      },
    },
  ]);
  try {
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
