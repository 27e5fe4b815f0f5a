import { link, readFile, rm, stat, writeFile } from 'node:fs/promises';
import { setTimeout as pause } from 'node:timers/promises';
import { randomUUID } from 'node:crypto';
import { EngineError, systemCode } from './error.js';
import type { EngineOptions } from './options.js';
import { isAlive } from './process-identity.js';
import { engineFiles } from './running.js';

/** Longer than a start and its readiness may take together; a lock older than this is a crash with a reused id. */
const LOCK_STALE_MS = 90_000;
const WAIT_MS = 120_000;
/** A takeover is a read and an unlink; one that lasts longer died in between. */
const TAKEOVER_STALE_MS = 5_000;
const POLL_INTERVAL_MS = 50;

/**
 * Runs `start` while no other process starts a server from the same data folder; the others wait for it. The server
 * itself would not refuse: two of them open one state file without a word.
 * @throws {EngineError} `locked` when another start has held the lock for two minutes
 */
export async function withStartLock<T>(
  options: Pick<EngineOptions, 'dataDir'>,
  start: () => Promise<T>,
): Promise<T> {
  const { lock } = await engineFiles(options.dataDir);
  const mine = `${process.pid} ${randomUUID()}`;
  await acquire(lock, mine);
  try {
    return await start();
  } finally {
    if ((await contentOf(lock)) === mine) await rm(lock, { force: true });
  }
}

async function acquire(lock: string, mine: string): Promise<void> {
  const endsAt = performance.now() + WAIT_MS;
  while (!(await createExclusively(lock, mine))) {
    if (await isStale(lock)) await removeStale(lock);
    else if (performance.now() > endsAt)
      throw new EngineError('locked', `another process is starting a server: if none is, delete ${lock}`);
    else await pause(POLL_INTERVAL_MS);
  }
}

/** By `link`, so that a lock never exists without its content. */
async function createExclusively(path: string, content: string): Promise<boolean> {
  const draft = `${path}.${randomUUID()}.tmp`;
  await writeFile(draft, content, { flag: 'wx', mode: 0o600 });
  try {
    await link(draft, path);
    return true;
  } catch (error) {
    if (systemCode(error) === 'EEXIST') return false;
    throw error;
  } finally {
    await rm(draft, { force: true });
  }
}

async function isStale(lock: string): Promise<boolean> {
  const content = await contentOf(lock);
  if (content === undefined) return false;
  const pid = Number(content.split(' ')[0]);
  return !Number.isInteger(pid) || pid < 1 || !isAlive(pid) || (await ageMs(lock)) > LOCK_STALE_MS;
}

/**
 * Only the holder of the takeover file removes a lock, after judging it again: without it, two that judged the same
 * lock stale could each remove one, the second of them the first one's fresh lock.
 */
async function removeStale(lock: string): Promise<void> {
  const takeover = `${lock}.takeover`;
  if (!(await createExclusively(takeover, String(process.pid)))) {
    if ((await ageMs(takeover)) > TAKEOVER_STALE_MS) await rm(takeover, { force: true });
    await pause(POLL_INTERVAL_MS);
    return;
  }
  try {
    if (await isStale(lock)) await rm(lock, { force: true });
  } finally {
    await rm(takeover, { force: true });
  }
}

async function contentOf(path: string): Promise<string | undefined> {
  return readFile(path, 'utf8').catch(() => undefined);
}

async function ageMs(path: string): Promise<number> {
  const found = await stat(path).catch(() => undefined);
  return found === undefined ? 0 : Date.now() - found.mtimeMs;
}
