import type { OwnReasonCode } from '../domain/reason-codes/catalogue.js';
import type { HttpRequest } from '../contracts/runbook-question.js';
import type * as Authority from './certificate-authority.js';
import { probeHttp, type HttpAnswer, type HttpQuestion } from './http-probe.js';
import { oneLine } from './one-line.js';
import { idempotencyKey, type Asking, type Question } from './asking.js';
import { createRedactor, lateRedactor } from './redaction.js';
import { COMMIT } from '../contracts/variable-references.js';
import { openText } from './runbook/substitute.js';
import { createSessions, type Sessions } from './sessions.js';

/**
 * Asks by HTTP as the runbook says: its secrets are opened here, its own CA is read, and its session is opened. A session
 * that the endpoint refuses is asked for anew once. All of it together has the question's deadline.
 */
export async function askHttp(question: Question, http: HttpRequest, asking: Asking): Promise<HttpAnswer> {
  const endsAt = performance.now() + question.deadlineMs;
  const ca = http.ca === undefined ? undefined : await certificatesOf(http.ca);
  if (ca !== undefined && 'problem' in ca)
    return notSent('ca_unusable', oneLine(ca.problem, createRedactor(asking.secrets)));
  const asked = httpQuestion(question, http, asking, ca?.pem);
  const left = (): number => Math.max(1, endsAt - performance.now());
  if (http.session === undefined)
    return probeHttp(asked, { redact: lateRedactor(() => secretsOf(http, asking)) });

  const { dropToken, sessionQuestion, sessionToken } = await import('./session-token.js');
  const sessions = asking.sessions ?? createSessions();
  const { url, json, token } = http.session;
  const session = sessionQuestion(
    { url, json: openJson(json, asking.secrets), token },
    { ca: asked.ca, deadlineMs: asked.deadlineMs, signal: asked.signal },
  );
  const withToken = async (again: boolean): Promise<HttpAnswer> => {
    const opened = await sessionToken(
      { ...session, question: { ...session.question, deadlineMs: left() } },
      sessions,
      Object.keys(secretsOf(http, asking)),
    );
    if (opened.kind !== 'token') return { ...notSent(opened.code, opened.detail), ...opened };
    const redact = lateRedactor(() => secretsOf(http, asking, sessions));
    const answer = await probeHttp({ ...asked, bearer: opened.token, deadlineMs: left() }, { redact });
    const told = { ...answer, tries: [...opened.tries, ...answer.tries] };
    if (answer.status !== 401 || !opened.remembered || again) return told;
    dropToken(session, opened.token, sessions);
    const anew = await withToken(true);
    return { ...anew, tries: [...told.tries, ...anew.tries] };
  };
  return withToken(false);
}

/** Loaded where it is needed, like a session: most questions have neither. */
async function certificatesOf(file: string): ReturnType<typeof Authority.readCertificates> {
  const { readCertificates } = await import('./certificate-authority.js');
  return readCertificates(file);
}

/** What must be removed from an answer: also how a name and password are sent, and every session's token. */
function secretsOf(http: HttpRequest, { secrets, sessions }: Asking, own?: Sessions): Record<string, string> {
  const credentials = http.basic === undefined ? undefined : basicCredentials(http.basic, secrets);
  return {
    ...secrets,
    ...sessions?.known(),
    ...own?.known(),
    ...(credentials === undefined ? {} : { basic: credentials }),
  };
}

function httpQuestion(
  question: Question,
  http: HttpRequest,
  { secrets: opened, commit, signal, step }: Asking,
  ca: string | undefined,
): HttpQuestion {
  const builtIn: Record<string, string> = commit === undefined ? {} : { [COMMIT]: commit };
  const secrets = { ...opened, ...builtIn };
  const headers: Record<string, string> = {};
  if (http.json !== undefined) headers['content-type'] = 'application/json';
  if (http.text !== undefined) headers['content-type'] = 'text/plain; charset=utf-8';
  for (const [name, value] of Object.entries(http.headers)) headers[name] = openText(value, secrets);
  if (http.basic !== undefined) headers['authorization'] = `Basic ${basicCredentials(http.basic, secrets)}`;
  if (step !== undefined && http.method !== 'GET') Object.assign(headers, stepHeaders(step));
  // No secret stands in an address: those are shown, logged and kept.
  const url = openText(http.url, builtIn);
  return {
    url,
    method: http.method,
    headers,
    body:
      http.text === undefined
        ? http.json === undefined
          ? undefined
          : JSON.stringify(openJson(http.json, secrets))
        : openText(http.text, secrets),
    bearer: http.bearer === undefined ? undefined : openText(http.bearer, secrets),
    // The runbook's own address and no other: nothing that an answer says leads anywhere else.
    allowedOrigins: originOf(url),
    ca,
    deadlineMs: question.deadlineMs,
    maxBytes: http.maxBytes ?? question.maxBytes,
    signal,
    ...(question.expectStatus === undefined ? {} : { expectStatus: question.expectStatus }),
    ...(question.repeatable === undefined ? {} : { repeatable: question.repeatable }),
  };
}

/** What a step acts on, and under which key: the same for every attempt. */
function stepHeaders(acting: NonNullable<Asking['step']>): Record<string, string> {
  const { record, step } = acting;
  return {
    'promotion-run': record.run,
    'promotion-target': record.target,
    'promotion-commit': record.commit,
    'promotion-step': step,
    'idempotency-key': idempotencyKey(acting),
  };
}

function basicCredentials(
  { username, password }: NonNullable<HttpRequest['basic']>,
  secrets: Asking['secrets'],
): string {
  const pair = `${openText(username, secrets)}:${openText(password, secrets)}`;
  return Buffer.from(pair, 'utf8').toString('base64');
}

/** Opened before it is written as JSON, so that a secret with a quote in it stays one string. */
function openJson(json: unknown, secrets: Asking['secrets']): unknown {
  if (typeof json === 'string') return openText(json, secrets);
  if (Array.isArray(json)) return json.map((item) => openJson(item, secrets));
  if (typeof json !== 'object' || json === null) return json;
  return Object.fromEntries(Object.entries(json).map(([key, value]) => [key, openJson(value, secrets)]));
}

function originOf(url: string): readonly string[] {
  return URL.canParse(url) ? [new URL(url).origin] : [];
}

function notSent(code: OwnReasonCode, detail: string): Extract<HttpAnswer, { code: string }> {
  return {
    kind: 'misconfigured',
    code,
    detail,
    status: undefined,
    body: new Uint8Array(),
    redactions: {},
    presentBefore: {},
    tries: [],
  };
}
