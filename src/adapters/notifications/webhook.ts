import { Webhook } from 'standardwebhooks';

import type { Notification } from '../../domain/notification.js';
import { NotificationError, type Message } from './post.js';

/**
 * A CloudEvent in its JSON form (CloudEvents 1.0, section 3 of the JSON event format), signed as Standard Webhooks says: over its
 * ID, the time of sending, and its bytes. The ID stays the same when it is sent again.
 */
export function webhookMessage(
  { name, url }: { readonly name: string; readonly url: string },
  secret: string,
  notification: Notification,
): Message {
  const body = JSON.stringify(cloudEventOf(notification));
  const sentAt = new Date();
  return {
    url,
    headers: {
      'content-type': 'application/cloudevents+json',
      'webhook-id': notification.id,
      'webhook-timestamp': String(Math.floor(sentAt.getTime() / 1_000)),
      'webhook-signature': keyOf(name, secret).sign(notification.id, sentAt, body),
    },
    body,
  };
}

function keyOf(name: string, secret: string): Webhook {
  try {
    return new Webhook(secret);
  } catch {
    throw new NotificationError(
      'notifier_misconfigured',
      `${name}: its secret is none of Standard Webhooks: base64, with or without whsec_ before it`,
    );
  }
}

function cloudEventOf({ event, id, at, deployment, target, ...data }: Notification): object {
  return {
    specversion: '1.0',
    id,
    source: `/promote/${deployment}/${target}`,
    type: `promotion.${event}.v1`,
    subject: target,
    time: new Date(at).toISOString(),
    datacontenttype: 'application/json',
    data: { event, deployment, target, ...data },
  };
}
