import { execFile } from 'node:child_process';
import {
  chmod,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  stat,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { afterEach, beforeEach, describe, expect, it } from 'vitest';
import { EvidenceError } from '../../../src/adapters/evidence/evidence-error.js';
import { createFileStore } from '../../../src/adapters/evidence/file-store.js';

// Proves what a put promises on a healthy and on a full file system. Not proven here: a call that fails in between
// (test/deep/fault-injection.deep-test.ts), and a power cut (npm run test:powercut).

const RUN = '20260102T030405678Z-tau-5f0c2a9e';
const bytes = (text: string): Uint8Array => Buffer.from(text, 'utf8');
const code = (value: string): unknown => expect.objectContaining({ name: 'EvidenceError', code: value });

let base: string;
let root: string;

beforeEach(async () => {
  base = await mkdtemp(join(tmpdir(), 'evidence-'));
  root = join(base, '.tau/reports/operator-readiness');
});
afterEach(async () => {
  await rm(base, { recursive: true, force: true });
});

describe('put', () => {
  it('writes once, and says so when the same bytes come again', async () => {
    const store = createFileStore(root);
    const written = await store.put(RUN, 'validation-1/gateway-status.json', bytes('{}'));
    expect(written).toEqual({
      path: 'validation-1/gateway-status.json',
      sha256: 'sha256:44136fa355b3678a1146ad16f7e8649e94fb4fc21fe77e8310c060f61caaff8a',
      size: 2,
      outcome: 'written',
    });
    expect(await store.put(RUN, 'validation-1/gateway-status.json', bytes('{}'))).toEqual({
      ...written,
      outcome: 'same',
    });
  });

  it('refuses other bytes under a name, naming both digests, and keeps the first', async () => {
    const store = createFileStore(root);
    await store.put(RUN, 'a.json', bytes('1'));
    const refused = store.put(RUN, 'a.json', bytes('2'));
    await expect(refused).rejects.toMatchObject({ code: 'conflict', retryable: false });
    await expect(refused).rejects.toThrow(/sha256:6b86b273.*sha256:d4735e3a/);
    expect(await store.get(RUN, 'a.json')).toEqual(Buffer.from('1'));
    expect(await store.has(RUN, 'a.json')).toBe(true);
  });

  it('lets one of many racing writers win, and the others learn whether they agree', async () => {
    const stores = Array.from({ length: 20 }, () => createFileStore(root));
    const same = await Promise.all(stores.map((store) => store.put(RUN, 'j/1.json', bytes('same'))));
    expect(same.filter(({ outcome }) => outcome === 'written')).toHaveLength(1);
    const different = await Promise.allSettled(
      stores.map((store, at) => store.put(RUN, 'j/2.json', bytes(`other ${at}`))),
    );
    const ends = different.map((result) =>
      result.status === 'rejected' && result.reason instanceof EvidenceError
        ? result.reason.code
        : result.status,
    );
    expect(ends.sort()).toEqual([...Array.from({ length: 19 }, () => 'conflict'), 'fulfilled']);
    expect(await readdir(join(root, RUN, 'j'))).toEqual(['1.json', '2.json']);
  });

  it('makes folders 0700 and files 0600', async () => {
    await createFileStore(root).put(RUN, 'watch/1/a.json', bytes('1'));
    const modes = await Promise.all(
      ['', RUN, `${RUN}/watch`, `${RUN}/watch/1`, `${RUN}/watch/1/a.json`].map(
        async (path) => (await stat(join(root, path))).mode & 0o777,
      ),
    );
    expect(modes).toEqual([0o700, 0o700, 0o700, 0o700, 0o600]);
  });

  it('keeps empty and large files', async () => {
    const store = createFileStore(root);
    const large = new Uint8Array(3_000_000).fill(7);
    await store.put(RUN, 'empty', new Uint8Array());
    await store.put(RUN, 'large', large);
    expect((await store.get(RUN, 'empty'))?.byteLength).toBe(0);
    expect(Buffer.compare((await store.get(RUN, 'large')) ?? new Uint8Array(), large)).toBe(0);
  });

  const badNames = [
    '',
    '/etc/passwd',
    '../x',
    'a/../b',
    'a//b',
    'a/',
    './a',
    '.hidden',
    '.tmp-1',
    'a\\b',
    'a b',
    'é',
    'a\0b',
    'a\n',
    'x'.repeat(200),
    'a/'.repeat(20) + 'a',
  ];
  it.each(badNames)('refuses the name %j for a file and for a run', async (name) => {
    const store = createFileStore(root);
    await expect(store.put(RUN, name, bytes('1'))).rejects.toMatchObject({ code: 'bad_name' });
    await expect(store.get(RUN, name)).rejects.toMatchObject({ code: 'bad_name' });
    await expect(store.has(RUN, name)).rejects.toMatchObject({ code: 'bad_name' });
    await expect(store.put(name, 'a', bytes('1'))).rejects.toMatchObject({ code: 'bad_name' });
    expect(() => store.locate(name)).toThrow(code('bad_name'));
    await expect(stat(root)).rejects.toMatchObject({ code: 'ENOENT' });
  });
});

describe('a link below the root', () => {
  it('is not followed when it stands for a run', async () => {
    const outside = join(base, 'outside');
    await mkdir(outside);
    await mkdir(root, { recursive: true });
    await symlink(outside, join(root, RUN));
    const store = createFileStore(root);
    await expect(store.put(RUN, 'a', bytes('1'))).rejects.toMatchObject({ code: 'outside_root' });
    await expect(store.get(RUN, 'a')).rejects.toMatchObject({ code: 'outside_root' });
    await expect(store.has(RUN, 'a')).rejects.toMatchObject({ code: 'outside_root' });
    await expect(store.list(RUN)).rejects.toMatchObject({ code: 'outside_root' });
    expect(await readdir(outside)).toEqual([]);
    expect(await store.runs()).toEqual([]);
    expect(await store.runs((name) => name === RUN)).toEqual([]);
  });

  it('is not followed when it leads into another run', async () => {
    const store = createFileStore(root);
    await store.put('other', 'round/a', bytes('1'));
    await store.put(RUN, 'b', bytes('1'));
    await symlink(join(root, 'other/round'), join(root, RUN, 'round'));
    await expect(store.put(RUN, 'round/c', bytes('1'))).rejects.toMatchObject({ code: 'not_regular' });
    expect(await store.list('other')).toEqual(['round/a']);
  });

  it('is not followed when it stands for a file, dangling or not', async () => {
    const store = createFileStore(root);
    await store.put(RUN, 'a', bytes('1'));
    await writeFile(join(base, 'secret'), 'secret');
    await symlink(join(base, 'secret'), join(root, RUN, 'b'));
    await symlink(join(base, 'nowhere'), join(root, RUN, 'c'));
    for (const name of ['b', 'c']) {
      await expect(store.get(RUN, name)).rejects.toMatchObject({ code: 'not_regular' });
      await expect(store.has(RUN, name)).rejects.toMatchObject({ code: 'not_regular' });
      await expect(store.put(RUN, name, bytes('secret'))).rejects.toMatchObject({ code: 'not_regular' });
    }
    expect(await store.list(RUN)).toEqual(['a']);
    await mkdir(join(root, RUN, 'empty'));
    await symlink(join(root, RUN, 'empty'), join(root, RUN, 'd'));
    await expect(store.list(RUN, 'd/')).rejects.toMatchObject({ code: 'not_regular' });
    expect(await readFile(join(base, 'secret'), 'utf8')).toBe('secret');
  });

  it('is followed when it is the root itself', async () => {
    await mkdir(join(base, 'disk'));
    await symlink(join(base, 'disk'), join(base, 'reports'));
    const store = createFileStore(join(base, 'reports'));
    await store.put(RUN, 'a', bytes('1'));
    expect(await readdir(join(base, 'disk', RUN))).toEqual(['a']);
  });

  it('is not followed when it takes the place of a folder that was written to', async () => {
    const store = createFileStore(root);
    await store.put(RUN, 'round/a', bytes('1'));
    await rename(join(root, RUN), join(base, 'outside'));
    await symlink(join(base, 'outside'), join(root, RUN));
    for (const asked of [
      () => store.put(RUN, 'round/b', bytes('1')),
      () => store.get(RUN, 'round/a'),
      () => store.has(RUN, 'round/a'),
      () => store.list(RUN, 'round/'),
    ])
      await expect(asked()).rejects.toMatchObject({ code: 'outside_root' });
    expect(await readdir(join(base, 'outside/round'))).toEqual(['a']);
  });

  it('is not followed when it takes the place of one above what was written to, within the run', async () => {
    const store = createFileStore(root);
    await store.put(RUN, 'round/deep/a', bytes('1'));
    await rename(join(root, RUN, 'round'), join(root, RUN, 'moved'));
    await symlink(join(root, RUN, 'moved'), join(root, RUN, 'round'));
    await expect(store.put(RUN, 'round/deep/b', bytes('1'))).rejects.toMatchObject({ code: 'not_regular' });
    await expect(store.get(RUN, 'round/deep/a')).rejects.toMatchObject({ code: 'not_regular' });
    expect(await store.list(RUN)).toEqual(['moved/deep/a']);
  });

  it('is followed to where it leads now, when it is the root or stands above it', async () => {
    const disks = [join(base, 'disk-1'), join(base, 'disk-2')] as const;
    for (const disk of disks) await mkdir(join(disk, 'reports'), { recursive: true });
    const link = join(base, 'disk');
    await symlink(disks[0], link);
    const store = createFileStore(join(link, 'reports'));
    await store.put(RUN, 'a', bytes('1'));
    await rm(link);
    await symlink(disks[1], link);
    expect(await store.get(RUN, 'a')).toBeUndefined();
    await store.put(RUN, 'b', bytes('1'));
    expect(await readdir(join(disks[0], 'reports', RUN))).toEqual(['a']);
    expect(await readdir(join(disks[1], 'reports', RUN))).toEqual(['b']);
  });

  it('is not followed back from there to where the root led before', async () => {
    const [before, now] = [join(base, 'before'), join(base, 'now')];
    for (const disk of [before, now]) await mkdir(disk);
    await symlink(before, join(base, 'root'));
    const store = createFileStore(join(base, 'root'));
    await store.put(RUN, 'a', bytes('1'));
    await rm(join(base, 'root'));
    await symlink(now, join(base, 'root'));
    await symlink(join(before, RUN), join(now, RUN));
    await expect(store.get(RUN, 'a')).rejects.toMatchObject({ code: 'outside_root' });
    await expect(store.put(RUN, 'b', bytes('1'))).rejects.toMatchObject({ code: 'outside_root' });
    expect(await readdir(join(before, RUN))).toEqual(['a']);
  });
});

describe('a folder that was written to', () => {
  it('is made anew where somebody took it away, or moved it', async () => {
    const store = createFileStore(root);
    await store.put(RUN, 'round/a', bytes('1'));
    await rm(join(root, RUN), { recursive: true });
    expect(await store.has(RUN, 'round/a')).toBe(false);
    expect((await store.put(RUN, 'round/a', bytes('2'))).outcome).toBe('written');
    await rename(root, join(base, 'moved'));
    expect(await store.get(RUN, 'round/a')).toBeUndefined();
    expect((await store.put(RUN, 'round/a', bytes('3'))).outcome).toBe('written');
    expect(await readFile(join(base, 'moved', RUN, 'round/a'), 'utf8')).toBe('2');
    expect(await readFile(join(root, RUN, 'round/a'), 'utf8')).toBe('3');
  });

  it('is made once where several files are the first in it', async () => {
    const store = createFileStore(root);
    const names = ['a', 'b', 'c', 'd', 'e'];
    await Promise.all(names.map((name) => store.put(RUN, `round/deep/${name}`, bytes(name))));
    expect(await store.list(RUN, 'round/')).toEqual(names.map((name) => `round/deep/${name}`));
  });
});

describe('something else in the place of a file', () => {
  it('is an error, and a pipe is not waited for', async () => {
    const store = createFileStore(root);
    await store.put(RUN, 'folder/a', bytes('1'));
    await promisify(execFile)('mkfifo', [join(root, RUN, 'pipe')]);
    await expect(store.put(RUN, 'folder', bytes('1'))).rejects.toMatchObject({ code: 'not_regular' });
    await expect(store.put(RUN, 'pipe', bytes('1'))).rejects.toMatchObject({ code: 'not_regular' });
    await expect(store.put(RUN, 'folder/a/b', bytes('1'))).rejects.toMatchObject({ code: 'not_regular' });
    for (const name of ['folder', 'pipe', 'folder/a/b'])
      await expect(store.has(RUN, name)).rejects.toMatchObject({ code: 'not_regular' });
    expect(await store.list(RUN)).toEqual(['folder/a']);
  });
});

describe('reading', () => {
  it('finds nothing where nothing was put', async () => {
    const store = createFileStore(root);
    expect(await store.get(RUN, 'a')).toBeUndefined();
    expect(await store.has(RUN, 'a')).toBe(false);
    expect(await store.list(RUN)).toEqual([]);
    expect(await store.runs()).toEqual([]);
  });

  it('lists files and runs sorted, without what is unfinished', async () => {
    const store = createFileStore(root);
    for (const path of ['b', 'a/2', 'a/10', 'B', 'a-b']) await store.put(RUN, path, bytes(path));
    await store.put('20250101-x', 'a', bytes('1'));
    await writeFile(join(root, RUN, 'a/.tmp-1-ff'), 'half');
    await writeFile(join(root, 'stray'), 'x');
    expect(await store.list(RUN)).toEqual(['B', 'a-b', 'a/10', 'a/2', 'b']);
    expect(await store.list(RUN, 'a/')).toEqual(['a/10', 'a/2']);
    expect(await store.list(RUN, 'a/1')).toEqual(['a/10']);
    expect(await store.list(RUN, 'a')).toEqual(['a-b', 'a/10', 'a/2']);
    expect(await store.list(RUN, 'c/')).toEqual([]);
    expect(await store.runs()).toEqual(['20250101-x', RUN]);
    expect(await store.runs((name) => name !== RUN)).toEqual(['20250101-x']);
    expect(await store.runs(() => true)).toEqual(['20250101-x', RUN]);
    expect(store.locate(RUN)).toBe(join(root, RUN));
  });

  it('lists the runs that are wanted alone, few or many, and no link to one', async () => {
    const store = createFileStore(root);
    const many = Array.from({ length: 100 }, (_, n) => `many-${String(n).padStart(3, '0')}`);
    for (const name of [...many, 'few']) await mkdir(join(root, name), { recursive: true });
    await symlink(join(root, 'few'), join(root, 'few-link'));
    await symlink(join(root, 'few'), join(root, 'many-link'));
    expect(await store.runs((name) => name.startsWith('many'))).toEqual(many);
    expect(await store.runs((name) => name.startsWith('few'))).toEqual(['few']);
  });
});

/** A file system of 64 KiB, which only root can make. */
async function mountSmallDisk(folder: string): Promise<boolean> {
  await mkdir(folder, { recursive: true });
  try {
    await promisify(execFile)('mount', ['-t', 'tmpfs', '-o', 'size=64k', 'tmpfs', folder]);
    return true;
  } catch {
    return false;
  }
}

describe('a full disk', () => {
  it('is told as full, leaves nothing behind, and what was written stays readable and repeatable', async ({
    skip,
  }) => {
    const disk = join(base, 'disk');
    if (!(await mountSmallDisk(disk))) skip('mounting needs root');
    try {
      const store = createFileStore(disk);
      await store.put(RUN, 'small', bytes('1'));
      await expect(store.put(RUN, 'large', new Uint8Array(200_000))).rejects.toMatchObject({
        code: 'full',
        retryable: true,
      });
      expect(await readdir(join(disk, RUN))).toEqual(['small']);
      await writeFile(join(disk, 'filler'), new Uint8Array(200_000)).catch(() => undefined);
      expect((await store.put(RUN, 'small', bytes('1'))).outcome).toBe('same');
      await rm(join(disk, 'filler'));
      expect((await store.put(RUN, 'large', bytes('2'))).outcome).toBe('written');
    } finally {
      // Its folders stay open.
      await promisify(execFile)('umount', ['--lazy', disk]);
    }
  });
});

describe('a store out of reach', () => {
  it('is told as unavailable, which waiting can mend', async ({ skip }) => {
    if (process.getuid?.() === 0) skip('nothing is out of reach for root');
    await mkdir(base, { recursive: true });
    await chmod(base, 0o500);
    await expect(createFileStore(root).put(RUN, 'a', bytes('1'))).rejects.toMatchObject({
      code: 'unavailable',
      retryable: true,
    });
    await chmod(base, 0o700);
  });

  it('is told as not regular where the root is a file', async () => {
    await mkdir(join(base, '.tau/reports'), { recursive: true });
    await writeFile(root, 'x');
    await expect(createFileStore(root).put(RUN, 'a', bytes('1'))).rejects.toMatchObject({
      code: 'not_regular',
    });
  });
});
