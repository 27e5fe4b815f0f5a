import { shownUrl } from '../http-address.js';
import type { Probed } from '../probe.js';
import { createSessions } from '../sessions.js';
import type { ReadinessRequest } from './request.js';
import { withSession, type Credentials } from './credentials.js';
import { sessionAddress } from './questions.js';

/** With what the statuses are asked, and how long; or that they can't be. */
export type Signed = { readonly credentials: Credentials; readonly leftMs: number } & (
  { readonly kind: 'signed' } | { readonly kind: 'refused'; readonly probed: Probed }
);

/**
 * A session's token is asked for once and serves both questions. It is in memory until the process ends, which is sooner than
 * it expires, and is never written down.
 */
export async function signIn(request: ReadinessRequest): Promise<Signed> {
  const { auth, baseUrl, credentials, signal, timeoutMs } = request;
  if (auth.mode !== 'password-session') return { kind: 'signed', credentials, leftMs: timeoutMs };
  const began = performance.now();
  const { sessionQuestion, sessionToken } = await import('../session-token.js');
  const session = sessionQuestion(
    { url: sessionAddress(baseUrl), json: { password: auth.password }, token: '/access_token' },
    // Asked once, as everything here.
    { deadlineMs: timeoutMs, signal, repeatable: false },
  );
  const opened = await sessionToken(session, createSessions(), Object.keys(credentials.secrets));
  const leftMs = Math.max(1, Math.round(timeoutMs - (performance.now() - began)));
  if (opened.kind === 'token')
    return { kind: 'signed', credentials: withSession(credentials, opened.token), leftMs };
  const { kind, code } = opened;
  const status = opened.tries.at(-1)?.status;
  const said = status === undefined ? '' : `, status ${status}`;
  const detail = `POST ${shownUrl(session.question.url)}: ${opened.detail}${said}`;
  return { kind: 'refused', credentials, leftMs, probed: { ...NOTHING_CAME, kind, code, detail, status } };
}

const NOTHING_CAME = {
  body: new Uint8Array(),
  stderr: new Uint8Array(),
  redactions: {},
  presentBefore: {},
  // The surface itself was not asked.
  tries: [],
  exitCode: undefined,
} as const;
