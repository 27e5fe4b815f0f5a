export type SignatureErrorCode =
  | 'ssh_keygen_missing'
  | 'ssh_keygen_timeout'
  | 'ssh_keygen_failed'
  | 'io'
  | 'no_such_key'
  | 'agent_has_not_this_key'
  | 'passphrase_needed'
  | 'signing_failed';

const RETRYABLE: ReadonlySet<SignatureErrorCode> = new Set(['ssh_keygen_timeout', 'io']);

/**
 * The one error of this layer: nothing was signed, or nothing is known of a signature. A signature that is refused is an
 * answer and no error. One line: what, and what to do.
 */
export class SignatureError extends Error {
  readonly code: SignatureErrorCode;
  /** Asking again may help. */
  readonly retryable: boolean;

  constructor(code: SignatureErrorCode, message: string, options: ErrorOptions = {}) {
    super(message, options);
    this.name = 'SignatureError';
    this.code = code;
    this.retryable = RETRYABLE.has(code);
  }
}
