import { constants } from 'node:fs';
import { lstat, open, readdir } from 'node:fs/promises';
import { join } from 'node:path';

/** A run's files as a verifier sees them: whatever somebody put there. */
export interface RunFiles {
  /** The folder's name. */
  readonly name: string;
  /** Everything in it but folders, sorted; `regular` is false for links, pipes and devices. */
  readonly entries: readonly { readonly path: string; readonly regular: boolean }[];
  /** The bytes of a regular file, read once as long as a run is not unusually large; undefined where there is none. */
  readonly read: (path: string) => Promise<Uint8Array | undefined>;
}

/** Far more than a run has: what is larger is none of ours, and is not read into memory. */
const MAX_FILES = 200_000;
const MAX_BYTES = 256 * 1024 * 1024;
/** What a run's files may take in memory to be read once; all the rest is read each time that it is looked at. */
const MAX_KEPT_BYTES = 64 * 1024 * 1024;

const UNFINISHED = /^\.tmp-\d+-[0-9a-f]{16}$/;

/** @throws UnreadableEvidence for what can't be looked into */
export async function openFolder(folder: string, name: string): Promise<RunFiles> {
  const entries: { path: string; regular: boolean }[] = [];
  const walk = async (prefix: string): Promise<void> => {
    const found = await readdir(join(folder, prefix), { withFileTypes: true });
    for (const entry of found) {
      const path = prefix === '' ? entry.name : `${prefix}/${entry.name}`;
      // What a process left that was lost while it wrote: never a file, and never read.
      if (entry.isFile() && UNFINISHED.test(entry.name)) continue;
      if (entry.isDirectory()) await walk(path);
      else entries.push({ path, regular: entry.isFile() });
      if (entries.length > MAX_FILES)
        throw new UnreadableEvidence(`${folder} has more than ${MAX_FILES} files`);
    }
  };
  try {
    if (!(await lstat(folder)).isDirectory())
      throw new UnreadableEvidence(`${folder} is no folder of evidence`);
    await walk('');
  } catch (error) {
    if (error instanceof UnreadableEvidence) throw error;
    throw new UnreadableEvidence(`${folder} can't be read: name a run's folder`, { cause: error });
  }
  entries.sort((a, b) => (a.path < b.path ? -1 : 1));
  const regular = new Set(entries.filter((entry) => entry.regular).map(({ path }) => path));
  const kept = new Map<string, Uint8Array>();
  let keptBytes = 0;
  const read = async (path: string): Promise<Uint8Array | undefined> => {
    if (!regular.has(path)) return undefined;
    const known = kept.get(path);
    if (known !== undefined) return known;
    const bytes = await readRegular(join(folder, path));
    if (bytes !== undefined && keptBytes + bytes.byteLength <= MAX_KEPT_BYTES) {
      kept.set(path, bytes);
      keptBytes += bytes.byteLength;
    }
    return bytes;
  };
  return { name, entries, read };
}

export class UnreadableEvidence extends Error {
  override readonly name = 'UnreadableEvidence';
  readonly code = 'unreadable_evidence';
}

/**
 * Never through a link, and never a pipe that would be waited for. Undefined for what is no file, or too large.
 *
 * @throws UnreadableEvidence, also where there is none
 */
export async function readRegular(file: string): Promise<Uint8Array | undefined> {
  try {
    await using handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
    const stat = await handle.stat();
    return stat.isFile() && stat.size <= MAX_BYTES ? await handle.readFile() : undefined;
  } catch (cause) {
    throw new UnreadableEvidence(`${file} can't be read: look at its rights`, { cause });
  }
}
