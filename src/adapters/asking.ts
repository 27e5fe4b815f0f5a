import type { RunRecord } from '../contracts/run-record.js';
import type { Command, HttpRequest } from '../contracts/runbook-question.js';
import type { Sessions } from './sessions.js';

/** With what a question is asked: secrets and environment stay here, on the worker. */
export interface Asking {
  readonly secrets: Readonly<Record<string, string>>;
  /** The worker's own environment; a command gets PATH, HOME and what its runbook names. */
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly signal: AbortSignal;
  /** The commit that is promoted, which `${commit}` stands for; undefined where nothing is. */
  readonly commit: string | undefined;
  /** Tokens of sessions that were opened; left out: none is kept beyond the question. */
  readonly sessions?: Sessions;
  /** For a step that acts: what it acts on. Its command finds it in PROMOTION_… variables, its
   * request has it in promotion-… headers. */
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
  /** For HTTP: asked again after a transient fault. Left out: for GET and HEAD only. */
  readonly repeatable?: boolean | undefined;
  /** For a command: told once it runs; not told where it could not be started. */
  readonly onStarted?: (() => void) | undefined;
}

/** Run and step, never the attempt: who sees the key twice has done it already. */
export function idempotencyKey({ record, step, again }: StepContext): string {
  return `${record.run}/${step}${again === undefined ? '' : `/${again}`}`;
}
