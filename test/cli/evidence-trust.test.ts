// Proves how a key comes to be trusted, by real processes of the build (`npm run build`), at a terminal and without one.
import { spawn } from 'node:child_process';
import { mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';
import { z } from 'zod';

import { keyOfSeed } from '../adapters/attestation/vector.js';
import { promote, PROMOTE, scratch, type Ended } from './run-promote.js';

const printed = z.object({
  deployment: z.string(),
  keyid: z.string().regex(/^sha256:[0-9a-f]{64}$/),
  publicKey: z.string(),
  file: z.string(),
  created: z.boolean(),
});

const SETTINGS = { 'promote.yaml': 'v: 1\ndeployment: tau-eu\n' };
const PEM = `-----BEGIN PUBLIC KEY-----\n${keyOfSeed(7).publicKey}\n-----END PUBLIC KEY-----\n`;
const { keyid: KEYID } = keyOfSeed(7);

const told = ({ exitCode, stderr }: Ended): [number | null, string] => [exitCode, stderr];

test('a key is made once, and printed as it is', async () => {
  await using place = await scratch(SETTINGS);
  const first = await promote(place.folder, ['evidence', 'key', '--json']);
  const again = await promote(place.folder, ['evidence', 'key', '--json']);
  const document = printed.parse(JSON.parse(first.stdout));
  expect(document).toMatchObject({
    deployment: 'tau-eu',
    created: true,
    file: join(place.folder, '.promote', 'keys', 'evidence.pem'),
  });
  expect(printed.parse(JSON.parse(again.stdout))).toEqual({ ...document, created: false });
  expect(first.stdout + first.stderr).not.toContain('PRIVATE');
});

test.each([[['--json']], [[]]])(
  'what `evidence key` prints with %j is what `evidence trust` takes, with its deployment',
  async (mode) => {
    await using worker = await scratch(SETTINGS);
    await using verifier = await scratch();
    const { stdout } = await promote(worker.folder, ['evidence', 'key', ...mode]);
    const keyid = /sha256:[0-9a-f]{64}/.exec(stdout)?.[0] ?? '';
    await writeFile(join(verifier.folder, 'worker.pub'), stdout);
    const args = ['evidence', 'trust', 'worker.pub', '--keyid', keyid, '--json'];
    const enrolled = await promote(verifier.folder, args);
    expect(enrolled.exitCode).toBe(0);
    expect(JSON.parse(enrolled.stdout)).toMatchObject({
      file: join(verifier.folder, 'trusted-keys.json'),
      enrolled: true,
      keyid,
      deployment: 'tau-eu',
      notAfter: null,
      compromisedAt: null,
    });
    expect(JSON.parse((await promote(verifier.folder, args)).stdout)).toMatchObject({
      enrolled: false,
      keyid,
    });
  },
);

test('without a terminal a key that was not named is not trusted', async () => {
  await using place = await scratch({ 'key.pem': PEM });
  const ended = await promote(place.folder, ['evidence', 'trust', 'key.pem']);
  expect(told(ended)).toEqual([
    2,
    expect.stringMatching(new RegExp(`^promote: without a terminal, .*--keyid ${KEYID}`)),
  ]);
  expect(await place.entries()).toEqual(['key.pem']);
});

test('another key than the one that was named is not trusted', async () => {
  await using place = await scratch({ 'key.pem': PEM });
  const other = keyOfSeed(8).keyid;
  const ended = await promote(place.folder, ['evidence', 'trust', 'key.pem', '--keyid', other]);
  expect(told(ended)).toEqual([
    2,
    expect.stringContaining(`its key is ${KEYID}, not ${other}: nothing was enrolled`),
  ]);
  expect(await place.entries()).toEqual(['key.pem']);
});

test('times, deployment and file are as they were asked for', async () => {
  await using place = await scratch({ 'key.pem': PEM });
  const args = ['--keyid', KEYID.slice(7), '--deployment', 'tau-us', '--not-before', '2026-01-02'];
  const where = ['--not-after', '2027-01-02T03:04:05Z', '--trusted-keys', 'mine.json'];
  const ended = await promote(place.folder, ['evidence', 'trust', 'key.pem', ...args, ...where]);
  expect(ended.exitCode).toBe(0);
  expect(JSON.parse(await readFile(join(place.folder, 'mine.json'), 'utf8'))).toMatchObject({
    v: 1,
    keys: [
      { deployment: 'tau-us', notBefore: '2026-01-02T00:00:00.000Z', notAfter: '2027-01-02T03:04:05.000Z' },
    ],
  });
});

test('settings and environment name the file of trusted keys', async () => {
  await using place = await scratch({ 'key.pem': PEM, 'promote.yaml': 'v: 1\ntrustedKeys: a.json\n' });
  const trust = ['evidence', 'trust', 'key.pem', '--keyid', KEYID];
  await promote(place.folder, trust);
  await promote(place.folder, trust, { PROMOTE_TRUSTED_KEYS: 'b.json' });
  expect(await place.entries()).toEqual(['a.json', 'b.json', 'key.pem', 'promote.yaml']);
});

const MISTAKES: readonly [sentence: string, args: readonly string[], says: RegExp][] = [
  ['a file that is not there', ['none.pub'], /none\.pub: the public key can't be read \(ENOENT\)/],
  ['a private key', ['key', '--keyid', KEYID], /key: this is a private key/],
  ['half a keyid', ['key.pem', '--keyid', '324be2de'], /--keyid "324be2de" can't be: all 64 hex digits/],
  ['a day that is none', ['key.pem', '--not-after', '2026-02-30'], /--not-after "2026-02-30" can't be/],
  ['a deployment that can be none', ['key.pem', '--deployment', '*'], /--deployment "\*" can't be/],
];

test.each(MISTAKES)('%s is one line on stderr and exit 2', async (_, args, says) => {
  await using place = await scratch({ 'key.pem': PEM, key: keyOfSeed(7).pem });
  const ended = await promote(place.folder, ['evidence', 'trust', ...args]);
  expect(told(ended)).toEqual([2, expect.stringMatching(says)]);
  expect(ended.stderr).toMatch(/^promote: [^\n]+\n$/);
  expect(await place.entries()).toEqual(['key', 'key.pem']);
});

test('a key that others may have read is told in one line', async () => {
  await using place = await scratch();
  await mkdir(join(place.folder, '.promote', 'keys'), { recursive: true, mode: 0o700 });
  await writeFile(join(place.folder, '.promote', 'keys', 'evidence.pem'), keyOfSeed(7).pem, { mode: 0o644 });
  const ended = await promote(place.folder, ['evidence', 'key']);
  expect(told(ended)).toEqual([
    2,
    expect.stringMatching(/^promote: key_not_private: [^\n]+has mode 644[^\n]+\n$/),
  ]);
});

/** At a terminal of its own; what is typed is typed once it is asked for. */
function atTerminal(
  folder: string,
  args: readonly string[],
  answer: string,
): Promise<{ exitCode: number | null; said: string }> {
  const line = [process.execPath, PROMOTE, ...args].map((word) => `'${word}'`).join(' ');
  const child = spawn('script', ['-qec', line, '/dev/null'], {
    cwd: folder,
    stdio: ['pipe', 'pipe', 'inherit'],
  });
  let said = '';
  let isAnswered = false;
  child.stdout.setEncoding('utf8').on('data', (text: string) => {
    said += text;
    if (isAnswered || !said.includes('Type yes:')) return;
    isAnswered = true;
    child.stdin.write(`${answer}\n`);
  });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', (exitCode) => resolve({ exitCode, said }));
  });
}

test.each([
  ['yes', 0, true],
  ['y', 2, false],
] as const)(
  'at a terminal the keyid is shown first, and %j is answered with exit %i',
  async (answer, exitCode, isEnrolled) => {
    await using place = await scratch({ 'key.pem': PEM });
    const ended = await atTerminal(place.folder, ['evidence', 'trust', 'key.pem'], answer);
    expect(ended.exitCode).toBe(exitCode);
    expect(ended.said.indexOf(KEYID)).toBeGreaterThan(-1);
    expect(ended.said.indexOf(KEYID)).toBeLessThan(ended.said.indexOf('Type yes:'));
    expect((await place.entries()).includes('trusted-keys.json')).toBe(isEnrolled);
  },
);
