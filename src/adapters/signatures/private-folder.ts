import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SignatureError } from './error.js';

/**
 * Where files for a moment are made: in memory where there is such a place, so that a full disk keeps nobody from rolling back.
 */
const PARENTS: readonly string[] = ['/dev/shm', tmpdir()];

/**
 * Gives `use` a new folder (0700) with these files (0600), and removes it in any case.
 *
 * @param parents tried in this order; where the files go by default: in memory, else the system's own
 * @throws SignatureError `io` where it can't be made and written in any of them, or not be removed
 */
export async function withPrivateFolder<T>(
  parents: readonly string[] = PARENTS,
  files: Readonly<Record<string, Uint8Array | string>>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await madeIn(parents, files);
  try {
    return await use(folder);
  } finally {
    await orIo('removed', () => rm(folder, { recursive: true, force: true }));
  }
}

async function madeIn(
  [parent = tmpdir(), ...others]: readonly string[],
  files: Readonly<Record<string, Uint8Array | string>>,
): Promise<string> {
  try {
    const folder = await orIo('made', () => mkdtemp(join(parent, 'promote-signature-')));
    try {
      await orIo('written', async () => {
        for (const [name, content] of Object.entries(files))
          await writeFile(join(folder, name), content, { flag: 'wx', mode: 0o600 });
      });
      return folder;
    } catch (error) {
      await rm(folder, { recursive: true, force: true });
      throw error;
    }
  } catch (error) {
    if (others.length === 0) throw error;
    return madeIn(others, files);
  }
}

async function orIo<T>(done: string, action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    throw new SignatureError(
      'io',
      `A private folder could not be ${done}: ${why}. Make room, or correct its rights.`,
      {
        cause,
      },
    );
  }
}
