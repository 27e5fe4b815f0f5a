import type { End } from '../domain/phase.js';
import type { TriggerCode } from '../domain/triggers.js';
import type { Condition } from './condition.js';
import type { Timings } from './timings.js';

/** What a scenario can wait for. Nothing in it follows a clock, so the same promotion always meets the same Tau. */
export type Happening =
  /** The environment branch is no longer where it was at the start: something was promoted. */
  | 'branch-moved'
  /** The live gateway's own state says stopped. */
  | 'gateway-stopped';

/** What is asked over HTTP. */
export type Surface = 'gateway-status' | 'cortex-status' | 'cortex-chat';

export type Misbehaviour =
  | { readonly kind: 'error'; readonly status: 401 | 429 | 500; readonly retryAfterSeconds?: number }
  /** Takes the question and never answers. */
  | { readonly kind: 'hang' }
  /** Cuts the connection. */
  | { readonly kind: 'cut' }
  /** Answers 200 with text and with JSON of another shape, in turn. */
  | { readonly kind: 'malformed' };

/** An HTTP surface that misbehaves: from `after` on, until `until`, in its first `answers` answers. */
export interface Fault {
  readonly surfaces: readonly Surface[];
  readonly does: Misbehaviour;
  readonly after?: Happening;
  readonly until?: Happening;
  readonly answers?: number;
}

/** State files that change, once, when something has happened. */
export interface Turn {
  readonly after: Happening;
  readonly into: Condition;
}

export interface Expected {
  readonly end: End | 'rollback-failed';
  /** Of `promote rehearse` and `promote follow`. */
  readonly exitCode: 0 | 1 | 3 | 4;
  /** Why it rolled back, where it did. */
  readonly trigger?: TriggerCode;
  /** Why it stopped, where it did. */
  readonly reason?: string;
}

/** How the stand-in Tau behaves during one promotion, as data. */
export interface Scenario {
  readonly name: string;
  /** One sentence for a person. */
  readonly description: string;
  readonly expected: Expected;
  /** How the state files differ from healthy ones at the start. */
  readonly begins?: Condition;
  readonly turns?: readonly Turn[];
  readonly faults?: readonly Fault[];
  /** How long every answer takes, of HTTP and of commands. */
  readonly delayMs?: number;
  /** Someone else's push reaches the environment branch right before ours. */
  readonly rival?: true;
  readonly runbook?: RunbookChange;
  /** Whose directory the other one is. Left out: a copy of the live gateway's, the same up to its last transition. */
  readonly elsewhere?: 'another-gateway';
  readonly timings?: Partial<Timings>;
}

export type RunbookChange =
  /** The stop step works in another directory, with a state of its own. */
  | 'stop-in-another-directory'
  /** A second promotion step, which fails. */
  | 'failing-second-step';
