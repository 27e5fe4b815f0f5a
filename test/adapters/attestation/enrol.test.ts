// Proves that trust is only ever added, whole or not at all, and never changed behind a person's back. That a power cut leaves
// the old file or the new one rests on fsync and rename, which are not cut here.
import { chmod, lstat, mkdtemp, readdir, readFile, rm, symlink, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { enrol, readTrustedKeys, type Enrolment } from '../../../src/adapters/attestation/enrol.js';
import { InputError } from '../../../src/contracts/input-error.js';
import { keyOfSeed } from './vector.js';

const KEY = keyOfSeed(7);
const OTHER = keyOfSeed(8);
const NOW = Date.parse('2026-01-02T03:04:05.678Z');
const EU: Enrolment = { deployment: 'tau-eu', notBefore: undefined, notAfter: undefined };

async function place() {
  const folder = await mkdtemp(join(tmpdir(), 'promote-trust-'));
  return {
    folder,
    file: join(folder, 'trusted-keys.json'),
    [Symbol.asyncDispose]: () => rm(folder, { recursive: true, force: true }),
  };
}

async function problemOf(work: Promise<unknown>): Promise<string> {
  try {
    await work;
  } catch (error) {
    if (error instanceof InputError && error.code === 'invalid_settings') return error.problems.join('\n');
    throw error;
  }
  return 'taken';
}

test('the first key makes the file, and the next stands below it', async () => {
  await using at = await place();
  const first = await enrol(at.file, KEY.publicKey, EU, NOW);
  await enrol(
    at.file,
    OTHER.publicKey,
    { ...EU, notBefore: '2026-03-01T00:00:00.000Z', notAfter: '2027-03-01T00:00:00.000Z' },
    NOW,
  );
  expect(first).toEqual({
    outcome: 'enrolled',
    entry: {
      keyid: KEY.keyid,
      publicKey: KEY.publicKey,
      deployment: 'tau-eu',
      notBefore: '2026-01-02T03:04:05.678Z',
      notAfter: null,
      compromisedAt: null,
    },
  });
  const read = await readTrustedKeys(at.file);
  expect(read.map(({ keyid, notAfter }) => [keyid, notAfter])).toEqual([
    [KEY.keyid, null],
    [OTHER.keyid, '2027-03-01T00:00:00.000Z'],
  ]);
  expect((await lstat(at.file)).mode & 0o777).toBe(0o644);
  expect(await readdir(at.folder)).toEqual(['trusted-keys.json']);
});

test('the same key again changes no byte, whenever that is', async () => {
  await using at = await place();
  const asked = { ...EU, notBefore: '2026-01-01T00:00:00Z', notAfter: '2027-01-01T00:00:00Z' };
  await enrol(at.file, KEY.publicKey, asked, NOW);
  const before = await readFile(at.file, 'utf8');
  expect((await enrol(at.file, KEY.publicKey, EU, NOW + 1)).outcome).toBe('same');
  expect((await enrol(at.file, KEY.publicKey, asked, NOW + 2)).outcome).toBe('same');
  const spelled = { ...asked, notBefore: '2026-01-01T00:00:00.000Z' };
  expect((await enrol(at.file, KEY.publicKey, spelled, NOW + 3)).outcome).toBe('same');
  expect(await readFile(at.file, 'utf8')).toBe(before);
});

test('a file keeps its rights when a key is added', async () => {
  await using at = await place();
  await enrol(at.file, KEY.publicKey, EU, NOW);
  await chmod(at.file, 0o600);
  await enrol(at.file, OTHER.publicKey, EU, NOW);
  expect((await lstat(at.file)).mode & 0o777).toBe(0o600);
});

test('one key of two deployments stands twice', async () => {
  await using at = await place();
  await enrol(at.file, KEY.publicKey, EU, NOW);
  expect((await enrol(at.file, KEY.publicKey, { ...EU, deployment: 'tau-us' }, NOW)).outcome).toBe(
    'enrolled',
  );
  expect(await readTrustedKeys(at.file)).toHaveLength(2);
});

const CHANGES: readonly [sentence: string, enrolment: Partial<Enrolment>][] = [
  ['from earlier on', { notBefore: '2020-01-01T00:00:00.000Z' }],
  ['for longer', { notAfter: '2030-01-01T00:00:00.000Z' }],
];

test.each(CHANGES)('an entry is not made valid %s in passing', async (_, changed) => {
  await using at = await place();
  await enrol(at.file, KEY.publicKey, { ...EU, notAfter: '2027-01-01T00:00:00.000Z' }, NOW);
  const before = await readFile(at.file, 'utf8');
  expect(await problemOf(enrol(at.file, KEY.publicKey, { ...EU, ...changed }, NOW))).toContain(
    'is trusted from 2026-01-02T03:04:05.678Z until 2027-01-01T00:00:00.000Z already',
  );
  expect(await readFile(at.file, 'utf8')).toBe(before);
});

test('a key that is marked as compromised is not enrolled again', async () => {
  await using at = await place();
  await enrol(at.file, KEY.publicKey, EU, NOW);
  const text = await readFile(at.file, 'utf8');
  await writeFile(at.file, text.replace('"compromisedAt": null', '"compromisedAt": "2026-02-01T00:00:00Z"'));
  expect(await problemOf(enrol(at.file, KEY.publicKey, EU, NOW))).toContain(
    'compromised since 2026-02-01T00:00:00Z',
  );
});

test('a file that can not be read is not written over', async () => {
  await using at = await place();
  await writeFile(at.file, '{"v": 1, "keys": [');
  expect(await problemOf(enrol(at.file, KEY.publicKey, EU, NOW))).toContain(`${at.file}:1:`);
  expect(await readFile(at.file, 'utf8')).toBe('{"v": 1, "keys": [');
});

test('what is no key, or valid at no time, is not enrolled and makes no file', async () => {
  await using at = await place();
  expect(await problemOf(enrol(at.file, 'AAAA', EU, NOW))).toContain('no Ed25519 public key');
  expect(
    await problemOf(enrol(at.file, KEY.publicKey, { ...EU, notAfter: '2026-01-01T00:00:00Z' }, NOW)),
  ).toContain('valid at no time');
  expect(await problemOf(enrol(at.file, KEY.publicKey, { ...EU, deployment: '*' }, NOW))).toContain(
    'a deployment is',
  );
  expect(await readdir(at.folder)).toEqual([]);
});

test('a link is read, and not replaced by a file', async () => {
  await using at = await place();
  await enrol(join(at.folder, 'real.json'), KEY.publicKey, EU, NOW);
  await symlink('real.json', at.file);
  expect(await readTrustedKeys(at.file)).toHaveLength(1);
  expect(await problemOf(enrol(at.file, OTHER.publicKey, EU, NOW))).toContain('name the file itself');
  expect(await readTrustedKeys(at.file)).toHaveLength(1);
});

test('a file that is not there trusts nobody, and says so', async () => {
  await using at = await place();
  expect(await problemOf(readTrustedKeys(at.file))).toContain('there is no file of trusted keys');
});

test('a folder that is not there, or in its place, is told and not made', async () => {
  await using at = await place();
  expect(await problemOf(enrol(join(at.folder, 'none', 'keys.json'), KEY.publicKey, EU, NOW))).toContain(
    'ENOENT',
  );
  expect(await problemOf(enrol(at.folder, KEY.publicKey, EU, NOW))).toContain('no regular file');
  expect(await readdir(at.folder)).toEqual([]);
});
