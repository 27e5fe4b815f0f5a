import type { Notification } from '../../domain/notification.js';
import type { Message } from './post.js';
import { headlineOf, linesOf } from './wording.js';

/** Slack shows at most 3,000 characters of a section. */
const MAX_SECTION = 2_900;

/** An incoming webhook's message: a line for the notification, and a section with the facts. */
export function slackMessage(url: string, notification: Notification): Message {
  const headline = escaped(headlineOf(notification));
  const lines = linesOf(notification).map(escaped);
  const next = notification.next.map((command) => `\`${escaped(command).replaceAll('`', "'")}\``);
  const text = [`*${headline}*`, ...lines, ...next].join('\n').slice(0, MAX_SECTION);
  return {
    url,
    headers: {},
    body: JSON.stringify({
      text: headline,
      blocks: [{ type: 'section', text: { type: 'mrkdwn', text } }],
    }),
  };
}

/** What people typed is shown as it is: no link, no mention. */
function escaped(text: string): string {
  return text.replaceAll('&', '&amp;').replaceAll('<', '&lt;').replaceAll('>', '&gt;');
}
