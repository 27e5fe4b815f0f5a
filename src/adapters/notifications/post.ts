import { probeHttp } from '../http-probe.js';
import { createRedactor } from '../redaction.js';

export interface Message {
  readonly url: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

export type NotificationErrorCode = 'notifier_misconfigured' | 'notification_failed';

/** Never for good: what is wrong now may be mended while it is tried again. */
export class NotificationError extends Error {
  override readonly name = 'NotificationError';
  readonly code: NotificationErrorCode;

  constructor(code: NotificationErrorCode, message: string) {
    super(message);
    this.code = code;
  }
}

const DEADLINE_MS = 10_000;
/** Nothing of an answer is used. */
const MAX_BYTES = 64 * 1024;

/**
 * Sends it once, to its own address and to no other. 2xx means that it was taken.
 *
 * @throws NotificationError that names the notifier and the code, never the address: one may be a secret
 */
export async function post(
  name: string,
  { url, headers, body }: Message,
  signal: AbortSignal,
): Promise<void> {
  if (!URL.canParse(url))
    throw new NotificationError('notifier_misconfigured', `${name}: its address is no URL`);
  const answer = await probeHttp(
    {
      url,
      method: 'POST',
      headers: { 'content-type': 'application/json', ...headers },
      body,
      bearer: undefined,
      allowedOrigins: [new URL(url).origin],
      deadlineMs: DEADLINE_MS,
      maxBytes: MAX_BYTES,
      signal,
      repeatable: false,
    },
    { redact: createRedactor({}) },
  );
  if (answer.kind === 'answered') return;
  throw new NotificationError('notification_failed', `${name}: ${answer.code}`);
}
