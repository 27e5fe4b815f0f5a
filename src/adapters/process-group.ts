import { spawn, type ChildProcessByStdio } from 'node:child_process';
import type { Readable } from 'node:stream';

export interface ProcessGroupOptions {
  /** Absolute. */
  readonly file: string;
  /** With the name that the program sees as its own first. */
  readonly argv: readonly string[];
  readonly cwd: string;
  /** All of it: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  readonly deadlineMs: number;
  /** Of stdout and of stderr, each. */
  readonly maxBytes: number;
  readonly signal: AbortSignal;
  readonly onStarted?: (() => void) | undefined;
}

export type ProcessEnd =
  | { readonly kind: 'exited'; readonly exitCode: number }
  | { readonly kind: 'killed'; readonly signal: NodeJS.Signals }
  | { readonly kind: 'deadline' | 'too_large' | 'aborted' }
  | { readonly kind: 'not_started'; readonly cause: unknown };

/** How it ended, and its output as it came, never more than `maxBytes` of each. */
export interface ProcessGroupResult {
  readonly end: ProcessEnd;
  readonly stdout: Uint8Array;
  readonly stderr: Uint8Array;
}

type Stop = 'deadline' | 'too_large' | 'aborted';

/** After the program's end its output is complete once nothing came between two looks that are this far apart. */
const QUIET_MS = 50;
/** A killed program that the kernel does not let go of is not waited for any longer. */
const AFTER_KILL_MS = 1_000;

/**
 * Runs a program in a process group of its own, without a shell and with nothing on stdin. The group is killed at the
 * deadline, when there is too much output, when `signal` aborts, **and when the program ends**: nothing outlives the
 * question, and a grandchild that holds the pipes delays nothing. One that left the group (setsid) lives on, but is not
 * waited for. Never throws, not even the signal's reason.
 */
export async function runProcessGroup(options: ProcessGroupOptions): Promise<ProcessGroupResult> {
  let child: Child;
  try {
    child = start(options);
  } catch (cause) {
    // Arguments that no system call takes, such as a NUL.
    return { end: { kind: 'not_started', cause }, stdout: new Uint8Array(), stderr: new Uint8Array() };
  }
  const { deadlineMs, maxBytes, signal, onStarted } = options;
  if (child.pid !== undefined) onStarted?.();
  return new Promise((settle) => {
    let stopped: Stop | undefined;
    let ended: ProcessEnd | undefined;
    let quiet: NodeJS.Timeout | undefined;
    let giveUp: NodeJS.Timeout | undefined;

    const finish = (end: ProcessEnd): void => {
      for (const timer of [deadline, quiet, giveUp]) clearTimeout(timer);
      signal.removeEventListener('abort', onAbort);
      for (const stream of [child.stdout, child.stderr]) stream.destroy();
      child.unref();
      settle({ end, stdout: stdout.bytes(), stderr: stderr.bytes() });
    };
    const stop = (why: Stop): void => {
      if (stopped !== undefined) return;
      stopped = why;
      killGroup(child.pid);
      if (ended === undefined) giveUp = setTimeout(() => finish({ kind: why }), AFTER_KILL_MS);
      else finish({ kind: why });
    };
    const onAbort = (): void => stop('aborted');
    const deadline = setTimeout(() => stop('deadline'), deadlineMs);
    signal.addEventListener('abort', onAbort, { once: true });
    const stdout = collect(child.stdout, maxBytes, () => stop('too_large'));
    const stderr = collect(child.stderr, maxBytes, () => stop('too_large'));

    child.once('error', (cause) => {
      if (child.pid === undefined) finish({ kind: 'not_started', cause });
    });
    child.once('exit', (exitCode, killedBy) => {
      const end: ProcessEnd =
        exitCode === null ? { kind: 'killed', signal: killedBy ?? 'SIGKILL' } : { kind: 'exited', exitCode };
      ended = stopped === undefined ? end : { kind: stopped };
      killGroup(child.pid);
      child.once('close', () => finish(ended ?? end));
      let before = -1;
      const look = (): void => {
        const received = stdout.received() + stderr.received();
        if (received === before) return finish(ended ?? end);
        before = received;
        quiet = setTimeout(look, QUIET_MS);
        return undefined;
      };
      quiet = setTimeout(look, QUIET_MS);
    });
  });
}

type Child = ChildProcessByStdio<null, Readable, Readable>;

function start({ file, argv, cwd, env }: ProcessGroupOptions): Child {
  const [argv0 = file, ...args] = argv;
  return spawn(file, args, {
    argv0,
    cwd,
    env,
    shell: false,
    detached: true,
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

function collect(
  stream: Readable,
  maxBytes: number,
  onTooLarge: () => void,
): { bytes: () => Uint8Array; received: () => number } {
  const chunks: Uint8Array[] = [];
  let received = 0;
  stream.on('data', (chunk: Uint8Array) => {
    if (received < maxBytes) chunks.push(chunk.subarray(0, maxBytes - received));
    received += chunk.byteLength;
    if (received > maxBytes) onTooLarge();
  });
  // A pipe that breaks ends the output; how the program ended says the rest.
  stream.on('error', () => undefined);
  return { bytes: () => Buffer.concat(chunks), received: () => received };
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: nobody is left in the group.
  }
}
