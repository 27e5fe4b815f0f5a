import type { Command, HttpRequest } from '../contracts/runbook-question.js';
import { COMMIT, referencesIn } from '../contracts/variable-references.js';
import { idempotencyKey, type Asking, type Question, type StepContext } from './asking.js';
import type { OwnReasonCode } from '../domain/reason-codes/catalogue.js';
import { commandEnvironment } from './command-environment.js';
import { runCommand } from './command-probe.js';
import { namedLikeSecrets } from './known-secrets.js';
import type * as httpAsking from './http-asking.js';
import { lateRedactor } from './redaction.js';

export type { Asking, Question } from './asking.js';

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
  /** Markers that were put into body and stderr. */
  readonly redactions: Readonly<Record<string, number>>;
  /** Markers that stood in them before. */
  readonly presentBefore: Readonly<Record<string, number>>;
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

/** Loaded once, and again where that failed. */
let loading: Promise<typeof httpAsking> | undefined;

async function loadAsking(): Promise<typeof httpAsking> {
  loading ??= import('./http-asking.js');
  try {
    return await loading;
  } catch (error) {
    loading = undefined;
    throw error;
  }
}

/** Asks by HTTP or by command, as the runbook says. Never follows, never guesses; every answer is bounded. */
export async function probe(question: Question, asking: Asking): Promise<Probed> {
  if (question.http !== undefined && asking.commit === undefined && asksAboutCommit(question.http))
    return notAsked(
      'commit_not_named',
      'it asks about the commit that is promoted, and there is none: name one, as validate --commit does',
    );
  if (question.http !== undefined) {
    // Loaded when it is first needed: a command that is asked beside it has started by then.
    const { askHttp } = await loadAsking();
    const answer = await askHttp(question, question.http, asking);
    const tries = answer.tries.map(({ startedAt, durationMs, outcome }) => ({
      startedAt,
      durationMs,
      outcome,
    }));
    const { body, redactions, presentBefore, status } = answer;
    const came = { body, stderr: NOTHING, tries, redactions, presentBefore, status, exitCode: undefined };
    return answer.kind === 'answered'
      ? { ...came, kind: 'answered' }
      : { ...came, kind: answer.kind, code: answer.code, detail: answer.detail };
  }
  if (question.command === undefined) return notAsked('no_question', 'nothing is asked');
  return runBounded(question, question.command, asking);
}

function notAsked(code: OwnReasonCode, detail: string): Probed {
  return {
    kind: 'misconfigured',
    code,
    detail,
    body: NOTHING,
    stderr: NOTHING,
    tries: [],
    redactions: {},
    presentBefore: {},
    status: undefined,
    exitCode: undefined,
  };
}

function asksAboutCommit(http: HttpRequest): boolean {
  return referencesIn(JSON.stringify(http)).includes(COMMIT);
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
        ...(asking.commit === undefined ? {} : { PROMOTION_COMMIT: asking.commit }),
        ...stepEnvironment(asking.step),
      },
      deadlineMs: question.deadlineMs,
      maxBytes: command.maxBytes ?? question.maxBytes,
      signal: asking.signal,
      requireOutput: question.outputOptional !== true,
      onStarted: question.onStarted,
    },
    { redact: lateRedactor(() => secretsOf(command, asking)) },
  );
  const durationMs = Math.round(performance.now() - began);
  const outcome = answer.kind === 'answered' ? 'answered' : answer.code;
  const came = {
    body: answer.stdout,
    stderr: answer.stderr,
    tries: [{ startedAt, durationMs, outcome }],
    redactions: sum(answer.redactions.stdout, answer.redactions.stderr),
    presentBefore: sum(answer.presentBefore.stdout, answer.presentBefore.stderr),
    status: undefined,
    exitCode: answer.exitCode,
  };
  return answer.kind === 'answered'
    ? { ...came, kind: 'answered' }
    : { ...came, kind: answer.kind, code: answer.code, detail: answer.detail };
}

/** The runbook's, every session's, and what the command is handed of the environment under a name like a secret's. */
function secretsOf(
  { environment: named }: Command,
  { secrets, sessions, environment }: Asking,
): Record<string, string> {
  const others = { ...secrets, ...sessions?.known() };
  const handed = Object.fromEntries(named.map((name) => [name, environment[name]]));
  // The runbook's own names first: what has two is called by the first.
  return { ...others, ...namedLikeSecrets(handed, Object.keys(others)), ...others };
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
