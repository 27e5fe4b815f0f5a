import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { locateCommand } from './find-on-path.js';
import { oneLine } from './one-line.js';
import { runProcessGroup, type ProcessEnd } from './process-group.js';
import type { RedactionCounts, Redactor } from './redaction.js';

export { findOnPath } from './find-on-path.js';

export interface Command {
  /** Program and arguments. No shell reads them. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** The whole environment. PATH, LANG and HOME are the caller's to compose. */
  readonly env: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  /** Of stdout and of stderr, each. */
  readonly maxBytes: number;
  /** The caller's cancellation; its reason is thrown. */
  readonly signal: AbortSignal;
  /** Whether success has to print something. Left out: yes. */
  readonly requireOutput?: boolean;
}

interface Ran {
  /** Redacted. Empty where the command did not run. */
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
  readonly redactions: { readonly stdout: RedactionCounts; readonly stderr: RedactionCounts };
  readonly presentBefore: { readonly stdout: RedactionCounts; readonly stderr: RedactionCounts };
  /** ISO 8601, UTC. */
  readonly startedAt: string;
  readonly durationMs: number;
}

export interface CommandAnswered extends Ran {
  readonly kind: 'answered';
  readonly exitCode: 0;
}

export interface CommandNotAnswered extends Ran {
  readonly kind: 'unreachable' | 'malformed' | 'misconfigured';
  readonly code: CommandCode;
  /** One line for a person; holds no secret and no argument. */
  readonly detail: string;
  readonly exitCode: number | undefined;
}

export type CommandAnswer = CommandAnswered | CommandNotAnswered;

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

/** Variables that make a program load or run something else than it is (security-steps.md section 7). */
const REFUSED_VARIABLES = /^(?:NODE_OPTIONS|LD_.*|DYLD_.*|GIT_.*)$/;

/**
 * Runs a command once, without a shell (process-group.ts), and says what its end means (design.md section 2): exit 0
 * with output answers; exit 2 is usage, so misconfigured, as is a command that cannot be started; any other end is
 * unreachable; too much output is malformed. Throws the reason of `signal`, and nothing else.
 */
export async function runCommand(command: Command, { redact }: { readonly redact: Redactor }): Promise<CommandAnswer> {
  const { argv, cwd, env, deadlineMs, maxBytes, signal } = command;
  signal.throwIfAborted();
  const startedAt = new Date().toISOString();
  const began = performance.now();
  const name = oneLine(basename(argv[0] ?? ''), redact, 80);

  const conclude = (outcome: Outcome, output: Output): CommandAnswer => {
    const cut = outcome.kind === 'malformed';
    const out = redact.bytes(output.stdout, { cut });
    const err = redact.bytes(output.stderr, { cut });
    const ran: Ran = {
      stdout: out.bytes,
      stderr: err.bytes,
      redactions: { stdout: out.redactions, stderr: err.redactions },
      presentBefore: { stdout: out.presentBefore, stderr: err.presentBefore },
      startedAt,
      durationMs: Math.round(performance.now() - began),
    };
    if (outcome.kind === 'answered') return { kind: 'answered', exitCode: 0, ...ran };
    const said = firstLine(err.bytes);
    const detail = oneLine(`${name}: ${outcome.why}${said === '' ? '' : `: ${said}`}`, redact);
    return { kind: outcome.kind, code: outcome.code, detail, exitCode: outcome.exitCode, ...ran };
  };

  const refused = await refusal(command);
  signal.throwIfAborted();
  if (refused.kind !== 'runs') return conclude(refused, NO_OUTPUT);
  const { end, ...output } = await runProcessGroup({ file: refused.file, argv, cwd, env, deadlineMs, maxBytes, signal });
  signal.throwIfAborted();
  return conclude(outcomeOf(end, output, command), output);
}

type Output = { readonly stdout: Uint8Array; readonly stderr: Uint8Array };

type Outcome =
  | { readonly kind: 'answered' }
  | {
      readonly kind: CommandNotAnswered['kind'];
      readonly code: CommandCode;
      readonly why: string;
      readonly exitCode: number | undefined;
    };

const NO_OUTPUT: Output = { stdout: new Uint8Array(), stderr: new Uint8Array() };

/** What is wrong with the question, found before anything runs: a missing folder and a missing program are both ENOENT. */
async function refusal({ argv, cwd, env }: Command): Promise<Outcome | { kind: 'runs'; file: string }> {
  const [program = ''] = argv;
  const variable = Object.keys(env).find((each) => REFUSED_VARIABLES.test(each));
  if (variable !== undefined) return misconfigured('command_environment_refused', `${variable} may not be set`);
  if (!(await isDirectory(cwd))) return misconfigured('working_directory_missing', `no folder ${cwd}`);
  const found = await locateCommand(program, env['PATH'] ?? '', cwd);
  switch (found.kind) {
    case 'found':
      return { kind: 'runs', file: found.path };
    case 'not_executable':
      return misconfigured('command_not_executable', `${found.path} may not be executed`);
    case 'not_found':
      return misconfigured('command_not_found', program.includes('/') ? 'no such file' : 'not on PATH');
  }
}

function outcomeOf(end: ProcessEnd, { stdout }: Output, { deadlineMs, maxBytes, requireOutput }: Command): Outcome {
  switch (end.kind) {
    case 'exited':
      if (end.exitCode === 2) return { ...misconfigured('command_usage', 'exit 2, a usage error'), exitCode: 2 };
      if (end.exitCode !== 0) return unreachable('command_failed', `exit ${end.exitCode}`, end.exitCode);
      if (requireOutput !== false && Buffer.from(stdout).toString('latin1').trim() === '') {
        return unreachable('command_no_output', 'exit 0, but it printed nothing', 0);
      }
      return { kind: 'answered' };
    case 'killed':
      return unreachable('command_failed', `killed by ${end.signal}`, undefined);
    case 'deadline':
      return unreachable('command_timeout', `killed after ${deadlineMs} ms`, undefined);
    case 'aborted':
      return unreachable('command_failed', 'cancelled', undefined);
    case 'too_large':
      return {
        kind: 'malformed',
        code: 'command_output_too_large',
        why: `killed after printing over ${maxBytes} bytes`,
        exitCode: undefined,
      };
    case 'not_started':
      return outcomeOfStartError(end.cause);
  }
}

/** The file was there a moment ago; a script whose interpreter is missing ends here too. */
function outcomeOfStartError(cause: unknown): Outcome {
  const code = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  if (code === 'ENOENT') return misconfigured('command_not_found', 'it, or the interpreter that it names, is missing');
  if (code === 'EACCES' || code === 'EPERM' || code === 'ENOEXEC') {
    return misconfigured('command_not_executable', `could not be executed (${code})`);
  }
  if (code === 'E2BIG' || code.startsWith('ERR_INVALID_ARG')) {
    return misconfigured('command_bad_argument', `its arguments or environment were refused (${code})`);
  }
  return unreachable('command_failed', `could not be started (${code})`, undefined);
}

function misconfigured(code: CommandCode, why: string): Extract<Outcome, { code: CommandCode }> {
  return { kind: 'misconfigured', code, why, exitCode: undefined };
}

function unreachable(code: CommandCode, why: string, exitCode: number | undefined): Outcome {
  return { kind: 'unreachable', code, why, exitCode };
}

async function isDirectory(path: string): Promise<boolean> {
  try {
    return (await stat(path)).isDirectory();
  } catch {
    return false;
  }
}

function firstLine(bytes: Uint8Array): string {
  const lines = Buffer.from(bytes).toString('utf8').split('\n');
  return lines.map((line) => line.trim()).find((line) => line !== '') ?? '';
}
