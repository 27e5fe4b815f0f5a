import { stat } from 'node:fs/promises';
import { basename } from 'node:path';
import { REFUSED_VARIABLES } from '../contracts/refused-variables.js';
import { misconfigured, outcomeOf, type CommandCode, type Outcome } from './command-outcome.js';
import { locateCommand } from './find-on-path.js';
import { oneLine } from './one-line.js';
import { runProcessGroup } from './process-group.js';
import type { RedactionCounts, Redactor } from './redaction.js';

export { findOnPath } from './find-on-path.js';
export type { CommandCode } from './command-outcome.js';

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
  /** Told once it runs. */
  readonly onStarted?: (() => void) | undefined;
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

/**
 * Runs a command once, without a shell (process-group.ts), and says what its end means (docs/reference/rules.md,
 * "Observations"): exit 0 with output answers; exit 2 is usage, so misconfigured, as is a command that cannot be
 * started; any other end is unreachable; too much output is malformed. Throws the reason of `signal`, and nothing else.
 */
export async function runCommand(
  command: Command,
  { redact }: { readonly redact: Redactor },
): Promise<CommandAnswer> {
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
  const { end, ...output } = await runProcessGroup({
    file: refused.file,
    argv,
    cwd,
    env,
    deadlineMs,
    maxBytes,
    signal,
    onStarted: command.onStarted,
  });
  signal.throwIfAborted();
  return conclude(outcomeOf(end, output.stdout, command), output);
}

type Output = { readonly stdout: Uint8Array; readonly stderr: Uint8Array };

const NO_OUTPUT: Output = { stdout: new Uint8Array(), stderr: new Uint8Array() };

/** What is wrong with the question, found before anything runs: a missing folder and a missing program are both ENOENT. */
async function refusal({ argv, cwd, env }: Command): Promise<Outcome | { kind: 'runs'; file: string }> {
  const [program = ''] = argv;
  const variable = Object.keys(env).find((each) => REFUSED_VARIABLES.test(each));
  if (variable !== undefined)
    return misconfigured('command_environment_refused', `${variable} may not be set`);
  if (!(await isDirectory(cwd))) return misconfigured('working_directory_missing', `no folder ${cwd}`);
  const found = await locateCommand(program, env['PATH'] ?? '', cwd);
  if (found.kind === 'found') return { kind: 'runs', file: found.path };
  return found.kind === 'not_executable'
    ? misconfigured('command_not_executable', `${found.path} may not be executed`)
    : misconfigured('command_not_found', program.includes('/') ? 'no such file' : 'not on PATH');
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
