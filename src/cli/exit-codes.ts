import { isBeforePromoting, type End, type Phase } from '../domain/phase.js';
import type { ClientErrorCode } from '../client.js';
import type { EngineErrorCode } from '../engine/engine.js';

/** docs/reference/command-line.md. 130 is what shells say of a process that was interrupted. */
export const EXIT = {
  done: 0,
  held: 1,
  badInput: 2,
  rolledBack: 3,
  rollbackFailed: 4,
  outOfReach: 5,
  interrupted: 130,
} as const;
export type ExitCode = (typeof EXIT)[keyof typeof EXIT];

/** How a promotion ended, as an exit code. */
export function exitOfEnd(end: End | 'rollback-failed'): ExitCode {
  switch (end) {
    case 'promoted':
      return EXIT.done;
    case 'promoted-with-warnings':
    case 'stopped':
    case 'rejected':
    case 'expired':
    case 'aborted':
    // It had changed nothing when it was ended from outside.
    case 'abandoned':
      return EXIT.held;
    case 'rolled-back':
      return EXIT.rolledBack;
    case 'rollback-failed':
    case 'rollback-acknowledged':
      return EXIT.rollbackFailed;
    default:
      return end satisfies never;
  }
}

/** Terminated from outside: nobody rolls back any more what it may have promoted. */
export function exitOfAbandoned(phase: Phase | End): ExitCode {
  return isBeforePromoting(phase) ? EXIT.held : EXIT.rollbackFailed;
}

export function exitOfClientError(code: ClientErrorCode): ExitCode {
  switch (code) {
    case 'not_open':
    case 'already_running':
    case 'refused':
      return EXIT.held;
    case 'not_found':
    case 'misconfigured':
      return EXIT.badInput;
    case 'no_worker':
    case 'unreachable':
    case 'unknown_outcome':
      return EXIT.outOfReach;
    default:
      return code satisfies never;
  }
}

export function exitOfEngineError(code: EngineErrorCode): ExitCode {
  return code === 'address_invalid' || code === 'executable_unusable' ? EXIT.badInput : EXIT.outOfReach;
}
