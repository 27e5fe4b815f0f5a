import { workflowInfo } from '@temporalio/workflow';

import {
  nextOf,
  notificationOf,
  type Notification,
  type NotificationEvent,
} from '../src/domain/notification.js';
import { isEnd } from '../src/domain/phase.js';
import type { Run } from './run.js';

/** Tells people who are not looking, where the run was admitted with somebody to tell. */
export function notify(run: Run, event: NotificationEvent, reason = ''): void {
  const notifiers = run.joined ? (run.admitted.notifiers ?? []) : [];
  const wanted = notifiers.filter(({ events }) => events?.includes(event) ?? true);
  run.outbox.send(
    wanted.map(({ name }) => name),
    (n) => notificationIn(run, event, reason, `${run.admitted.run}-${workflowInfo().runId.slice(0, 8)}-${n}`),
  );
}

/** A new phase, as it is told. People are asked once there is something to decide on. */
export function notifyPhase(run: Run): void {
  const { phase } = run;
  const event = notificationOf(phase);
  const asks = event !== 'awaiting-approval' || run.ballot?.epoch === run.move.state.epoch;
  const key = event === 'awaiting-approval' ? `${event} ${run.move.state.epoch}` : phase;
  if (event === undefined || !asks || run.notified === key) return;
  run.notified = key;
  notify(run, event);
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
