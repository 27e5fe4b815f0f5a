import type { RunRecord } from '../contracts/run-record.js';
import type { Command, HttpRequest } from '../contracts/runbook.js';
import type { OwnReasonCode } from '../domain/reason-codes/catalogue.js';
import { commandEnvironment } from './command-environment.js';
import { runCommand } from './command-probe.js';
import { probeHttp } from './http-probe.js';
import { createRedactor } from './redaction.js';
import { openText } from './runbook/substitute.js';

/** With what a question is asked: secrets and environment stay here, on the worker. */
export interface Asking {
  readonly secrets: Readonly<Record<string, string>>;
  /** The worker's own environment; a command gets PATH, HOME and what its runbook names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** For a step that acts: what it acts on. Its command finds it in PROMOTION_… variables, a request carries its key. */
  readonly step?: StepContext | undefined;
}

/** What a step acts on, and under which key: the same for every attempt. */
export interface StepContext {
  readonly record: Pick<RunRecord, 'run' | 'target' | 'commit'>;
  readonly step: string;
  /** Where the same step is meant to act once more, e.g. in the rollback's second attempt; undefined for the first time. */
  readonly again: string | undefined;
}

export interface Question {
  readonly http: HttpRequest | undefined;
  readonly command: Command | undefined;
  readonly deadlineMs: number;
  readonly maxBytes: number;
  /** For a command whose answer is what it does: its output may be empty. */
  readonly outputOptional?: boolean;
  /** For HTTP: the statuses that are an answer. Left out: 200–299. */
  readonly expectStatus?: readonly number[] | undefined;
  /** For HTTP: asked again after a transient fault. Left out: for GET only. */
  readonly repeatable?: boolean | undefined;
}

/** What came of a question, redacted. */
export type Probed = {
  readonly body: Uint8Array;
  readonly stderr: Uint8Array;
  /** Empty where nothing was asked at all. */
  readonly tries: readonly {
    readonly startedAt: string;
    readonly durationMs: number;
    readonly outcome: string;
  }[];
  readonly redactions: Readonly<Record<string, number>>;
  /** Of the last HTTP answer, whatever it means. */
  readonly status: number | undefined;
  /** Of a command that ended by itself. */
  readonly exitCode: number | undefined;
} & (
  | { readonly kind: 'answered' }
  | {
      readonly kind: 'unreachable' | 'malformed' | 'misconfigured';
      readonly code: OwnReasonCode;
      readonly detail: string;
    }
);

const NOTHING = new Uint8Array();

/** Asks by HTTP or by command, as the runbook says. Never follows, never guesses; every answer is bounded. */
export async function probe(question: Question, asking: Asking): Promise<Probed> {
  const redact = createRedactor(asking.secrets);
  if (question.http !== undefined) {
    const answer = await probeHttp(httpQuestion(question, question.http, asking), { redact });
    const tries = answer.tries.map(({ startedAt, durationMs, outcome }) => ({
      startedAt,
      durationMs,
      outcome,
    }));
    const { body, redactions, status } = answer;
    const came = { body, stderr: NOTHING, tries, redactions, status, exitCode: undefined };
    return answer.kind === 'answered'
      ? { ...came, kind: 'answered' }
      : { ...came, kind: answer.kind, code: answer.code, detail: answer.detail };
  }
  if (question.command === undefined)
    return {
      kind: 'misconfigured',
      code: 'no_question',
      detail: 'nothing is asked',
      body: NOTHING,
      stderr: NOTHING,
      tries: [],
      redactions: {},
      status: undefined,
      exitCode: undefined,
    };
  return runBounded(question, question.command, asking);
}

function httpQuestion(
  question: Question,
  http: HttpRequest,
  { secrets, signal, step }: Asking,
): Parameters<typeof probeHttp>[0] {
  const headers: Record<string, string> = {};
  if (http.json !== undefined) headers['content-type'] = 'application/json';
  for (const [name, value] of Object.entries(http.headers)) headers[name] = openText(value, secrets);
  if (step !== undefined && http.method !== 'GET') headers['idempotency-key'] = idempotencyKey(step);
  const json = http.json === undefined ? undefined : JSON.stringify(openJson(http.json, secrets));
  return {
    url: http.url,
    method: http.method,
    headers,
    body: json,
    bearer: http.bearer === undefined ? undefined : openText(http.bearer, secrets),
    // The runbook's own address and no other: nothing that an answer says leads anywhere else.
    allowedOrigins: originOf(http.url),
    deadlineMs: question.deadlineMs,
    maxBytes: question.maxBytes,
    signal,
    ...(question.expectStatus === undefined ? {} : { expectStatus: question.expectStatus }),
    ...(question.repeatable === undefined ? {} : { repeatable: question.repeatable }),
  };
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

async function runBounded(question: Question, command: Command, asking: Asking): Promise<Probed> {
  const startedAt = new Date().toISOString();
  const began = performance.now();
  const answer = await runCommand(
    {
      argv: command.argv,
      cwd: command.workingDirectory,
      env: {
        ...commandEnvironment(asking.environment, command.environment),
        ...stepEnvironment(asking.step),
      },
      deadlineMs: question.deadlineMs,
      maxBytes: question.maxBytes,
      signal: asking.signal,
      requireOutput: question.outputOptional !== true,
    },
    { redact: createRedactor(asking.secrets) },
  );
  const durationMs = Math.round(performance.now() - began);
  const outcome = answer.kind === 'answered' ? 'answered' : answer.code;
  const came = {
    body: answer.stdout,
    stderr: answer.stderr,
    tries: [{ startedAt, durationMs, outcome }],
    redactions: sum(answer.redactions.stdout, answer.redactions.stderr),
    status: undefined,
    exitCode: answer.exitCode,
  };
  return answer.kind === 'answered'
    ? { ...came, kind: 'answered' }
    : { ...came, kind: answer.kind, code: answer.code, detail: answer.detail };
}

function sum(...counts: readonly Readonly<Record<string, number>>[]): Record<string, number> {
  const total: Record<string, number> = {};
  for (const [name, count] of counts.flatMap((each) => Object.entries(each)))
    total[name] = (total[name] ?? 0) + count;
  return total;
}

function stepEnvironment(context: StepContext | undefined): Record<string, string> {
  if (context === undefined) return {};
  const { run, target, commit } = context.record;
  return {
    PROMOTION_RUN: run,
    PROMOTION_TARGET: target,
    PROMOTION_COMMIT: commit,
    PROMOTION_STEP: context.step,
    PROMOTION_IDEMPOTENCY_KEY: idempotencyKey(context),
  };
}

/** Run and step, never the attempt: who sees the key twice has done it already. */
function idempotencyKey({ record, step, again }: StepContext): string {
  return `${record.run}/${step}${again === undefined ? '' : `/${again}`}`;
}
