/** What went wrong while finding or starting a Temporal server. */
export type EngineErrorCode =
  | 'address_invalid'
  | 'server_unreachable'
  | 'executable_unusable'
  | 'platform_unsupported'
  | 'download_failed'
  | 'digest_mismatch'
  | 'no_server'
  | 'port_in_use'
  | 'start_failed'
  | 'start_panicked'
  | 'not_ready'
  | 'locked'
  | 'state_unreadable';

/** The one error of this layer: a code, a line that says what to do, and the foreign error as `cause`. */
export class EngineError extends Error {
  readonly code: EngineErrorCode;

  constructor(code: EngineErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.name = 'EngineError';
    this.code = code;
  }
}

/** The code of a system error such as ENOENT, or undefined. */
export function systemCode(thrown: unknown): string | undefined {
  return thrown instanceof Error && 'code' in thrown && typeof thrown.code === 'string'
    ? thrown.code
    : undefined;
}

/** The message of anything that was thrown, on one line. */
export function reasonOf(thrown: unknown): string {
  const message = thrown instanceof Error ? thrown.message : String(thrown);
  return message.replaceAll(/\s*\n\s*/g, ' ').trim();
}
