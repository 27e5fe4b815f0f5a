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

/** Secrets are looked up when they are needed: one that is missing keeps no worker from running. */
export function createNotifiers(
  settings: readonly NotifierSettings[],
  environment: Readonly<Record<string, string | undefined>>,
  remember: (secrets: Readonly<Record<string, string>>) => void,
): readonly Notifier[] {
  return settings.map((each) => ({
    name: each.name,
    events: each.events,
    notify: async (notification, signal) => {
      const env = each.kind === 'webhook' ? each.secretEnv : each.urlEnv;
      const secret = environment[env] ?? '';
      if (secret === '')
        throw new NotificationError(
          'notifier_misconfigured',
          `${each.name}: ${env} is not set on this worker`,
        );
      remember({ [env]: secret });
      await post(each.name, messageOf(each, secret, notification), signal);
    },
  }));
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
