import fs from 'node:fs';
import { promisify } from 'node:util';

/**
 * The file system's calls as promises. `node:fs/promises` makes three of each, and an object of each descriptor, which is
 * a good part of what a call takes; a promotion makes hundreds. Figures: docs/decisions/0039-few-calls.md
 */
export const close = promisify(fs.close);
export const fsync = promisify(fs.fsync);
export const link = promisify(fs.link);
export const lstat = promisify(fs.lstat);
export const mkdir = promisify(fs.mkdir);
export const open = promisify(fs.open);
export const read = promisify(fs.read);
export const readdir = promisify(fs.readdir);
/** The system's own, in one call: Node's looks at each folder on the way. */
export const realpath = promisify(fs.realpath.native);
export const stat = promisify(fs.stat);
export const unlink = promisify(fs.unlink);
export const write = promisify(fs.write);

/** Of a local file system the kernel has in its memory what an open file is: to have a thread ask for it takes thirty times as long. */
export const { fstatSync } = fs;

/**
 * Its failure says nothing: what could not be written or read was told by the calls before it. What is closed is flushed, so that
 * no local file system looks at its disk for it. Not for a descriptor whose write failed.
 */
export function closeInPassing(descriptor: number): void {
  try {
    fs.closeSync(descriptor);
  } catch {
    // As above.
  }
}
