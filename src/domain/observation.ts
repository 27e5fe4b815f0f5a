import type { Posture } from './posture.js';
import type { OwnReasonCode } from './reason-codes/catalogue.js';

/**
 * One answer to one question, of four kinds (docs/reference/rules.md, "Observations").
 *
 * - `answered`: the system gave a posture.
 * - `unreachable`: no answer came: refused, timed out, cut, 408, 425, 429, 5xx; a command that failed or said nothing.
 * - `malformed`: an answer outside the contract.
 * - `misconfigured`: the question itself is wrong: 3xx, other 4xx, no such command, usage error.
 */
export type Observation = Answered | NotAnswered;

export interface Answered {
  readonly kind: 'answered';
  readonly posture: Posture;
  /** The system's own recommendations, as it gave them. */
  readonly recommendations: readonly string[];
}

export interface NotAnswered {
  readonly kind: 'unreachable' | 'malformed' | 'misconfigured';
  readonly code: SilenceCode;
  /** One line for a person; holds no secret. */
  readonly detail: string;
}

/** Our reason code, e.g. `http_timeout`; of what is derived, `part:code`. */
export type SilenceCode = OwnReasonCode | `${string}:${string}`;

export type ObservationKind = Observation['kind'];
