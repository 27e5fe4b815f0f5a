import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { join } from 'node:path';

import { root } from './stage.js';

const PROMOTE = join(root, 'bin/promote');

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Runs one command line to its end, with nothing of this process's environment but PATH. */
export async function promote(
  { cwd, environment }: Surroundings,
  ...args: readonly string[]
): Promise<Ended> {
  const child = start({ cwd, environment }, args);
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

/** A long-running part of the pipeline, until it is killed. */
export interface Part {
  readonly child: ChildProcess;
  /** Everything that it said so far. */
  readonly said: () => string;
  /** Kill -9, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for its exit code. */
  end(): Promise<number | null>;
}

/** Starts `promote server` or `promote worker` and waits until it says that it is ready. */
export async function startPart(
  { cwd, environment }: Surroundings,
  ...args: readonly string[]
): Promise<Part> {
  const child = start({ cwd, environment }, ['--json', ...args]);
  const said = collect(child.stderr);
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', () => reject(new Error(`${args.join(' ')} ended: ${said()}`)));
  });
  await ready;
  const gone = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exit = once(child, 'exit');
    child.kill(signal);
    const [exitCode] = (await exit) as [number | null];
    return exitCode;
  };
  return { child, said, kill: async () => void (await gone('SIGKILL')), end: () => gone('SIGTERM') };
}

function start({ cwd, environment }: Surroundings, args: readonly string[]): ChildProcess {
  const env = { PATH: process.env['PATH'], NO_COLOR: '1', ...environment };
  return spawn(process.execPath, [PROMOTE, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}
