import { dirname, join, resolve, sep } from 'node:path';
import { sha256 } from '../canonical.js';
import {
  isErrno,
  isFolder,
  isRegularFile,
  linkFile,
  makeDirectory,
  makeRoot,
  readRegularFile,
  UNFINISHED_PREFIX,
} from './durable-files.js';
import { EvidenceError, toEvidenceError } from './evidence-error.js';
import { readdir, realpath } from './file-calls.js';
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

  /** Looks that are under way, by folder. */
  const looks = new Map<string, Promise<string | undefined>>();

  /**
   * The real folder `segments` below the root, or undefined where there is none. Those that ask at the same time share a look; but
   * that there is none only one that began since can tell: it may have been made meanwhile.
   */
  async function find(segments: readonly string[]): Promise<string | undefined> {
    const directory = join(root, ...segments);
    if (openFolders.isInPlace(directory)) return directory;
    const before = looks.get(directory);
    const found = await before;
    if (found !== undefined) return found;
    const since = looks.get(directory);
    if (since !== undefined && since !== before) return since;
    const look = lookUp(directory, segments);
    looks.set(directory, look);
    try {
      return await look;
    } finally {
      if (looks.get(directory) === look) looks.delete(directory);
    }
  }

  async function lookUp(directory: string, segments: readonly string[]): Promise<string | undefined> {
    try {
      const realDirectory = await realpath(directory);
      if (realDirectory === directory) return directory;
      // There is a link on the way: the root, or one above it, which may be set to another place while we run.
      const realRoot = await realpath(root);
      // The very place, not just somewhere below the root: a link from one run into another is one too.
      if (realDirectory === join(realRoot, ...segments)) return realDirectory;
      const isBelow = `${realDirectory}${sep}`.startsWith(`${realRoot}${sep}`);
      throw new EvidenceError(
        isBelow ? 'not_regular' : 'outside_root',
        `${directory} leads to ${realDirectory}`,
      );
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /**
   * `SETTLED`: the folder's name is on the disk, and so are those above it, also if a process died that made them. Anything else:
   * the latest that sees to that.
   */
  const settled = new Map<string, object>();

  /** Folders that are being made. */
  const making = new Map<string, Promise<string>>();

  /** The real folder, made with all above it where it is missing. Those that need it at the same time have it made once. */
  async function findOrMake(segments: readonly string[]): Promise<string> {
    const found = await find(segments);
    if (found !== undefined) return found;
    const key = join(...segments);
    const underWay = making.get(key);
    if (underWay !== undefined) return underWay;
    const made = make(segments);
    making.set(key, made);
    try {
      return await made;
    } finally {
      making.delete(key);
    }
  }

  /** Each level is checked before the next one is made in it. */
  async function make(segments: readonly string[]): Promise<string> {
    const name = segments.at(-1);
    if (name === undefined) return makeRootFolder();
    const directory = join(await findOrMake(segments.slice(0, -1)), name);
    await makeDirectory(directory);
    // It may have been there before.
    settled.delete(directory);
    return directory;
  }

  async function makeRootFolder(): Promise<string> {
    // Nothing below it was there any more.
    settled.clear();
    await makeRoot(root);
    const made = await find([]);
    if (made === undefined) throw new EvidenceError('unavailable', `${root} vanished`);
    return made;
  }

  /**
   * Makes the folder's own name and those above it durable. After what is in it: one flush of the file system's log then does for
   * all of them.
   */
  async function settle(directory: string, segments: readonly string[]): Promise<void> {
    if (settled.get(directory) === SETTLED) return;
    const settling = {};
    settled.set(directory, settling);
    const [oldest] = settled.keys();
    if (oldest !== undefined && settled.size > REMEMBERED) settled.delete(oldest);
    if (segments.length === 0) await makeRoot(root);
    else {
      const above = dirname(directory);
      await openFolders.flush(above);
      await settle(above, segments.slice(0, -1));
    }
    // Unless it was made anew meanwhile.
    if (settled.get(directory) === settling) settled.set(directory, SETTLED);
  }

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

const SETTLED = {};

/** Folders; one that is forgotten is flushed once more. */
const REMEMBERED = 1_000;

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
