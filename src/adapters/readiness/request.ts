import type { ReadinessExpectations } from '../../tau/readiness.js';
import type { Credentials, ReadinessAuth } from './credentials.js';

export interface ReadinessRequest {
  /** As it was given. */
  readonly baseUrl: string;
  readonly auth: ReadinessAuth;
  /** Of `auth`, in this environment. */
  readonly credentials: Credentials;
  readonly expectations: ReadinessExpectations;
  /** Of each question; a session's token counts with the question that it is for. */
  readonly timeoutMs: number;
  readonly operator: { readonly command: readonly string[]; readonly workingDirectory: string };
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** Its reason is thrown. */
  readonly signal: AbortSignal;
  /** Whether the deployment is asked too, for the record alone: the validator does not judge it. */
  readonly withDeployment: boolean;
}
