import type { ProcessEnd } from './process-group.js';

export type CommandCode =
  | 'command_usage'
  | 'command_not_found'
  | 'command_not_executable'
  | 'command_bad_argument'
  | 'command_environment_refused'
  | 'working_directory_missing'
  | 'command_failed'
  | 'command_timeout'
  | 'command_no_output'
  | 'command_output_too_large';

/** What the end of a command means. `why` is for a person and holds nothing that the command said. */
export type Outcome = { readonly kind: 'answered' } | NoAnswer;

interface NoAnswer {
  readonly kind: 'unreachable' | 'malformed' | 'misconfigured';
  readonly code: CommandCode;
  readonly why: string;
  readonly exitCode: number | undefined;
}

interface Limits {
  readonly deadlineMs: number;
  readonly maxBytes: number;
  readonly requireOutput?: boolean;
}

/**
 * docs/reference/rules.md, "Observations": 0 with output answers, 2 is usage, every other status, signal and silence is
 * no answer.
 */
export function outcomeOf(end: ProcessEnd, stdout: Uint8Array, limits: Limits): Outcome {
  switch (end.kind) {
    case 'killed':
      return unreachable('command_failed', `killed by ${end.signal}`, undefined);
    case 'deadline':
      return unreachable('command_timeout', `killed after ${limits.deadlineMs} ms`, undefined);
    case 'aborted':
      return unreachable('command_failed', 'cancelled', undefined);
    case 'too_large':
      return {
        kind: 'malformed',
        code: 'command_output_too_large',
        why: `killed after printing over ${limits.maxBytes} bytes`,
        exitCode: undefined,
      };
    case 'not_started':
      return outcomeOfStartError(end.cause);
    case 'exited':
    default:
      return outcomeOfExit(end.exitCode, stdout, limits);
  }
}

export function misconfigured(code: CommandCode, why: string, exitCode?: number): NoAnswer {
  return { kind: 'misconfigured', code, why, exitCode };
}

function unreachable(code: CommandCode, why: string, exitCode: number | undefined): NoAnswer {
  return { kind: 'unreachable', code, why, exitCode };
}

function outcomeOfExit(exitCode: number, stdout: Uint8Array, { requireOutput }: Limits): Outcome {
  if (exitCode === 2) return misconfigured('command_usage', 'exit 2, a usage error', 2);
  if (exitCode !== 0) return unreachable('command_failed', `exit ${exitCode}`, exitCode);
  if (requireOutput !== false && Buffer.from(stdout).toString('latin1').trim() === '') {
    return unreachable('command_no_output', 'exit 0, but it printed nothing', 0);
  }
  return { kind: 'answered' };
}

/** The file was there a moment ago; a script whose interpreter is missing ends here too. */
function outcomeOfStartError(cause: unknown): Outcome {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  if (code === 'ENOENT') {
    return misconfigured('command_not_found', 'it, or the interpreter that it names, is missing');
  }
  if (code === 'EACCES' || code === 'EPERM' || code === 'ENOEXEC') {
    return misconfigured('command_not_executable', `could not be executed (${code})`);
  }
  if (code === 'E2BIG' || code.startsWith('ERR_INVALID_ARG')) {
    return misconfigured('command_bad_argument', `its arguments or environment were refused (${code})`);
  }
  return unreachable('command_failed', `could not be started (${code})`, undefined);
}
