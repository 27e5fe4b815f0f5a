import { readdir, realpath } from 'node:fs/promises';
import { join, resolve, sep } from 'node:path';
import { sha256 } from '../canonical.js';
import {
  createFile,
  isErrno,
  makeDirectory,
  makeRoot,
  readRegularFile,
  syncDirectory,
  UNFINISHED_PREFIX,
} from './durable-files.js';
import { EvidenceError, toEvidenceError } from './evidence-error.js';
import { checkRun, segmentsOf } from './names.js';
import type { EvidenceStore, PutResult } from './store.js';

/**
 * Evidence in a folder of a local file system, such as `.tau/reports/operator-readiness`. Folders 0700, files 0600.
 * Nothing outside the folder is read or written: no name leads out (names.ts), no link below it is followed. The
 * folder itself may be a link, and is created when it is first written to.
 */
export function createFileStore(folder: string): EvidenceStore {
  const root = resolve(folder);

  /** The real folder `segments` below the root, or undefined where there is none. */
  async function find(segments: readonly string[]): Promise<string | undefined> {
    const directory = join(root, ...segments);
    try {
      const [realRoot, realDirectory] = await Promise.all([realpath(root), realpath(directory)]);
      // The very place, not just somewhere below the root: a link from one run into another is one too.
      if (realDirectory !== join(realRoot, ...segments)) {
        const code = `${realDirectory}${sep}`.startsWith(`${realRoot}${sep}`)
          ? 'not_regular'
          : 'outside_root';
        throw new EvidenceError(code, `${directory} leads to ${realDirectory}`);
      }
      return realDirectory;
    } catch (error) {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    }
  }

  /** Folders of which this store knows that their names are on the disk, also if a process died that made them. */
  const settled = new Set<string>();

  async function findOrMake(segments: readonly string[]): Promise<string> {
    const directory = join(root, ...segments);
    const found = await find(segments);
    if (found !== undefined && settled.has(directory)) return found;
    if (segments.length === 0) {
      await makeRoot(root);
    } else {
      // Each level is checked, and its own name durable, before the next one is created in it.
      const above = await findOrMake(segments.slice(0, -1));
      await makeDirectory(directory);
      await syncDirectory(above);
    }
    const made = found ?? (await find(segments));
    if (made === undefined) throw new EvidenceError('unavailable', `${directory} vanished`);
    settled.add(directory);
    return made;
  }

  async function put(run: string, path: string, bytes: Uint8Array): Promise<PutResult> {
    const { parents, name } = placeOf(run, path);
    const result = { path, sha256: sha256(bytes), size: bytes.byteLength };
    const directory = await findOrMake(parents);
    const file = join(directory, name);
    // Twice: a file that appears between look and link() was put by another process at the same time.
    for (let attempt = 0; attempt < 2; attempt += 1) {
      const existing = await readRegularFile(file, { durable: true });
      if (existing !== undefined) {
        if (Buffer.compare(existing, bytes) !== 0) {
          throw new EvidenceError(
            'conflict',
            `${run}/${path} is ${sha256(existing)} already and stays so; refused ${result.sha256}`,
          );
        }
        await syncDirectory(directory);
        return { ...result, outcome: 'same' };
      }
      if ((await createFile(directory, name, bytes)) === 'created') return { ...result, outcome: 'written' };
    }
    throw new EvidenceError('unavailable', `${run}/${path} comes and goes`);
  }

  async function get(run: string, path: string): Promise<Uint8Array | undefined> {
    const { parents, name } = placeOf(run, path);
    const directory = await find(parents);
    return directory === undefined ? undefined : readRegularFile(join(directory, name), { durable: false });
  }

  async function list(run: string, prefix: string): Promise<readonly string[]> {
    checkRun(run);
    const directory = await find([run]);
    if (directory === undefined) return [];
    const paths = await filesBelow(directory, '');
    return paths.filter((path) => path.startsWith(prefix)).sort();
  }

  async function runs(): Promise<readonly string[]> {
    const directory = await find([]);
    if (directory === undefined) return [];
    const entries = await readdir(directory, { withFileTypes: true });
    const folders = entries.filter((entry) => entry.isDirectory() && !entry.name.startsWith('.'));
    return folders.map((entry) => entry.name).sort();
  }

  return {
    put: (run, path, bytes) => wrapped(`put ${run}/${path}`, () => put(run, path, bytes)),
    get: (run, path) => wrapped(`get ${run}/${path}`, () => get(run, path)),
    list: (run, prefix = '') => wrapped(`list ${run}`, () => list(run, prefix)),
    runs: () => wrapped('list runs', runs),
    locate: (run) => {
      checkRun(run);
      return join(root, run);
    },
  };
}

function placeOf(run: string, path: string): { parents: readonly string[]; name: string } {
  checkRun(run);
  const segments = segmentsOf(path);
  return { parents: [run, ...segments.slice(0, -1)], name: segments.at(-1) ?? '' };
}

/** Regular files only; links, pipes and unfinished files are no evidence of ours. */
async function filesBelow(directory: string, prefix: string): Promise<readonly string[]> {
  const entries = await readdir(directory, { withFileTypes: true });
  const below = await Promise.all(
    entries.map(async (entry) => {
      const path = `${prefix}${entry.name}`;
      if (entry.isDirectory()) return filesBelow(join(directory, entry.name), `${path}/`);
      return entry.isFile() && !entry.name.startsWith(UNFINISHED_PREFIX) ? [path] : [];
    }),
  );
  return below.flat();
}

async function wrapped<T>(what: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    throw toEvidenceError(error, what);
  }
}
