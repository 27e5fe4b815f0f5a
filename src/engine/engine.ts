import { resolve } from 'node:path';
import { findBinary } from './binary.js';
import { givenServer } from './given-address.js';
import { NAMESPACE, type Engine, type EngineOptions } from './options.js';
import { findRunning, type RunningServer } from './running.js';
import { withStartLock } from './start-lock.js';
import { startServer } from './start.js';

export { EngineError, type EngineErrorCode } from './error.js';
export type { Engine, EngineOptions } from './options.js';

/**
 * Answers with a Temporal server that is ready: the address given by the user, else the server that already runs
 * from this data folder, else one that is started from it. An address that was given is never silently replaced.
 *
 * Every wait in here ends; the longest is a first download (some minutes at most).
 * @throws {EngineError} whose message says what failed and what the user can do.
 */
export async function findOrStartEngine(given: EngineOptions): Promise<Engine> {
  const options = { ...given, dataDir: resolve(given.dataDir), cacheDir: resolve(given.cacheDir) };
  if (options.address !== undefined) return givenServer(options.address);
  if (options.inMemory) return startServer(await findBinary(options), options);

  const running = await findRunning(options);
  if (running !== undefined) return reuse(running, options);

  // A first download takes minutes, so it stays outside the lock; the lock is for the moments of the start alone.
  const binary = await findBinary(options);
  return withStartLock(options, async () => {
    const meanwhile = await findRunning(options);
    return meanwhile === undefined ? startServer(binary, options) : reuse(meanwhile, options);
  });
}

function reuse(running: RunningServer, options: EngineOptions): Engine {
  const otherPort =
    options.port !== undefined && options.port !== running.port
      ? `, not on port ${options.port} as asked`
      : '';
  return {
    address: running.address,
    namespace: NAMESPACE,
    origin: `the server that already runs from ${options.dataDir} (process ${running.pid}, since ${running.startedAt}${otherPort})`,
    started: false,
    pid: running.pid,
    stop: () => Promise.resolve(),
  };
}
