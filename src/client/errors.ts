export type ClientErrorCode =
  /** No promotion of that target is known. */
  | 'not_found'
  /** It has ended: nothing can be decided or ordered any more. */
  | 'not_open'
  | 'already_running'
  /** The server took the question, and no worker answered in time. */
  | 'no_worker'
  | 'unreachable'
  /** Credentials or a namespace that the server does not take. */
  | 'misconfigured'
  /** The server or the workflow says no, with its reason. */
  | 'refused'
  /** It may or may not have been taken: the same command again is safe. */
  | 'unknown_outcome';

/** Everything that goes wrong between a command and Temporal: one line that says what, and what to do. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export function unknownOutcome(what: string, cause: unknown): ClientError {
  return new ClientError('unknown_outcome', `unknown ${what}: repeat this same command`, cause);
}
