import { proxyActivities, workflowInfo } from '@temporalio/workflow';
import type { ActivityOptions } from '@temporalio/common';

import { GRACE_MS } from '../src/domain/attempts.js';
import type { Activities } from '../activities/index.js';
import { taskQueueName } from './messages.js';

/**
 * Why every timeout and retry is what it is. Common to all: no schedule-to-close where a lost worker must not count
 * against the target (our own lost worker is no observation of it), a short heartbeat so that its work goes on within
 * seconds, and TRY_CANCEL so that an order cuts in at once.
 */
const HEARTBEAT: Readonly<ActivityOptions> = { heartbeatTimeout: '3s', cancellationType: 'TRY_CANCEL' };
const UNTIL_IT_WORKS = { initialInterval: '100ms', backoffCoefficient: 2, maximumInterval: '5s' } as const;

/** Reads and checks of seconds; a commit may have to be fetched first. */
export const admissionActivities = proxyActivities<Pick<Activities, 'admit'>>({
  ...HEARTBEAT,
  startToCloseTimeout: '2m',
  retry: UNTIL_IT_WORKS,
});

/** Reads the evidence of every open run; what can't be told now is asked again by the next one. */
export const reconcileActivities = proxyActivities<Pick<Activities, 'findAbandoned'>>({
  ...HEARTBEAT,
  startToCloseTimeout: '2m',
  scheduleToCloseTimeout: '4m',
  retry: UNTIL_IT_WORKS,
});

/** Reads back a whole run; a rollback can't begin before, so it is never given up. */
export function takeOverActivities(): Pick<Activities, 'takeOver'> {
  return proxyActivities<Activities>({
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'rollback'),
    startToCloseTimeout: '1m',
    retry: UNTIL_IT_WORKS,
  });
}

/** A round, gate, repair or step retries inside its own deadline; Temporal repeats it only where a worker was lost. */
export function withDeadline(
  deadlineMs: number,
): Pick<Activities, 'askRound' | 'askGate' | 'repair' | 'checkPrerequisites'> {
  return proxyActivities<Activities>({
    ...HEARTBEAT,
    startToCloseTimeout: deadlineMs + GRACE_MS,
    retry: UNTIL_IT_WORKS,
  });
}

/**
 * A step that can't be repeated safely is tried once; a lost worker then is a failed step, and is rolled back. All tries
 * together have the step's deadline and as much again for a worker to come back: a rollback waits no longer for it.
 */
export function promotionActivities(step: {
  deadlineMs: number;
  repeatable: boolean;
}): Pick<Activities, 'promoteStep'> {
  return proxyActivities<Activities>({
    ...HEARTBEAT,
    startToCloseTimeout: step.deadlineMs + GRACE_MS,
    scheduleToCloseTimeout: 2 * (step.deadlineMs + GRACE_MS),
    retry: step.repeatable ? UNTIL_IT_WORKS : { maximumAttempts: 1 },
  });
}

/** Read-only questions about the rollback; they take as long as its remotes. */
export const preflightActivities = proxyActivities<Pick<Activities, 'checkRollback'>>({
  ...HEARTBEAT,
  startToCloseTimeout: '2m',
  retry: UNTIL_IT_WORKS,
});

/** A commit's history may have to be fetched; it gives up by itself after 2 min, and says so. */
export const changesActivities = proxyActivities<Pick<Activities, 'describeChanges'>>({
  ...HEARTBEAT,
  startToCloseTimeout: '150s',
  retry: UNTIL_IT_WORKS,
});

/** A notifier may be away for long: it is tried for a day, and nobody waits for it. */
export function notifyActivities(): Pick<Activities, 'notify'> {
  return proxyActivities<Activities>({
    ...HEARTBEAT,
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'notify'),
    startToCloseTimeout: '20s',
    scheduleToCloseTimeout: '24h',
    retry: { initialInterval: '1s', backoffCoefficient: 2, maximumInterval: '5m' },
  });
}

/** Small writes, each safe to repeat: the same bytes again are success. A full disk is retried until it has room. */
export function evidenceActivities(): Pick<
  Activities,
  | 'openRun'
  | 'appendEntries'
  | 'appendJournal'
  | 'recordAndRequestApproval'
  | 'requestApproval'
  | 'deriveGate'
> {
  return proxyActivities<Activities>({
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'evidence'),
    startToCloseTimeout: '5s',
    cancellationType: 'TRY_CANCEL',
    retry: UNTIL_IT_WORKS,
  });
}

/** Reads every file of the run again; a worker that was lost on the way is noticed by its heartbeat. */
export function sealActivities(): Pick<Activities, 'sealRun'> {
  return proxyActivities<Activities>({
    ...HEARTBEAT,
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'evidence'),
    startToCloseTimeout: '10m',
    retry: UNTIL_IT_WORKS,
  });
}

/**
 * As `evidenceActivities`. An approver who waits is told after a while that it could not be checked; what came by signal, whose
 * sender waits for nothing, is repeated until it could be: a reject must not be lost while the store is away.
 */
export function decisionActivities(waits: 'somebody' | 'nobody'): Pick<Activities, 'recordDecision'> {
  return proxyActivities<Activities>({
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'evidence'),
    startToCloseTimeout: '5s',
    ...(waits === 'somebody' ? { scheduleToCloseTimeout: '10s' } : {}),
    retry: UNTIL_IT_WORKS,
  });
}

/** Who gives an order; beside the rollback's own, so that it waits behind nothing. It is never given up: it may roll back. */
export function orderActivities(): Pick<Activities, 'checkOrder'> {
  return proxyActivities<Activities>({
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'rollback'),
    startToCloseTimeout: '5s',
    retry: UNTIL_IT_WORKS,
  });
}

/** A segment lasts its samples' intervals plus one deadline of the slowest gate for each. */
export function watchActivities(segmentMs: number): Pick<Activities, 'watchSegment'> {
  return proxyActivities<Activities>({
    ...HEARTBEAT,
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'watch'),
    startToCloseTimeout: segmentMs + GRACE_MS,
    retry: UNTIL_IT_WORKS,
  });
}

/** A rollback has workers of its own, and is repeated until a worker answered: it is idempotent, and never given up. */
export function rollbackActivities(
  deadlineMs: number,
): Pick<Activities, 'rollBackStep' | 'verifyRollBackStep'> {
  return proxyActivities<Activities>({
    ...HEARTBEAT,
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'rollback'),
    startToCloseTimeout: deadlineMs + GRACE_MS,
    retry: UNTIL_IT_WORKS,
  });
}

/** One look into the store; where it gives no answer in time, the worst is assumed. */
export function lookBackActivities(): Pick<Activities, 'promotionBegun'> {
  return proxyActivities<Activities>({
    taskQueue: taskQueueName(workflowInfo().taskQueue, 'rollback'),
    startToCloseTimeout: '5s',
    scheduleToCloseTimeout: '30s',
    retry: UNTIL_IT_WORKS,
  });
}
