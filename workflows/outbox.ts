import {
  CancellationScope,
  condition,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
  workflowInfo,
} from '@temporalio/workflow';

import type { Deliveries, Notification } from '../src/domain/notification.js';
import type { NotifyRequest } from '../activities/notify.js';
import { notifyActivities } from './activity-options.js';
import { UNDELIVERED } from './messages.js';
import type { undelivered } from './undelivered.js';

/** How long an ended promotion waits for those that are on their way; what is left another workflow delivers. */
const AT_THE_END = '3s';

/** What of it goes on in a new history. */
export interface CarriedOutbox {
  readonly told: number;
  readonly delivered: number;
  readonly failed: number;
  readonly pending: readonly NotifyRequest[];
}

/** Tells people who are not looking. Nothing of a promotion waits for it, and nothing of it fails one. */
export class Outbox {
  #told = 0;
  #delivered = 0;
  #failed = 0;
  readonly #pending = new Set<NotifyRequest>();

  constructor(carried: CarriedOutbox | undefined) {
    if (carried === undefined) return;
    this.#told = carried.told;
    this.#delivered = carried.delivered;
    this.#failed = carried.failed;
    for (const request of carried.pending) this.#deliver(request);
  }

  get carried(): CarriedOutbox {
    return {
      told: this.#told,
      delivered: this.#delivered,
      failed: this.#failed,
      pending: [...this.#pending],
    };
  }

  get deliveries(): Deliveries {
    return { pending: this.#pending.size, delivered: this.#delivered, failed: this.#failed };
  }

  /** @param notification is given its number within the run */
  send(notifiers: readonly string[], notification: (n: number) => Notification): void {
    if (notifiers.length === 0) return;
    this.#told += 1;
    const told = notification(this.#told);
    for (const notifier of notifiers) this.#deliver({ notifier, notification: told });
  }

  /** What is on its way when a promotion ends goes on without it. */
  async handOver(run: string): Promise<void> {
    if (this.#pending.size === 0) return;
    if (await condition(() => this.#pending.size === 0, AT_THE_END)) return;
    try {
      await startChild<typeof undelivered>(UNDELIVERED, {
        args: [[...this.#pending]],
        workflowId: `${UNDELIVERED}/${run}/${workflowInfo().runId.slice(0, 8)}`,
        parentClosePolicy: ParentClosePolicy.ABANDON,
        workflowIdReusePolicy: WorkflowIdReusePolicy.ALLOW_DUPLICATE,
      });
    } catch {
      // The end stands; that it was not told stands in Temporal's history.
    }
  }

  #deliver(request: NotifyRequest): void {
    this.#pending.add(request);
    CancellationScope.nonCancellable(() => notifyActivities().notify(request)).then(
      () => this.#settle(request, 'delivered'),
      () => this.#settle(request, 'failed'),
    );
  }

  #settle(request: NotifyRequest, as: 'delivered' | 'failed'): void {
    this.#pending.delete(request);
    if (as === 'delivered') this.#delivered += 1;
    else this.#failed += 1;
  }
}
