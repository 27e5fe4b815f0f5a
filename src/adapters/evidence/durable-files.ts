import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { dirname, join } from 'node:path';
import { EvidenceError } from './evidence-error.js';
import {
  close,
  closeInPassing,
  fstatSync,
  fsync,
  link,
  lstat,
  mkdir,
  open,
  read,
  realpath,
  stat,
  unlink,
  write,
} from './file-calls.js';
import { openFolders } from './open-folders.js';

export const UNFINISHED_PREFIX = '.tmp-';

/**
 * Creates one folder, 0700; one that is there already is success, also when another process was quicker. Durable once
 * the folder above is synced. Throws EvidenceError `not_regular` where something else, a link too, stands in its place.
 */
export async function makeDirectory(directory: string): Promise<void> {
  try {
    await mkdir(directory, { mode: 0o700 });
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    if (!(await lstat(directory)).isDirectory()) {
      throw new EvidenceError('not_regular', `${directory} is no folder`, { cause: error });
    }
  }
}

/**
 * Creates the folder with all that is missing above it, and makes every name on the way durable: also those that are there
 * already, since a process that made one may have been killed before it was on the disk. Not `mkdir` with `recursive`, which tells
 * a full disk as ENOENT.
 */
export async function makeRoot(root: string): Promise<void> {
  await makeWithParents(root);
  let folder = await realpath(root);
  const { dev } = await stat(folder);
  // A mount point was there before us, and so was all above it.
  for (let above = dirname(folder); above !== folder; above = dirname(folder)) {
    if ((await stat(above)).dev !== dev || !(await isSynced(above))) return;
    folder = above;
  }
}

/** The root itself may be a link to a folder. */
async function makeWithParents(folder: string): Promise<void> {
  try {
    await mkdir(folder, { mode: 0o700 });
  } catch (error) {
    if (isErrno(error, 'ENOENT') && dirname(folder) !== folder) {
      await makeWithParents(dirname(folder));
      await makeDirectory(folder);
    } else if (!isErrno(error, 'EEXIST')) throw error;
    else if (!(await stat(folder)).isDirectory())
      throw new EvidenceError('not_regular', `${folder} is no folder`, { cause: error });
  }
}

/** What we may not read, somebody else made, with all above it. */
async function isSynced(directory: string): Promise<boolean> {
  try {
    await openFolders.flush(directory);
    return true;
  } catch (error) {
    if (isErrno(error, 'EACCES') || isErrno(error, 'EPERM')) return false;
    throw error;
  }
}

/**
 * All or nothing under a name that must be free: temp file in the same folder, write and flush, link(), flush of the folder. link()
 * never replaces, which rename() does in silence. 'taken' if the name is not free. A file whose flush failed is thrown away: a
 * second one would say yes to pages that the first one lost.
 */
export async function createFile(
  directory: string,
  name: string,
  bytes: Uint8Array,
): Promise<'created' | 'taken'> {
  const { outcome, discarded } = await linkFile(directory, name, bytes);
  await discarded;
  await openFolders.flush(directory);
  return outcome;
}

export interface LinkedFile {
  readonly outcome: 'created' | 'taken';
  /** Settled when the temp name is gone. Where it may come back after a power cut, the folder's flush need not wait for it. */
  readonly discarded: Promise<void>;
}

/** Linux flushes with O_SYNC as fsync() does, in the same call that writes; open(2). Elsewhere it may mean less than Node's fsync(). */
const IS_WRITTEN_THROUGH = process.platform === 'linux';

/** A new file; follows no link. */
const WRITING =
  constants.O_WRONLY | constants.O_CREAT | constants.O_EXCL | (IS_WRITTEN_THROUGH ? constants.O_SYNC : 0);

/** As `createFile`, but for the flush of the folder, which makes its name survive a power cut. */
export async function linkFile(directory: string, name: string, bytes: Uint8Array): Promise<LinkedFile> {
  const unfinished = join(directory, `${UNFINISHED_PREFIX}${process.pid}-${randomBytes(8).toString('hex')}`);
  const file = await open(unfinished, WRITING, 0o600);
  try {
    await writeWhole(file, bytes);
    if (!IS_WRITTEN_THROUGH || bytes.byteLength === 0) await fsync(file);
  } catch (error) {
    await Promise.allSettled([close(file), discard(unfinished)]);
    throw error;
  }
  closeInPassing(file);
  try {
    const outcome = await linkOnce(unfinished, join(directory, name));
    return { outcome, discarded: discard(unfinished) };
  } catch (error) {
    await discard(unfinished);
    throw error;
  }
}

async function linkOnce(from: string, to: string): Promise<'created' | 'taken'> {
  try {
    await link(from, to);
    return 'created';
  } catch (error) {
    if (!isErrno(error, 'EEXIST')) throw error;
    return 'taken';
  }
}

/** One that stays is no evidence and harms nothing: it must hide neither what was written nor why that failed. */
async function discard(unfinished: string): Promise<void> {
  try {
    await unlink(unfinished);
  } catch (error) {
    if (!(error instanceof Error && 'code' in error)) throw error;
  }
}

/**
 * The bytes of a regular file, or undefined if there is none. Links are not followed and a pipe is not waited for.
 * `durable`: its content is on the disk when this returns, even if another process wrote it and died.
 * Throws EvidenceError `not_regular`.
 */
export async function readRegularFile(
  file: string,
  options: { readonly durable: boolean },
): Promise<Uint8Array | undefined> {
  let descriptor;
  try {
    descriptor = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const status = fstatSync(descriptor);
    if (!status.isFile()) throw new EvidenceError('not_regular', `${file} is no regular file`);
    if (options.durable) await fsync(descriptor);
    return await readWhole(descriptor, status.size);
  } finally {
    closeInPassing(descriptor);
  }
}

/** Whether there is one; a link to one is none. */
export async function isFolder(path: string): Promise<boolean> {
  try {
    return (await lstat(path)).isDirectory();
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
}

/** Whether there is one. Throws EvidenceError `not_regular`, as reading it does. */
export async function isRegularFile(file: string): Promise<boolean> {
  try {
    if ((await lstat(file)).isFile()) return true;
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return false;
    throw error;
  }
  throw new EvidenceError('not_regular', `${file} is no regular file`);
}

async function readWhole(file: number, size: number): Promise<Uint8Array> {
  const bytes = Buffer.alloc(size);
  let done = 0;
  while (done < size) {
    const { bytesRead } = await read(file, bytes, done, size - done, done);
    if (bytesRead === 0) break;
    done += bytesRead;
  }
  return bytes.subarray(0, done);
}

/** A call may write less than it was given, where a disk fills up. */
async function writeWhole(file: number, bytes: Uint8Array): Promise<void> {
  for (let done = 0; done < bytes.byteLength;) {
    const { bytesWritten } = await write(file, bytes, done, bytes.byteLength - done, done);
    done += bytesWritten;
  }
}

export function isErrno(error: unknown, code: string): boolean {
  return error instanceof Error && 'code' in error && error.code === code;
}
