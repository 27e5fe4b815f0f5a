import { defineQuery, defineSignal, defineUpdate } from '@temporalio/workflow';

import type { Answer, PromotionView } from '../src/domain/messages.js';
import type { Submission } from '../src/domain/statement.js';

/** Workflow types, by name. */
export const PROMOTION = 'promotion';
export const ADMISSION = 'admission';
export const ROLLBACK = 'rollback';
export const RECONCILE = 'reconcile';
export const UNDELIVERED = 'undelivered';

/**
 * How long a workflow task may be with a worker: one that was killed with a task in hand holds the promotion up that long.
 * Temporal's own is 10 s; replaying the longest history of a watch takes about one.
 */
export const WORKFLOW_TASK_TIMEOUT = '5s';

/** One open promotion a target: Temporal itself is the lock. */
export function promotionId(target: string): string {
  return `promotion/${target}`;
}

/** An approver's decision; the signal of the same name takes the same path. */
export const decide = defineUpdate<Answer, [Submission]>('decide');
export const decideSignal = defineSignal<[Submission]>('decide');

/** A person's order: abort, rollback, remediated, retry-rollback, acknowledge. */
export const control = defineUpdate<Answer, [Submission]>('control');

export const view = defineQuery<PromotionView>('view');

/** Search attributes, so that `list` asks Temporal alone. Values are clipped to 255 characters. */
export const SEARCH_ATTRIBUTES = {
  PromotionTarget: 'Keyword',
  PromotionPhase: 'Keyword',
  PromotionCommit: 'Keyword',
  PromotionTrigger: 'Keyword',
  PromotionRequester: 'Keyword',
  PromotionDeadline: 'Datetime',
} as const;

/** What Temporal calls the workers of one installation and one prefix, whatever their build. */
export function deploymentNameOf({
  deployment,
  taskQueue,
}: {
  readonly deployment: string;
  readonly taskQueue: string;
}): string {
  return `promote-${deployment}-${taskQueue}`;
}

/** Task queues: a rollback never waits behind a watch, nor a record behind a slow gate. */
export type QueueRole = 'main' | 'evidence' | 'watch' | 'rollback' | 'notify';
export function taskQueueName(prefix: string, role: QueueRole): string {
  return role === 'main' ? prefix : `${prefix}-${role}`;
}
