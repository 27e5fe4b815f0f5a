import { spawn } from 'node:child_process';

const OUTPUT_LIMIT_BYTES = 64 * 1024;

export interface CommandAnswer {
  /** Exit code; null when a signal ended it. */
  readonly code: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

/**
 * Runs a program to its end, or kills its whole process group at the deadline (pip starts others, which would hold
 * the pipes). The end of each output is kept, up to 64 KiB.
 * @throws the spawn error, or an Error that names the deadline
 */
export function runBounded(file: string, args: readonly string[], timeoutMs: number): Promise<CommandAnswer> {
  return new Promise((resolve, reject) => {
    const child = spawn(file, args, { detached: true, stdio: ['ignore', 'pipe', 'pipe'] });
    const output = { stdout: '', stderr: '' };
    for (const name of ['stdout', 'stderr'] as const) {
      child[name].setEncoding('utf8');
      child[name].on('data', (chunk: string) => {
        output[name] = (output[name] + chunk).slice(-OUTPUT_LIMIT_BYTES);
      });
    }
    const deadline = setTimeout(() => {
      killGroup(child.pid);
      child.stdout.destroy();
      child.stderr.destroy();
      reject(new Error(`it took longer than ${timeoutMs} ms`));
    }, timeoutMs);
    child.once('error', (error) => {
      clearTimeout(deadline);
      reject(error);
    });
    child.once('close', (code) => {
      clearTimeout(deadline);
      resolve({ code, ...output });
    });
  });
}

function killGroup(pid: number | undefined): void {
  if (pid === undefined) return;
  try {
    process.kill(-pid, 'SIGKILL');
  } catch {
    // It ended by itself in this moment.
  }
}
