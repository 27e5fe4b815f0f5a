import {
  CancellationScope,
  condition,
  ParentClosePolicy,
  startChild,
  WorkflowIdReusePolicy,
} from '@temporalio/workflow';

import {
  nextOf,
  notificationOf,
  type Deliveries,
  type Notification,
  type NotificationEvent,
} from '../src/domain/notification.js';
import { isEnd } from '../src/domain/phase.js';
import type { NotifyRequest } from '../activities/notify.js';
import { notifyActivities } from './activity-options.js';
import { UNDELIVERED } from './messages.js';
import type { Run } from './run.js';
import type { undelivered } from './undelivered.js';

/** How long an ended promotion waits for those that are on their way; what is left another workflow delivers. */
const AT_THE_END = '3s';

/** What of it goes on in a new history. */
export interface CarriedNotifications {
  readonly told: number;
  readonly delivered: number;
  readonly failed: number;
  readonly pending: readonly NotifyRequest[];
}

/** Tells people who are not looking. Nothing of a promotion waits for it, and nothing of it fails one. */
export class Notifications {
  #told = 0;
  #delivered = 0;
  #failed = 0;
  readonly #pending = new Set<NotifyRequest>();

  constructor(carried: CarriedNotifications | undefined) {
    if (carried === undefined) return;
    this.#told = carried.told;
    this.#delivered = carried.delivered;
    this.#failed = carried.failed;
    for (const request of carried.pending) this.#deliver(request);
  }

  get carried(): CarriedNotifications {
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

  tell(run: Run, event: NotificationEvent, reason = ''): void {
    const wanted = (run.admitted.notifiers ?? []).filter(({ events }) => events?.includes(event) ?? true);
    if (wanted.length === 0) return;
    this.#told += 1;
    const notification = notificationIn(run, event, reason, `${run.admitted.run}-${this.#told}`);
    for (const { name } of wanted) this.#deliver({ notifier: name, notification });
  }

  /** What is on its way when a promotion ends goes on without it. */
  async handOver(run: Run): Promise<void> {
    if (this.#pending.size === 0) return;
    if (await condition(() => this.#pending.size === 0, AT_THE_END)) return;
    try {
      await startChild<typeof undelivered>(UNDELIVERED, {
        args: [[...this.#pending]],
        workflowId: `${UNDELIVERED}/${run.admitted.run}`,
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

/** A new phase, as it is told. People are asked once there is something to decide on. */
export function notifyPhase(run: Run): void {
  const { phase } = run;
  const event = notificationOf(phase);
  const asks = event !== 'awaiting-approval' || run.ballot?.epoch === run.move.state.epoch;
  const key = event === 'awaiting-approval' ? `${event} ${run.move.state.epoch}` : phase;
  if (event === undefined || !asks || run.notified === key) return;
  run.notified = key;
  run.notifications.tell(run, event);
}

function notificationIn(run: Run, event: NotificationEvent, reason: string, id: string): Notification {
  const { input, admitted, move, gates } = run;
  const approval = event === 'awaiting-approval' || event === 'reminder' ? run.approvalView() : undefined;
  return {
    event,
    id,
    at: Date.now(),
    deployment: admitted.deployment,
    target: input.target,
    commit: input.commit,
    run: admitted.run,
    requester: input.requester,
    subjectLine: admitted.subjectLine,
    phase: run.phase,
    reason: reason === '' && isEnd(run.phase) && move.effect.do === 'end' ? move.effect.reason : reason,
    trigger: move.state.trigger ?? null,
    approval:
      approval === undefined
        ? null
        : {
            digest: approval.digest,
            missing: approval.missing,
            waitingFor: approval.waitingFor,
            expiresAt: approval.expiresAt,
          },
    holding: gates
      .filter(({ verdict }) => verdict === 'hold')
      .map(({ gate, reasonCodes }) => ({ gate, reasonCodes: [...reasonCodes] })),
    next: nextOf(event, input.target, approval?.digest),
  };
}
