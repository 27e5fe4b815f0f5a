import { spawn, type ChildProcess } from 'node:child_process';
import { open, rename, rm, stat, readFile, mkdtemp } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { dirname, join } from 'node:path';
import { setTimeout as pause } from 'node:timers/promises';
import { startArguments } from './arguments.js';
import type { Binary } from './binary.js';
import { EngineError } from './error.js';
import { NAMESPACE, type Engine, type EngineOptions } from './options.js';
import { LOOPBACK, claimPort, portInUse } from './ports.js';
import { becomesReady } from './ready.js';
import { engineFiles, removeRecord, writeRecord } from './running.js';

const READY_TIMEOUT_MS = 30_000;
/** A start takes longer than this, a refused port less. */
const LEAST_LIFE_MS = 300;
const START_ATTEMPTS = 3;
/** A graceful end takes 3 s; past this the server is killed. */
const TERM_TIMEOUT_MS = 10_000;
const KILL_TIMEOUT_MS = 5_000;
const LOG_LIMIT_BYTES = 10 * 1024 * 1024;

/**
 * Starts a development server and waits until it is ready. A free port that another program took in between is
 * replaced by the next one, be it ours or one that the server picked and then panicked for want of; a port that was
 * asked for is not.
 * @throws {EngineError} `port_in_use`, `start_failed`, `start_panicked`, `not_ready`; no process is left behind then
 */
export async function startServer(binary: Binary, options: EngineOptions): Promise<Engine> {
  for (let attempt = 1; ; attempt++) {
    try {
      return await startOn(await claimPort(options.port), binary, options);
    } catch (error) {
      if (!mayGoBetter(error, options) || attempt === START_ATTEMPTS) throw error;
    }
  }
}

function mayGoBetter(error: unknown, { port }: EngineOptions): boolean {
  if (!(error instanceof EngineError)) return false;
  return error.code === 'start_panicked' || (error.code === 'port_in_use' && port === undefined);
}

async function startOn(port: number, binary: Binary, options: EngineOptions): Promise<Engine> {
  const files = options.inMemory ? await privateFiles() : await engineFiles(options.dataDir);
  const startedAt = performance.now();
  const server = await spawnServer(binary.path, startArguments(port, files.state, options), files.log);
  const leave = options.inMemory ? endWithThisProcess(server.child) : () => undefined;
  const stop = async () => {
    leave();
    await end(server.child);
    if (files.record !== undefined) await removeRecord(files.record, server.pid);
    if (options.inMemory) await rm(dirname(files.log), { recursive: true, force: true });
  };
  try {
    // Before it is ready: were this process killed now, the next call must find the server rather than start a second.
    if (files.record !== undefined)
      await writeRecord(files.record, {
        schema: 1,
        pid: server.pid,
        port,
        startedAt: new Date().toISOString(),
        executable: binary.path,
      });
    const ready = await becomesReady(port, READY_TIMEOUT_MS, () => hasEnded(server.child));
    // Somebody else's server may answer on the port while ours is dying for want of it, which it does at once.
    await pause(Math.max(0, LEAST_LIFE_MS - (performance.now() - startedAt)));
    if (!ready || hasEnded(server.child)) throw await startFailure(server, port, files.log);
  } catch (error) {
    await stop();
    throw error;
  }
  return {
    address: `${LOOPBACK}:${port}`,
    namespace: NAMESPACE,
    origin: `a server started here (process ${server.pid}${options.inMemory ? ', state in memory' : ''}) with ${binary.origin}`,
    started: true,
    pid: server.pid,
    stop,
  };
}

interface Server {
  readonly child: ChildProcess;
  readonly pid: number;
  /** Where its own words begin in the log, bytes. */
  readonly logFrom: number;
}

/** An own process group, so that Ctrl-C in our terminal does not reach it; no environment, so that no secret does. */
async function spawnServer(path: string, args: readonly string[], log: string): Promise<Server> {
  const size = await stat(log).then(
    (found) => found.size,
    () => 0,
  );
  const full = size > LOG_LIMIT_BYTES;
  if (full) await rename(log, `${log}.1`);
  const output = await open(log, 'a', 0o600);
  try {
    const child = spawn(path, args, { detached: true, stdio: ['ignore', output.fd, output.fd], env: {} });
    await new Promise((resolve, reject) => {
      child.once('spawn', resolve);
      child.once('error', reject);
    });
    const { pid } = child;
    if (pid === undefined) throw new Error('it has no process id');
    child.unref();
    return { child, pid, logFrom: full ? 0 : size };
  } catch (error) {
    throw new EngineError('start_failed', `${path} could not be started`, error);
  } finally {
    await output.close();
  }
}

/** A server in memory is nobody else's, so it shares no file with one that keeps its state. */
async function privateFiles(): Promise<{ log: string; state: undefined; record: undefined }> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-engine-'));
  return { log: join(folder, 'server.log'), state: undefined, record: undefined };
}

function endWithThisProcess(child: ChildProcess): () => void {
  const kill = () => child.kill('SIGKILL');
  process.once('exit', kill);
  return () => process.off('exit', kill);
}

async function startFailure({ child, logFrom }: Server, port: number, log: string): Promise<EngineError> {
  const bytes = await readFile(log).catch(() => Buffer.alloc(0));
  const lines = bytes.subarray(logFrom).toString('utf8').trimEnd().split('\n');
  const lastLine = lines.at(-1) ?? '';
  if (!hasEnded(child)) {
    const seconds = READY_TIMEOUT_MS / 1_000;
    return new EngineError(
      'not_ready',
      `the Temporal server was not ready within ${seconds} s (see ${log}): ${lastLine}`,
    );
  }
  if (lastLine.includes('address already in use')) return portInUse(port, new Error(lastLine));
  // The last line of a panic is some place in the server's own code.
  const panic = lines.find((line) => line.startsWith('panic: '));
  return new EngineError(
    panic === undefined ? 'start_failed' : 'start_panicked',
    `the Temporal server ended while starting (see ${log}): ${panic ?? lastLine}`,
  );
}

function hasEnded(child: ChildProcess): boolean {
  return child.exitCode !== null || child.signalCode !== null;
}

async function end(child: ChildProcess): Promise<void> {
  for (const [signal, timeoutMs] of [
    ['SIGTERM', TERM_TIMEOUT_MS],
    ['SIGKILL', KILL_TIMEOUT_MS],
  ] as const) {
    if (hasEnded(child)) return;
    child.kill(signal);
    await endsWithin(child, timeoutMs);
  }
}

function endsWithin(child: ChildProcess, timeoutMs: number): Promise<void> {
  return new Promise((resolve) => {
    const deadline = setTimeout(resolve, timeoutMs);
    child.once('exit', () => {
      clearTimeout(deadline);
      resolve();
    });
    if (hasEnded(child)) {
      clearTimeout(deadline);
      resolve();
    }
  });
}
