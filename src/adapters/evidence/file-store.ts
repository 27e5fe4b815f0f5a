import { join, resolve } from 'node:path';

import { sha256 } from '../canonical.js';
import { isFolder, isRegularFile, linkFile, readRegularFile, UNFINISHED_PREFIX } from './durable-files.js';
import { EvidenceError, toEvidenceError } from './evidence-error.js';
import { readdir } from './file-calls.js';
import { foldersBelow } from './folders.js';
import { checkRun, segmentsOf } from './names.js';
import { openFolders } from './open-folders.js';
import type { EvidenceStore, PutResult } from './store.js';
import { sharedTurns } from './turns.js';

/**
 * Evidence in a folder of a local file system, such as `.tau/reports/operator-readiness`. Folders 0700, files 0600.
 * Nothing outside the folder is read or written: no name leads out (names.ts), no link below it is followed. The
 * folder itself may be a link, and is created when it is first written to.
 */
export function createFileStore(folder: string): EvidenceStore {
  const root = resolve(folder);
  const { find, findOrMake, settle } = foldersBelow(root);

  async function put(run: string, path: string, bytes: Uint8Array): Promise<PutResult> {
    const { parents, name } = placeOf(run, path);
    const result = { path, sha256: sha256(bytes), size: bytes.byteLength };
    const directory = await findOrMake(parents);
    const outcome = await putIn(directory, name, bytes, `${run}/${path}`);
    await settle(directory, parents);
    return { ...result, outcome };
  }

  async function get(run: string, path: string): Promise<Uint8Array | undefined> {
    const { parents, name } = placeOf(run, path);
    const directory = await find(parents);
    return directory === undefined ? undefined : readRegularFile(join(directory, name), { durable: false });
  }

  async function has(run: string, path: string): Promise<boolean> {
    const { parents, name } = placeOf(run, path);
    const directory = await find(parents);
    return directory !== undefined && isRegularFile(join(directory, name));
  }

  async function list(run: string, prefix: string): Promise<readonly string[]> {
    checkRun(run);
    // Among ten thousand targets' folders the one of the prefix alone is looked into.
    const below = prefix.slice(0, prefix.lastIndexOf('/') + 1);
    const directory = await find([run, ...(below === '' ? [] : segmentsOf(below.slice(0, -1)))]);
    if (directory === undefined) {
      // Nor is the run a link to elsewhere.
      await find([run]);
      return [];
    }
    return (await filesBelow(directory, below, prefix)).toSorted();
  }

  /** Ten thousand names are many, to read and to hold, where fifty promotions begin at the same time. */
  const namesIn = sharedTurns<readonly string[]>((directory) => readdir(directory));

  async function runs(isWanted?: (name: string) => boolean): Promise<readonly string[]> {
    const directory = await find([]);
    if (directory === undefined) return [];
    if (isWanted === undefined) return foldersIn(directory);
    // Of ten thousand names a few are wanted: what the others are is not looked at.
    const names = (await namesIn(directory)).filter((name) => !name.startsWith('.') && isWanted(name)).sort();
    if (names.length > LOOKED_AT) return (await foldersIn(directory)).filter(isWanted);
    const areFolders = await Promise.all(names.map((name) => isFolder(join(directory, name))));
    return names.filter((_, n) => areFolders[n]);
  }

  return {
    put: (run, path, bytes) => wrapped(`put ${run}/${path}`, () => put(run, path, bytes)),
    get: (run, path) => wrapped(`get ${run}/${path}`, () => get(run, path)),
    has: (run, path) => wrapped(`has ${run}/${path}`, () => has(run, path)),
    list: (run, prefix = '') => wrapped(`list ${run}`, () => list(run, prefix)),
    runs: (isWanted) => wrapped('list runs', () => runs(isWanted)),
    locate: (run) => {
      checkRun(run);
      return join(root, run);
    },
  };
}

async function putIn(
  directory: string,
  name: string,
  bytes: Uint8Array,
  what: string,
): Promise<PutResult['outcome']> {
  // Twice: a file that is gone between link() and look was there for a moment only.
  for (let attempt = 0; attempt < 2; attempt += 1) {
    let linked;
    try {
      linked = await linkFile(directory, name, bytes);
    } catch (error) {
      // What is there already needs no room.
      if (await isThere(directory, name, bytes, what)) return 'same';
      throw error;
    }
    if (linked.outcome === 'created') {
      try {
        await openFolders.flush(directory);
      } finally {
        await linked.discarded;
      }
      return 'written';
    }
    await linked.discarded;
    if (await isThere(directory, name, bytes, what)) return 'same';
  }
  throw new EvidenceError('unavailable', `${what} comes and goes`);
}

/** Whether these bytes are there, durably, whoever wrote them. Throws EvidenceError `conflict` for other ones. */
async function isThere(directory: string, name: string, bytes: Uint8Array, what: string): Promise<boolean> {
  const existing = await readRegularFile(join(directory, name), { durable: true });
  if (existing === undefined) return false;
  if (Buffer.compare(existing, bytes) !== 0)
    throw new EvidenceError(
      'conflict',
      `${what} is ${sha256(existing)} already and stays so; refused ${sha256(bytes)}`,
    );
  await openFolders.flush(directory);
  return true;
}

function placeOf(run: string, path: string): { parents: readonly string[]; name: string } {
  checkRun(run);
  const segments = segmentsOf(path);
  return { parents: [run, ...segments.slice(0, -1)], name: segments.at(-1) ?? '' };
}

/** Looking at each of more keeps other files waiting, and is no quicker than to ask for all with what they are. */
const LOOKED_AT = 64;

async function foldersIn(directory: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
  return folders.map((entry) => entry.name).sort();
}

/**
 * Regular files only; links, pipes and unfinished files are no evidence of ours.
 *
 * @param wanted how their paths start
 */
async function filesBelow(directory: string, prefix: string, wanted: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const below = await Promise.all(
    entries.map(async (entry) => {
      const path = `${prefix}${entry.name}`;
      if (!path.startsWith(wanted)) return [];
      if (entry.isDirectory()) return filesBelow(join(directory, entry.name), `${path}/`, wanted);
      return entry.isFile() && !entry.name.startsWith(UNFINISHED_PREFIX) ? [path] : [];
    }),
  );
  return below.flat();
}

async function wrapped<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (!(error instanceof EvidenceError)) openFolders.forgetAll();
    throw toEvidenceError(error, what);
  }
}
