import { execa } from 'execa';

export interface ProcessRequest {
  readonly command: string;
  readonly args: readonly string[];
  /** The whole environment: nothing is inherited. */
  readonly env: Readonly<Record<string, string>>;
  /** Written to standard input; there is none otherwise. */
  readonly input: string | undefined;
  readonly deadlineMs: number;
  /** More than this on standard output ends the process; standard error is cut silently. */
  readonly maxOutputBytes: number;
  readonly signal: AbortSignal | undefined;
}

export type ProcessEnd =
  | { readonly kind: 'exited'; readonly exitCode: number; readonly stdout: string; readonly stderr: string }
  | { readonly kind: 'deadline' | 'aborted' | 'too_much_output' }
  | { readonly kind: 'killed'; readonly by: string }
  | { readonly kind: 'not_started'; readonly cause: unknown };

const MAX_STDERR_BYTES = 16 * 1024;

/**
 * Runs a process in a group of its own and always ends: at the deadline, on abort, or past the output cap the whole
 * group is killed, and the answer does not wait for whoever still holds the pipes. Never throws.
 */
export async function runProcess(request: ProcessRequest): Promise<ProcessEnd> {
  const { signal } = request;
  if (signal?.aborted === true) return { kind: 'aborted' };
  const child = execa(request.command, request.args, {
    cwd: '/',
    env: request.env,
    extendEnv: false,
    detached: true,
    shell: false,
    buffer: false,
    reject: false,
    stdout: 'pipe',
    stderr: 'pipe',
    ...(request.input === undefined ? { stdin: 'ignore' as const } : { input: request.input }),
  });
  const stdout: Buffer[] = [];
  const stderr: Buffer[] = [];
  let timer: NodeJS.Timeout | undefined;
  let onAbort: (() => void) | undefined;
  const stopped = new Promise<ProcessEnd>((resolve) => {
    const stop = (kind: 'deadline' | 'aborted' | 'too_much_output'): void => {
      killGroup(child.pid);
      child.stdout.destroy();
      child.stderr.destroy();
      resolve({ kind });
    };
    collect(child.stdout, stdout, request.maxOutputBytes, () => stop('too_much_output'));
    collect(child.stderr, stderr, MAX_STDERR_BYTES, undefined);
    timer = setTimeout(() => stop('deadline'), request.deadlineMs);
    onAbort = () => stop('aborted');
    signal?.addEventListener('abort', onAbort, { once: true });
  });
  const ended = child.then((result): ProcessEnd => {
    if (result.exitCode !== undefined) {
      return {
        kind: 'exited',
        exitCode: result.exitCode,
        stdout: Buffer.concat(stdout).toString('utf8'),
        stderr: Buffer.concat(stderr).toString('utf8'),
      };
    }
    if (result.signal !== undefined) return { kind: 'killed', by: result.signal };
    return { kind: 'not_started', cause: result.cause };
  });
  try {
    return await Promise.race([stopped, ended]);
  } finally {
    clearTimeout(timer);
    if (onAbort !== undefined) signal?.removeEventListener('abort', onAbort);
  }
}

function collect(
  stream: NodeJS.ReadableStream,
  chunks: Buffer[],
  maxBytes: number,
  onTooMuch: (() => void) | undefined,
): void {
  let bytes = 0;
  stream.on('data', (chunk: Buffer) => {
    if (bytes < maxBytes) chunks.push(chunk.subarray(0, maxBytes - bytes));
    bytes += chunk.length;
    if (bytes > maxBytes) onTooMuch?.();
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // ESRCH: the whole group has ended already.
  }
}
