import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { closeSync, openSync, readFileSync } from 'node:fs';

const running = new Set<ChildProcess>();
// A run that was given up leaves no process behind.
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

/** A server's process, with its words in a file. */
export class Part {
  readonly #child: ChildProcess;
  readonly #log: string;

  constructor(
    command: string,
    args: readonly string[],
    { env, cwd, log }: { env: NodeJS.ProcessEnv; cwd: string; log: string },
  ) {
    this.#log = log;
    const output = openSync(log, 'a', 0o600);
    this.#child = spawn(command, args, { cwd, env, stdio: ['ignore', output, output] });
    closeSync(output);
    running.add(this.#child);
    this.#child.once('exit', () => running.delete(this.#child));
  }

  get pid(): number | undefined {
    return this.#child.pid;
  }

  get gone(): boolean {
    return this.#child.exitCode !== null || this.#child.signalCode !== null;
  }

  /** The last line that it said. */
  lastWords(): string {
    return readFileSync(this.#log, 'utf8').trimEnd().split('\n').at(-1)?.slice(0, 1_000) ?? '';
  }

  async end(signal: 'SIGKILL' | 'SIGTERM'): Promise<void> {
    if (this.gone) return;
    const exit = once(this.#child, 'exit');
    this.#child.kill(signal);
    await exit;
  }

  /** Waits until it is gone by somebody else's doing. */
  async ended(): Promise<void> {
    if (!this.gone) await once(this.#child, 'exit');
  }
}
