import { constants, readlinkSync } from 'node:fs';

import { closeInPassing, fsync, open } from './file-calls.js';
import { sharedTurns } from './turns.js';

/** A run has up to ten. */
const KEPT = 256;

/**
 * Folders that were flushed, kept open. Linux says where an open folder is: one that still is where it was found has no link on its
 * way, needs no look before the next file, and is not opened anew for the next flush. Elsewhere none is kept.
 */
class OpenFolders {
  /** Descriptors by real path, the longest unused first. */
  readonly #kept = new Map<string, number>();
  readonly #flushing = new Set<number>();

  /** Makes what was linked or created in the folder survive a power cut. */
  readonly flush: (directory: string) => Promise<void> = sharedTurns((directory) => this.#flush(directory));

  /** Whether this very folder is known to be there, with no link on its way. False says nothing. */
  isInPlace(directory: string): boolean {
    return this.#inPlace(directory) !== undefined;
  }

  /** What is known of them may have been wrong. */
  forgetAll(): void {
    for (const directory of this.#kept.keys()) this.#forget(directory);
  }

  async #flush(directory: string): Promise<void> {
    const descriptor = this.#inPlace(directory) ?? (await open(directory, FOLDER));
    this.#flushing.add(descriptor);
    try {
      await fsync(descriptor);
      this.#keep(directory, descriptor);
    } catch (error) {
      this.#forget(directory);
      throw error;
    } finally {
      this.#flushing.delete(descriptor);
      if (this.#kept.get(directory) !== descriptor) closeInPassing(descriptor);
    }
  }

  #inPlace(directory: string): number | undefined {
    const descriptor = this.#kept.get(directory);
    if (descriptor === undefined || placeOf(descriptor) === directory) return descriptor;
    this.#forget(directory);
    return undefined;
  }

  #keep(directory: string, descriptor: number): void {
    if (placeOf(descriptor) !== directory) return;
    this.#kept.delete(directory);
    this.#kept.set(directory, descriptor);
    const [oldest] = this.#kept.keys();
    if (oldest !== undefined && this.#kept.size > KEPT) this.#forget(oldest);
  }

  /** One that is being flushed is closed after that. */
  #forget(directory: string): void {
    const descriptor = this.#kept.get(directory);
    this.#kept.delete(directory);
    if (descriptor !== undefined && !this.#flushing.has(descriptor)) closeInPassing(descriptor);
  }
}

/** Where an open folder is now, as the kernel tells by proc(5) without asking a disk; undefined where it does not. */
function placeOf(descriptor: number): string | undefined {
  try {
    return readlinkSync(`/proc/self/fd/${descriptor}`);
  } catch {
    return undefined;
  }
}

const FOLDER = constants.O_RDONLY | constants.O_DIRECTORY;

/** Those of the process. */
export const openFolders = new OpenFolders();
