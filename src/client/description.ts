import type { WorkflowExecutionDescription } from '@temporalio/client';

import { oneLine } from './grpc.js';

/** Why it does not move: an activity that keeps failing, or a worker whose code can't replay it. */
export interface Blocked {
  readonly activity: string;
  readonly cause: string;
  readonly attempt: number;
}

/** Temporal's first run of the chain: what names a promotion for good. */
export function firstRunOf({ raw, runId }: WorkflowExecutionDescription): string {
  return raw.workflowExecutionInfo?.firstRunId || runId;
}

export function blockedBy({ raw }: WorkflowExecutionDescription): Blocked | undefined {
  for (const { attempt, lastFailure, activityType } of raw.pendingActivities ?? []) {
    if ((attempt ?? 0) <= 1 || !lastFailure) continue;
    const type =
      lastFailure.applicationFailureInfo?.type ?? (lastFailure.timeoutFailureInfo ? 'timeout' : '');
    const message = oneLine(lastFailure.message ?? '');
    const cause = type === '' || type === message ? message : `${type}: ${message}`;
    return { activity: activityType?.name ?? '', cause: oneLine(cause), attempt: attempt ?? 0 };
  }
  const taskAttempt = raw.pendingWorkflowTask?.attempt ?? 0;
  if (taskAttempt > 3)
    return {
      activity: '',
      cause: "the worker's code can't go on with this run: run the build that it was started with",
      attempt: taskAttempt,
    };
  return undefined;
}
