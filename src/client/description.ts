import type { WorkflowExecutionDescription } from '@temporalio/client';

import { oneLine } from './grpc.js';

/** Why it does not move: an activity that keeps failing, or a worker whose code can't replay it. */
export interface Blocked {
  readonly activity: string;
  readonly cause: string;
  readonly attempt: number;
}

/** Nothing waits for it. */
const NOTIFY = 'notify';

/** A notification that is not taken. */
export function untoldBy(description: WorkflowExecutionDescription): Blocked | undefined {
  return failingActivities(description).find(({ activity }) => activity === NOTIFY);
}

function failingActivities({ raw }: WorkflowExecutionDescription): readonly Blocked[] {
  return (raw.pendingActivities ?? []).flatMap(({ attempt, lastFailure, activityType }) => {
    if ((attempt ?? 0) <= 1 || !lastFailure) return [];
    const type =
      lastFailure.applicationFailureInfo?.type ?? (lastFailure.timeoutFailureInfo ? 'timeout' : '');
    const message = oneLine(lastFailure.message ?? '');
    const cause = type === '' || type === message ? message : `${type}: ${message}`;
    return [{ activity: activityType?.name ?? '', cause: oneLine(cause), attempt: attempt ?? 0 }];
  });
}

/** Temporal's first run of the chain: what names a promotion for good. */
export function firstRunOf({ raw, runId }: WorkflowExecutionDescription): string {
  return raw.workflowExecutionInfo?.firstRunId || runId;
}

export function blockedBy(description: WorkflowExecutionDescription): Blocked | undefined {
  const failing = failingActivities(description).find(({ activity }) => activity !== NOTIFY);
  if (failing !== undefined) return failing;
  const { raw } = description;
  const taskAttempt = raw.pendingWorkflowTask?.attempt ?? 0;
  if (taskAttempt > 3)
    return {
      activity: '',
      cause: "the worker's code can't go on with this run: run the build that it was started with",
      attempt: taskAttempt,
    };
  return undefined;
}
