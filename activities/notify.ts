import { Context, metricMeter } from '@temporalio/activity';
import { ApplicationFailure } from '@temporalio/common';

import type { Notification } from '../src/domain/notification.js';
import { beating } from './beating.js';
import type { Dependencies } from './dependencies.js';
import { harmless } from './figures.js';

export interface NotifyRequest {
  readonly notifier: string;
  readonly notification: Notification;
}

/** Tells one notifier. Temporal repeats it until it was taken; every attempt that failed is counted. */
export function notifyWith({ notifiers, redact }: Dependencies) {
  return ({ notifier: name, notification }: NotifyRequest): Promise<void> =>
    beating(async (signal) => {
      const tags = { notifier: name, event: notification.event };
      try {
        const notifier = notifiers.find((each) => each.name === name);
        // Another worker may know it, or this one's settings may be mended.
        if (notifier === undefined)
          throw ApplicationFailure.retryable(
            `no notifier ${redact(name)} on this worker`,
            'unknown_notifier',
          );
        await notifier.notify(notification, signal);
        count('promote_notifications_total', tags);
      } catch (error) {
        if (!Context.current().cancellationSignal.aborted) count('promote_notifications_failed_total', tags);
        throw failureOf(error);
      }
    });
}

/** Its message names the notifier and a code, and holds nothing else. */
function failureOf(error: unknown): unknown {
  const isOurs = error instanceof Error && error.name === 'NotificationError' && 'code' in error;
  return isOurs ? ApplicationFailure.retryable(error.message, String(error.code)) : error;
}

function count(name: string, tags: Readonly<Record<string, string>>): void {
  harmless(() => metricMeter.createCounter(name, 'deliveries').add(1, tags));
}
