import { setTimeout as sleep } from 'node:timers/promises';
import type { Client as HttpClient, Dispatcher } from 'undici';
import type { OwnReasonCode } from '../domain/reason-codes/catalogue.js';
import { startDeadline } from './deadline.js';
import { checkUrl, lookupWithoutLinkLocal, shownUrl } from './http-address.js';
import { Client } from './http-client.js';
import { faultOfError, type HttpFault } from './http-fault.js';
import { NOTHING, tryHttp, type HttpRequest, type TryResult } from './http-try.js';
import { oneLine } from './one-line.js';
import type { RedactionCounts, Redactor } from './redaction.js';

export interface HttpQuestion {
  readonly url: string;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  /** Sent as `authorization: Bearer …`, to allowed origins only. */
  readonly bearer: string | undefined;
  /** As `new URL(…).origin` writes them. */
  readonly allowedOrigins: readonly string[];
  /** PEM of the only certificates that its certificate may come from; left out: the system's. */
  readonly ca?: string | undefined;
  /** For everything together: connecting, all tries and the waits between them. */
  readonly deadlineMs: number;
  /** Of the answer's body. */
  readonly maxBytes: number;
  /** The caller's cancellation; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Whether asking twice does no harm. Left out: for GET and HEAD only. */
  readonly repeatable?: boolean;
  /** The statuses that are an answer. Left out: 200–299. */
  readonly expectStatus?: readonly number[];
}

export interface HttpTry {
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
  /** `answered`, or the code of the fault. */
  readonly outcome: string;
  readonly status: number | undefined;
}

interface Came {
  /** Redacted; what came of it, up to `maxBytes`. */
  readonly body: Uint8Array;
  readonly redactions: RedactionCounts;
  readonly presentBefore: RedactionCounts;
  readonly tries: readonly HttpTry[];
}

export interface HttpAnswered extends Came {
  readonly kind: 'answered';
  /** 200–299, or an expected one. */
  readonly status: number;
}

export interface HttpNotAnswered extends Came {
  readonly kind: HttpFault['kind'];
  readonly code: OwnReasonCode;
  /** One line for a person; holds no secret. */
  readonly detail: string;
  readonly status: number | undefined;
}

export type HttpAnswer = HttpAnswered | HttpNotAnswered;

export interface HttpTools {
  readonly redact: Redactor;
  /** Waits between tries; rejects when the signal aborts. */
  readonly wait?: (ms: number, signal: AbortSignal) => Promise<void>;
}

const FIRST_BACKOFF_MS = 100;
const MAX_BACKOFF_MS = 2_000;

/**
 * Asks over HTTP until there is an answer, a fault that asking again cannot mend, or no time left.
 *
 * Promises: nothing is sent to another origin than the allowed ones, no redirect is followed, no encoded answer is
 * decoded, no more than `maxBytes` are read, and it returns by `deadlineMs`. Of several faults the last one that the
 * system gave is named; running out of time between tries does not hide it. Throws the reason of `signal`, and nothing
 * else.
 */
export async function probeHttp(question: HttpQuestion, tools: HttpTools): Promise<HttpAnswer> {
  question.signal.throwIfAborted();
  const checked = checkUrl(question.url, question.allowedOrigins);
  if (checked.kind === 'refused') {
    const fault: HttpFault = { kind: 'misconfigured', code: checked.code, transient: false };
    return conclude(question, tools.redact, { ...NOTHING, fault }, []);
  }
  const deadline = startDeadline(question.deadlineMs, question.signal);
  try {
    const { last, tries } = await askAt(question, checked.url, tools, deadline.signal);
    return conclude(question, tools.redact, last, tries);
  } finally {
    deadline.clear();
  }
}

interface Asked {
  readonly last: TryResult;
  readonly tries: readonly HttpTry[];
}

async function askAt(
  question: HttpQuestion,
  url: URL,
  tools: HttpTools,
  deadline: AbortSignal,
): Promise<Asked> {
  let client: HttpClient;
  try {
    client = clientOf(url, question.ca, deadline);
  } catch (error) {
    return { last: { ...NOTHING, fault: faultOfError(error) }, tries: [] };
  }
  try {
    return await tryUntilAnswered(question, url, tools, client, deadline);
  } finally {
    await client.destroy(ASKED);
  }
}

/** Why a connection ends whose question was answered or given up. One for all: undici makes one of its own, with a stack, for each. */
const ASKED = new Error('the question was asked');

/** @throws undici's InvalidArgumentError where Node's own settings are none that it takes */
function clientOf({ origin }: URL, ca: string | undefined, deadline: AbortSignal): HttpClient {
  return new Client(origin, {
    allowH2: false,
    // One deadline covers everything; these would only be others.
    headersTimeout: 0,
    bodyTimeout: 0,
    connect: {
      timeout: 0,
      // undici ends no connection that is still being set up: neither when a request is aborted nor by destroy().
      signal: deadline,
      lookup: lookupWithoutLinkLocal,
      ...(ca === undefined ? {} : { ca }),
    },
  });
}

async function tryUntilAnswered(
  question: HttpQuestion,
  url: URL,
  { wait = waitFor }: HttpTools,
  client: HttpClient,
  deadline: AbortSignal,
): Promise<Asked> {
  const endsAt = performance.now() + question.deadlineMs;
  const asked: HttpRequest = {
    url,
    method: question.method,
    headers: headersOf(question),
    body: question.body,
    maxBytes: question.maxBytes,
    expectStatus: question.expectStatus,
  };
  const repeatable = question.repeatable ?? (question.method === 'GET' || question.method === 'HEAD');
  const tries: HttpTry[] = [];
  for (;;) {
    const startedAt = new Date().toISOString();
    const began = performance.now();
    const last = await tryHttp(asked, client, deadline);
    question.signal.throwIfAborted();
    tries.push({
      startedAt,
      durationMs: Math.round(performance.now() - began),
      outcome: last.fault?.code ?? 'answered',
      status: last.status,
    });
    if (last.fault?.transient !== true || !repeatable) return { last, tries };
    const waitMs = waitBefore(tries.length, last);
    if (performance.now() + waitMs >= endsAt) return { last, tries };
    await wait(waitMs, question.signal);
    question.signal.throwIfAborted();
  }
}

/** Retry-After where the system is asked less often; else 100 ms, doubled each time up to 2 s. */
function waitBefore(tried: number, { fault, retryAfterMs }: TryResult): number {
  const backoffMs = Math.min(MAX_BACKOFF_MS, FIRST_BACKOFF_MS * 2 ** Math.min(tried - 1, 10));
  return fault?.code === 'http_rate_limited' ? Math.max(retryAfterMs ?? 0, backoffMs) : backoffMs;
}

async function waitFor(ms: number, signal: AbortSignal): Promise<void> {
  // Aborting ends the wait; the caller throws the signal's own reason.
  await sleep(ms, undefined, { signal }).catch(() => undefined);
}

function headersOf({ headers, bearer }: HttpQuestion): Readonly<Record<string, string>> {
  const lower = Object.entries(headers).map(([name, value]) => [name.toLowerCase(), value] as const);
  return {
    ...Object.fromEntries(lower),
    'accept-encoding': 'identity',
    ...(bearer === undefined ? {} : { authorization: `Bearer ${bearer}` }),
  };
}

function conclude(
  { method, url }: HttpQuestion,
  redact: Redactor,
  { fault, status, body: raw, cut }: TryResult,
  tries: readonly HttpTry[],
): HttpAnswer {
  const { bytes: body, ...counts } = redact.bytes(raw, { cut });
  const came = { body, ...counts, tries };
  if (fault === undefined) return { kind: 'answered', status: status ?? 0, ...came };
  const before = tries.slice(0, -1).map(({ outcome }) => outcome);
  const detail = [
    `${method} ${shownUrl(url)}: ${fault.code}`,
    status === undefined ? '' : `, status ${status}`,
    before.length === 0 ? '' : `, after ${before.length} more tries (${before.at(-1) ?? ''})`,
    body.byteLength === 0 ? '' : `: ${Buffer.from(body).toString('utf8')}`,
  ].join('');
  return { kind: fault.kind, code: fault.code, detail: oneLine(detail, redact), status, ...came };
}
