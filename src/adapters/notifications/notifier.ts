import type { NotifierSettings } from '../../contracts/notifier.js';
import type { Notification, NotificationEvent } from '../../domain/notification.js';
import { slackMessage } from './slack.js';
import { NotificationError, post, type Message } from './post.js';
import { webhookMessage } from './webhook.js';

/** Tells somebody outside. What it is told twice is the same by its ID. */
export interface Notifier {
  readonly name: string;
  readonly events: readonly NotificationEvent[] | undefined;
  /** @throws NotificationError where it was not taken, without its address or secret */
  readonly notify: (notification: Notification, signal: AbortSignal) => Promise<void>;
}

/** Secrets are remembered as such before anything is told. One that is missing keeps no worker from running. */
export function createNotifiers(
  settings: readonly NotifierSettings[],
  environment: Readonly<Record<string, string | undefined>>,
  remember: (secrets: Readonly<Record<string, string>>) => void,
): readonly Notifier[] {
  return settings.map((each) => {
    const env = each.kind === 'webhook' ? each.secretEnv : each.urlEnv;
    const secret = environment[env] ?? '';
    if (secret !== '') remember({ [env]: secret });
    return {
      name: each.name,
      events: each.events,
      notify: async (notification, signal) => {
        if (secret === '')
          throw new NotificationError(
            'notifier_misconfigured',
            `${each.name}: ${env} is not set on this worker`,
          );
        await post(each.name, messageOf(each, secret, notification), signal);
      },
    };
  });
}

function messageOf(settings: NotifierSettings, secret: string, notification: Notification): Message {
  switch (settings.kind) {
    case 'webhook':
      return webhookMessage(settings, secret, notification);
    case 'slack':
      return slackMessage(secret, notification);
    default:
      return settings satisfies never;
  }
}
