import { createLogUpdate } from 'log-update';

import { ClientError, type PromotionClient, type PromotionStatus } from '../client.js';
import type { Concern } from '../domain/ownership.js';
import type { End, Phase } from '../domain/phase.js';
import type { LogLine, PromotionResult } from '../domain/messages.js';
import { pause } from './context.js';
import { EXIT, exitOfAbandoned, exitOfEnd, type ExitCode } from './exit-codes.js';
import { plain, type Output } from './output.js';
import { concernLines, liveLines } from './render.js';
import { reasonLines, reasonsOf } from './reason-codes.js';
import { gatesOf, isOpen, lastPhaseOf } from './status-document.js';

export interface FollowOptions {
  readonly target: string;
  /** The run to follow; the latest one where it is undefined. */
  readonly runId: string | undefined;
  /** A new connection: a restarted server may be at another address. */
  readonly connect: () => Promise<PromotionClient>;
  readonly output: Output;
  readonly signal: AbortSignal;
  /** How long a server may be away. */
  readonly patienceMs: number;
  /** Returns when a rollback failed, too, instead of waiting for a person's order. */
  readonly untilSettled: boolean;
  /** Called with each answer, before the next one is asked for; `clear` makes room on the screen for a question. */
  readonly onStatus?: (client: PromotionClient, status: PromotionStatus, clear: () => void) => Promise<void>;
}

export type Followed = { readonly runId: string; readonly commit: string; readonly exitCode: ExitCode } & (
  | {
      readonly kind: 'ended';
      readonly result: PromotionResult;
      /** None where another promotion has taken its place meanwhile: its evidence names them. */
      readonly concerns: readonly Concern[];
    }
  | { readonly kind: 'abandoned'; readonly phase: Phase | End }
  /** Its rollback failed, and it waits for a person. */
  | { readonly kind: 'unsettled'; readonly status: PromotionStatus }
);

/** Of a command by hand or a detail: it has to be whole. */
const WHOLE = 4_096;
const POLL_MS = 300;
const SLOWEST_POLL_MS = 1_500;
const RECONNECT_MS = 1_000;

/**
 * Follows one promotion to its end, a line an event, over restarts of worker and server.
 * @throws ClientError when the server stays away; Interrupted on the signal
 */
export async function followPromotion(options: FollowOptions): Promise<Followed> {
  const { output, signal, target } = options;
  const screen = createScreen(output);
  const link = new Link(options, (line) => screen.print(line));
  const told = new Told(output, (line) => screen.print(line));
  let { runId } = options;
  let pollMs = POLL_MS;
  try {
    for (;;) {
      const status = await link.ask((client) => client.status(target));
      runId ??= status.runId;
      if (status.runId !== runId) return await ended(link, options, runId, status.memo.commit, []);
      const news = told.status(status);
      screen.show(liveLines(output, status, Date.now()));
      if (!isOpen(status)) {
        if (status.execution === 'COMPLETED')
          return await ended(link, options, runId, status.memo.commit, status.memo.concerns);
        const phase = lastPhaseOf(status);
        return {
          kind: 'abandoned',
          phase,
          runId,
          commit: status.memo.commit,
          exitCode: exitOfAbandoned(phase),
        };
      }
      if (options.untilSettled && lastPhaseOf(status) === 'rollback-failed')
        return {
          kind: 'unsettled',
          status,
          runId,
          commit: status.memo.commit,
          exitCode: EXIT.rollbackFailed,
        };
      const { onStatus } = options;
      if (onStatus !== undefined) await link.ask((client) => onStatus(client, status, screen.clear));
      pollMs = news ? POLL_MS : Math.min(SLOWEST_POLL_MS, Math.ceil(pollMs * 1.2));
      await pause(
        pollMs,
        signal,
        `no longer following; the promotion goes on: \`promote follow ${target}\` shows it again`,
      );
    }
  } finally {
    screen.end();
    await link.close();
  }
}

async function ended(
  link: Link,
  { target }: FollowOptions,
  runId: string,
  commit: string,
  concerns: readonly Concern[],
): Promise<Followed> {
  const result = await link.ask((client) => client.result(target, runId));
  return { kind: 'ended', result, concerns, runId, commit, exitCode: exitOfEnd(result.end) };
}

/** Lines of the log that tell what gates answered. */
const ANSWERS: ReadonlySet<string> = new Set(['round-closed', 'preflight-closed', 'sampled']);

/** What a follower says for people, and as JSON lines. */
class Told {
  readonly #output: Output;
  readonly #print: (line: string) => void;
  #seq = 0;
  #answers = true;
  #failed = false;
  #blocked = '';
  readonly #explained = new Set<string>();

  constructor(output: Output, print: (line: string) => void) {
    this.#output = output;
    this.#print = print;
  }

  /** True when there was something new. */
  status(status: PromotionStatus): boolean {
    const { target, view, memo, rollback, workerAnswers, blocked } = status;
    const fresh = (view?.log ?? []).filter(({ seq }) => seq > this.#seq);
    const skipped = (fresh[0]?.seq ?? this.#seq + 1) - this.#seq - 1;
    if (skipped > 0) this.#print(`… ${skipped} earlier lines are in the evidence`);
    for (const line of fresh) this.#line(line);
    if (fresh.some(({ kind }) => ANSWERS.has(kind))) this.#reasons(status);
    this.#seq = fresh.at(-1)?.seq ?? this.#seq;
    if (workerAnswers !== this.#answers && (view !== undefined || !workerAnswers)) {
      this.#answers = workerAnswers;
      this.#print(
        workerAnswers ? 'a worker answers again' : `no worker answers; Temporal recorded last: ${memo.phase}`,
      );
    }
    const cause = blocked?.cause ?? '';
    if (cause !== this.#blocked && cause !== '') this.#print(`blocked: ${plain(cause)}`);
    this.#blocked = cause;
    const failed = (view?.phase ?? memo.phase) === 'rollback-failed';
    if (failed && !this.#failed) {
      this.#rollbackFailed(target, rollback);
      for (const line of concernLines(view?.concerns ?? memo.concerns)) this.#print(`call ${line}`);
    }
    this.#failed = failed;
    return fresh.length > 0;
  }

  /** What each step said, and what is left to do, as commands. */
  #rollbackFailed(target: string, steps: PromotionStatus['rollback']): void {
    this.#output.document({ type: 'rollback-failed', target, steps });
    for (const { step, tried, byHand } of steps) {
      if (tried === null) continue;
      const said = tried.verified ? 'verified' : `${tried.code}: ${tried.detail}`;
      this.#print(`${step}: ${plain(said, WHOLE)}`);
      for (const command of byHand) this.#print(`  by hand: ${plain(command, WHOLE)}`);
    }
    this.#print(
      `the rollback failed and needs a person: \`promote retry-rollback ${target} --reason …\` or \`promote acknowledge ${target} --reason …\``,
    );
  }

  /** What the codes of what holds mean, each once a promotion. */
  #reasons(status: PromotionStatus): void {
    const news = reasonsOf(gatesOf(status)).filter(({ code }) => !this.#explained.has(code));
    for (const { code } of news) this.#explained.add(code);
    if (this.#output.json) return;
    for (const line of reasonLines(this.#output, news)) this.#print(`          ${line}`);
  }

  #line({ seq, at, kind, text }: LogLine): void {
    const time = new Date(at).toISOString();
    this.#output.document({ type: 'log', seq, at: time, kind, text });
    if (!this.#output.json) this.#print(`${this.#output.paint('dim', time.slice(11, 19))}  ${plain(text)}`);
  }
}

/** One connection, made anew when the server went away. Told once, retried for a bounded time. */
class Link {
  readonly #options: FollowOptions;
  readonly #print: (line: string) => void;
  #client: PromotionClient | undefined;

  constructor(options: FollowOptions, print: (line: string) => void) {
    this.#options = options;
    this.#print = print;
  }

  async ask<T>(question: (client: PromotionClient) => Promise<T>): Promise<T> {
    const { patienceMs, signal, target } = this.#options;
    let lostAt: number | undefined;
    for (;;) {
      try {
        this.#client ??= await this.#options.connect();
        const answer = await question(this.#client);
        if (lostAt !== undefined) this.#print('Temporal answers again');
        return answer;
      } catch (error) {
        if (!isOutage(error)) throw error;
        await this.close();
        if (lostAt === undefined)
          this.#print(`${error.message} (trying again for ${Math.ceil(patienceMs / 1_000)} s)`);
        lostAt ??= Date.now();
        if (Date.now() - lostAt >= patienceMs) throw error;
        await pause(RECONNECT_MS, signal, `no longer following; \`promote follow ${target}\` shows it again`);
      }
    }
  }

  async close(): Promise<void> {
    const client = this.#client;
    this.#client = undefined;
    await client?.close().catch(() => undefined);
  }
}

function isOutage(error: unknown): error is Error {
  if (error instanceof ClientError) return error.code === 'unreachable' || error.code === 'unknown_outcome';
  return error instanceof Error && error.name === 'EngineError';
}

interface Screen {
  /** A line that stays. */
  print(line: string): void;
  /** What is below the lines, until the next call. */
  show(lines: readonly string[]): void;
  readonly clear: () => void;
  end(): void;
}

function createScreen(output: Output): Screen {
  if (!output.live)
    return {
      print: (line) => output.say(line),
      show: () => undefined,
      clear: () => undefined,
      end: () => undefined,
    };
  const update = createLogUpdate(process.stdout);
  return {
    print: (line) => update.persist(line),
    show: (lines) => update(lines.join('\n')),
    clear: () => update.clear(),
    end: () => update.done(),
  };
}
