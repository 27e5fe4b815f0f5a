export type RehearsalErrorCode =
  /** The folder already holds something, or its path can't stand in a command line. */
  | 'folder_unusable'
  | 'git_failed'
  /** The shipped runbook lacks a part that rehearsals change. */
  | 'runbook_unusable'
  | 'port_unusable';

/** A rehearsal could not be set up. */
export class RehearsalError extends Error {
  readonly code: RehearsalErrorCode;
  constructor(code: RehearsalErrorCode, message: string, cause?: unknown) {
    super(message, { cause });
    this.name = 'RehearsalError';
    this.code = code;
  }
}
