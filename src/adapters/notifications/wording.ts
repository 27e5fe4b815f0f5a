import type { Notification, NotificationEvent } from '../../domain/notification.js';
import { oneLine } from '../../domain/text.js';

const SAYS: Readonly<Record<NotificationEvent, string>> = {
  'awaiting-approval': 'waits for approval',
  reminder: 'still waits for approval',
  decided: 'was decided',
  promoted: 'is promoted',
  stopped: 'has stopped',
  'rolling-back': 'is rolling back',
  'rolled-back': 'is rolled back',
  'rollback-failed': 'could not be rolled back: a person is needed',
  expired: 'expired without a decision',
};

export function headlineOf({ event, target, commit }: Notification): string {
  return `${target}: ${commit.slice(0, 12)} ${SAYS[event]}`;
}

function say(text: string): string {
  return oneLine(text, 300);
}

export function linesOf(notification: Notification): readonly string[] {
  const { subjectLine, requester, run, reason, trigger, approval, holding } = notification;
  return [
    ...(subjectLine === '' ? [] : [say(subjectLine)]),
    say(`asked for by ${requester}, run ${run}`),
    ...(approval === null
      ? []
      : [
          say(
            `${approval.missing} approval(s) missing, by ${new Date(approval.expiresAt).toISOString()}; ${approval.waitingFor.join(', ')} may decide`,
          ),
          say(`what is approved: ${approval.digest}`),
        ]),
    ...(reason === '' ? [] : [say(`why: ${reason}`)]),
    ...(trigger === null ? [] : [say(`trigger: ${trigger}`)]),
    ...holding.map(({ gate, reasonCodes }) => say(`${gate} holds: ${reasonCodes.join(', ')}`)),
  ];
}
