import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { SignatureError } from './error.js';

/**
 * Gives `use` a new folder (0700) with these files (0600), and removes it in any case.
 *
 * @throws SignatureError `io` where it can't be made, written or removed
 */
export async function withPrivateFolder<T>(
  parent: string | undefined,
  files: Readonly<Record<string, Uint8Array | string>>,
  use: (folder: string) => Promise<T>,
): Promise<T> {
  const folder = await orIo('made', () => mkdtemp(join(parent ?? tmpdir(), 'promote-signature-')));
  try {
    await orIo('written', async () => {
      for (const [name, content] of Object.entries(files))
        await writeFile(join(folder, name), content, { flag: 'wx', mode: 0o600 });
    });
    return await use(folder);
  } finally {
    await orIo('removed', () => rm(folder, { recursive: true, force: true }));
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
