import { mkdir, mkdtemp, readdir, readlink, realpath, rename, rm, symlink } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { openFolders } from '../../../src/adapters/evidence/open-folders.js';

/** Proves that a folder counts as known only while it is where it was, and that no more stay open than are said to. */

let base: string;

beforeEach(async () => {
  base = await realpath(await mkdtemp(join(tmpdir(), 'open-folders-')));
});
afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

async function made(name: string): Promise<string> {
  const folder = join(base, name);
  await mkdir(folder);
  return folder;
}

/** Of this test's folders, how many this process has open. */
async function open(): Promise<number> {
  const descriptors = await readdir('/proc/self/fd');
  const places = await Promise.all(
    descriptors.map((descriptor) => readlink(`/proc/self/fd/${descriptor}`).catch(() => '')),
  );
  return places.filter((place) => place.startsWith(`${base}/`)).length;
}

describe.skipIf(process.platform !== 'linux')('a folder that was flushed', () => {
  it('is in its place until it is moved, taken away, or was reached by a link', async () => {
    const [moved, gone, real] = [await made('moved'), await made('gone'), await made('real')];
    const link = join(base, 'link');
    await symlink(real, link);
    expect(openFolders.isInPlace(moved)).toBe(false);
    for (const folder of [moved, gone, link]) await openFolders.flush(folder);
    expect([moved, gone, link].map((folder) => openFolders.isInPlace(folder))).toEqual([true, true, false]);
    await rename(moved, join(base, 'elsewhere'));
    await made('moved');
    await rm(gone, { recursive: true });
    expect([moved, gone].map((folder) => openFolders.isInPlace(folder))).toEqual([false, false]);
    await openFolders.flush(moved);
    expect(openFolders.isInPlace(moved)).toBe(true);
  });

  it('is told as missing where it is', async () => {
    await expect(openFolders.flush(join(base, 'none'))).rejects.toMatchObject({ code: 'ENOENT' });
  });

  it('stays open with 255 others, and is closed once it is forgotten', async () => {
    const folders = await Promise.all(Array.from({ length: 260 }, (_, n) => made(String(n))));
    for (const folder of folders) await openFolders.flush(folder);
    await expect.poll(open).toBe(256);
    expect(folders.filter((folder) => openFolders.isInPlace(folder))).toEqual(folders.slice(-256));
    // One that is used stays, and the one that was not used for longest goes.
    const [next] = folders.slice(-256);
    await openFolders.flush(next ?? '');
    await openFolders.flush(folders[0] ?? '');
    expect(openFolders.isInPlace(next ?? '')).toBe(true);
    const flushing = openFolders.flush(next ?? '');
    openFolders.forgetAll();
    await flushing;
    openFolders.forgetAll();
    await expect.poll(open).toBe(0);
  });
});
