import { dirname, join, sep } from 'node:path';

import { isErrno, makeDirectory, makeRoot } from './durable-files.js';
import { EvidenceError } from './evidence-error.js';
import { realpath } from './file-calls.js';
import { openFolders } from './open-folders.js';

/** The folders below a root, which may be a link itself; no link below it is followed. */
export interface Folders {
  /**
   * The real folder `segments` below the root, or undefined where there is none.
   * @throws EvidenceError `not_regular` or `outside_root` where there is a link on the way
   */
  readonly find: (segments: readonly string[]) => Promise<string | undefined>;
  /** The same, made with all above it where it is missing: 0700. Throws as `find`. */
  readonly findOrMake: (segments: readonly string[]) => Promise<string>;
  /**
   * Makes the folder's own name and those above it durable. After what is in it: one flush of the file system's log then does for
   * all of them.
   */
  readonly settle: (directory: string, segments: readonly string[]) => Promise<void>;
}

export function foldersBelow(root: string): Folders {
  /** Looks that are under way, by folder. */
  const looks = new Map<string, Promise<string | undefined>>();

  /**
   * Those that ask at the same time share a look; but that there is none only one that began since can tell: it may have been made
   * meanwhile.
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

  /** Those that need it at the same time have it made once. */
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

  return { find, findOrMake, settle };
}

const SETTLED = {};

/** Folders; one that is forgotten is flushed once more. */
const REMEMBERED = 1_000;
