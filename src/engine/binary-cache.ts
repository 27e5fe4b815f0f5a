import { createHash } from 'node:crypto';
import { createReadStream } from 'node:fs';
import { chmod, mkdir, mkdtemp, open, readdir, rename, rm, stat } from 'node:fs/promises';
import { join } from 'node:path';
import { pipeline } from 'node:stream/promises';
import { EngineError } from './error.js';
import { CLI_VERSION, type Target } from './pinned.js';

const LEFTOVER_AGE_MS = 60 * 60 * 1_000;
const FETCH_PREFIX = '.fetch-';

/** The sha256 of a file, hexadecimal. */
export async function sha256Of(path: string): Promise<string> {
  const hash = createHash('sha256');
  await pipeline(createReadStream(path, { highWaterMark: 1024 * 1024 }), hash);
  return hash.digest('hex');
}

/**
 * A cached binary whose bytes still have the digest in its name; where the platform's digest is pinned, only that
 * one. A damaged one is named to the user and left for the next fetch to replace.
 */
export async function cachedBinary(
  cacheDir: string,
  target: Target,
  say: (line: string) => void,
): Promise<string | undefined> {
  const names = await readdir(cacheDir).catch(() => []);
  for (const name of names) {
    const digest = digestIn(name, target);
    if (digest === undefined || (target.binarySha256 ?? digest) !== digest) continue;
    const path = join(cacheDir, name);
    const found = await sha256Of(path);
    if (found === digest) return path;
    say(`digest_mismatch: ${path} has the sha256 ${found}; it is fetched again.`);
  }
  return undefined;
}

/**
 * Lets `fetchInto` put a binary into a folder of its own, checks it, and moves it into the cache all at once. Of two
 * processes that do so at the same time each leaves a whole file.
 * @throws {EngineError} `digest_mismatch`, and what `fetchInto` throws
 */
export async function admitToCache(
  cacheDir: string,
  target: Target,
  fetchInto: (folder: string) => Promise<string>,
): Promise<string> {
  await mkdir(cacheDir, { recursive: true, mode: 0o700 });
  await removeLeftovers(cacheDir);
  const folder = await mkdtemp(join(cacheDir, FETCH_PREFIX));
  try {
    const fetched = await fetchInto(folder);
    const digest = await sha256Of(fetched);
    requireDigest('the temporal binary', digest, target.binarySha256);
    await chmod(fetched, 0o755);
    await flush(fetched);
    const path = join(cacheDir, `${prefixOf(target)}${digest}`);
    await rename(fetched, path);
    return path;
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

/** @throws {EngineError} `digest_mismatch` when `expected` is known and not what was found */
export function requireDigest(what: string, found: string, expected: string | undefined): void {
  if (expected !== undefined && found !== expected)
    throw new EngineError(
      'digest_mismatch',
      `${what} has the sha256 ${found}, not ${expected}; it was not used`,
    );
}

function prefixOf(target: Target): string {
  return `temporal-${CLI_VERSION}-${target.platform}-${target.arch}-`;
}

function digestIn(name: string, target: Target): string | undefined {
  const digest = name.startsWith(prefixOf(target)) ? name.slice(prefixOf(target).length) : '';
  return /^[\da-f]{64}$/.test(digest) ? digest : undefined;
}

async function flush(path: string): Promise<void> {
  const file = await open(path, 'r+');
  try {
    await file.sync();
  } finally {
    await file.close();
  }
}

/** What a fetch that was killed left behind, 200 MB a time. */
async function removeLeftovers(cacheDir: string): Promise<void> {
  const names = await readdir(cacheDir);
  for (const name of names.filter((each) => each.startsWith(FETCH_PREFIX))) {
    const found = await stat(join(cacheDir, name)).catch(() => undefined);
    if (found !== undefined && Date.now() - found.mtimeMs > LEFTOVER_AGE_MS)
      await rm(join(cacheDir, name), { recursive: true, force: true });
  }
}
