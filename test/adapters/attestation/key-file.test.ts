// Proves that a signing key is made once and that a file which somebody else may know or may have put there signs nothing. That
// it is one key among racing processes is proven by processes of the build (`npm run build`); what a power cut leaves is not
// proven here.
import { spawn } from 'node:child_process';
import { createPrivateKey, generateKeyPairSync, verify } from 'node:crypto';
import {
  chmod,
  chown,
  link,
  lstat,
  mkdir,
  mkdtemp,
  readdir,
  readFile,
  rename,
  rm,
  symlink,
  writeFile,
} from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { expect, test } from 'vitest';

import { AttestationError } from '../../../src/adapters/attestation/error.js';
import { openKeyFile } from '../../../src/adapters/attestation/key-file.js';
import { decodePublicKey } from '../../../src/adapters/attestation/signing-key.js';
import { keyOfSeed } from './vector.js';

interface Place {
  readonly root: string;
  readonly folder: string;
  readonly file: string;
  [Symbol.asyncDispose](): Promise<void>;
}

async function place(): Promise<Place> {
  const root = await mkdtemp(join(tmpdir(), 'promote-key-'));
  const folder = join(root, 'data', 'keys');
  return {
    root,
    folder,
    file: join(folder, 'evidence.pem'),
    [Symbol.asyncDispose]: () => rm(root, { recursive: true, force: true }),
  };
}

async function codeOf(file: string): Promise<string> {
  try {
    await openKeyFile(file);
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
  return 'opened';
}

test('a key is made where there is none, for nobody else to read, and found again', async () => {
  await using at = await place();
  const made = await openKeyFile(at.file);
  const found = await openKeyFile(at.file);
  expect([made.outcome, found.outcome]).toEqual(['created', 'found']);
  expect(found.key.keyid).toBe(made.key.keyid);
  expect((await lstat(at.file)).mode & 0o777).toBe(0o600);
  expect((await lstat(at.folder)).mode & 0o777).toBe(0o700);
  expect(await readdir(at.folder)).toEqual(['evidence.pem']);
  expect(createPrivateKey(await readFile(at.file, 'utf8')).asymmetricKeyType).toBe('ed25519');
});

test('one that is exchanged is the one that signs, and one that is taken away is made anew, by the same process', async () => {
  await using at = await place();
  const { key: first } = await openKeyFile(at.file);
  await rm(at.folder, { recursive: true });
  const { key: second, outcome } = await openKeyFile(at.file);
  expect(outcome).toBe('created');
  expect(second.keyid).not.toBe(first.keyid);
  const { privateKey } = generateKeyPairSync('ed25519');
  await writeFile(at.file, privateKey.export({ format: 'pem', type: 'pkcs8' }));
  const { key: third, outcome: found } = await openKeyFile(at.file);
  expect(found).toBe('found');
  expect([first.keyid, second.keyid]).not.toContain(third.keyid);
});

test('what it signs, its public half verifies', async () => {
  await using at = await place();
  const { key } = await openKeyFile(at.file);
  const bytes = Buffer.from('anything');
  const publicKey = decodePublicKey(key.publicKey);
  if (publicKey === undefined) throw new Error('no public key');
  expect(verify(null, bytes, publicKey, await key.sign(bytes))).toBe(true);
});

test('a key that somebody made with openssl is taken as it is', async () => {
  await using at = await place();
  const { pem, keyid } = keyOfSeed(7);
  await mkdir(at.folder, { recursive: true, mode: 0o700 });
  await writeFile(at.file, pem, { mode: 0o600 });
  expect((await openKeyFile(at.file)).key.keyid).toBe(keyid);
});

const PKCS8 = { format: 'pem', type: 'pkcs8' } as const;
const rsa = generateKeyPairSync('rsa', { modulusLength: 2048 }).privateKey;
const p256 = generateKeyPairSync('ec', { namedCurve: 'P-256' }).privateKey;
const ed25519 = createPrivateKey(keyOfSeed(7).pem);

const CONTENTS: readonly [sentence: string, content: string][] = [
  ['nothing', ''],
  ['an RSA key', rsa.export(PKCS8).toString()],
  ['an EC key', p256.export(PKCS8).toString()],
  ['an EC key of another form', p256.export({ format: 'pem', type: 'sec1' }).toString()],
  [
    'a key with a passphrase',
    ed25519.export({ ...PKCS8, cipher: 'aes-256-cbc', passphrase: 'x' }).toString(),
  ],
  ['half a key', keyOfSeed(7).pem.slice(0, 60)],
  ['two keys', keyOfSeed(7).pem + keyOfSeed(8).pem],
  ['a public key', `-----BEGIN PUBLIC KEY-----\n${keyOfSeed(7).publicKey}\n-----END PUBLIC KEY-----\n`],
  ['a key after a text', `mine\n${keyOfSeed(7).pem}`],
  ['far too much', keyOfSeed(7).pem.padEnd(5_000, '\n')],
];

test.each(CONTENTS)('%s in its place is refused and stays there', async (_, content) => {
  await using at = await place();
  await mkdir(at.folder, { recursive: true, mode: 0o700 });
  await writeFile(at.file, content, { mode: 0o600 });
  expect(await codeOf(at.file)).toBe('key_other_type');
  expect(await readFile(at.file, 'utf8')).toBe(content);
});

test('what a refusal says holds nothing of the key', async () => {
  await using at = await place();
  await openKeyFile(at.file);
  const pem = await readFile(at.file, 'utf8');
  await writeFile(at.file, `${pem}x`);
  const error: unknown = await openKeyFile(at.file).catch((caught: unknown) => caught);
  const told = error instanceof Error ? `${error.message}${error.stack}${String(error.cause)}` : '';
  expect(told).toContain('key_other_type');
  expect(told).not.toContain(pem.split('\n')[1]);
});

const SPOILT: readonly [sentence: string, code: string, spoil: (at: Place) => Promise<void>][] = [
  ['the group can read it', 'key_not_private', ({ file }) => chmod(file, 0o640)],
  ['others can write it', 'key_not_private', ({ file }) => chmod(file, 0o602)],
  ['the group can read its folder', 'key_not_private', ({ folder }) => chmod(folder, 0o750)],
  ['others can write its folder', 'key_not_private', ({ folder }) => chmod(folder, 0o703)],
  [
    'it is a link',
    'key_not_regular',
    async ({ file, root }) => {
      await rename(file, join(root, 'elsewhere.pem'));
      await symlink(join(root, 'elsewhere.pem'), file);
    },
  ],
  [
    'it is a link to nothing',
    'key_not_regular',
    async ({ file, root }) => {
      await rm(file);
      await symlink(join(root, 'planted.pem'), file);
    },
  ],
  [
    'its folder is a link',
    'key_not_regular',
    async ({ folder, root }) => {
      await rename(folder, join(root, 'elsewhere'));
      await symlink(join(root, 'elsewhere'), folder);
    },
  ],
  [
    'it is a folder',
    'key_not_regular',
    async ({ file }) => {
      await rm(file);
      await mkdir(file, { mode: 0o700 });
    },
  ],
  [
    'its folder is a file',
    'key_not_regular',
    async ({ folder }) => {
      await rm(folder, { recursive: true });
      await writeFile(folder, '', { mode: 0o600 });
    },
  ],
];

test.each(SPOILT)('it signs nothing where %s', async (_, code, spoil) => {
  await using at = await place();
  await openKeyFile(at.file);
  await spoil(at);
  expect(await codeOf(at.file)).toBe(code);
});

const NOBODY = 65_534;

test.skipIf(process.geteuid?.() !== 0).each(['file', 'folder'] as const)(
  'it signs nothing where the %s belongs to somebody else',
  async (which) => {
    await using at = await place();
    await openKeyFile(at.file);
    await chown(at[which], NOBODY, NOBODY);
    expect(await codeOf(at.file)).toBe('key_foreign_owner');
  },
);

test('a second name for the file, as another process gives it while it makes the key, changes nothing', async () => {
  await using at = await place();
  const { key } = await openKeyFile(at.file);
  await link(at.file, join(at.folder, '.tmp-1-2'));
  expect((await openKeyFile(at.file)).key.keyid).toBe(key.keyid);
});

const BUILT = fileURLToPath(new URL('../../../dist/src/adapters/attestation/key-file.js', import.meta.url));

/** Waits for a byte, so that all begin at the same moment, then opens the key. */
const RACER = `
  const { openKeyFile } = await import(${JSON.stringify(BUILT)});
  process.stdout.write('ready\\n');
  process.stdin.once('data', async () => {
    const { key, outcome } = await openKeyFile(process.argv[1]);
    process.stdout.write(outcome + ' ' + key.keyid + '\\n');
    process.stdin.destroy();
  });
`;

test('twenty processes that race for it all get one key, which one of them made', async () => {
  await using at = await place();
  const racers = Array.from({ length: 20 }, () => {
    const child = spawn(process.execPath, ['--input-type=module', '--eval', RACER, at.file], {
      stdio: ['pipe', 'pipe', 'inherit'],
    });
    const said: string[] = [];
    child.stdout.setEncoding('utf8');
    const isReady = new Promise<void>((resolve, reject) => {
      child.once('error', reject);
      child.stdout.once('data', () => resolve());
    });
    child.stdout.on('data', (text: string) => said.push(text));
    const ended = new Promise((resolve) => child.once('close', resolve));
    return { child, isReady, ended, said };
  });
  await Promise.all(racers.map(({ isReady }) => isReady));
  for (const { child } of racers) child.stdin.write('go');
  await Promise.all(racers.map(({ ended }) => ended));
  const results = racers.map(({ said }) => said.join('').trim().split('\n').at(-1) ?? '');
  const { key } = await openKeyFile(at.file);
  expect(results.toSorted()).toEqual([
    `created ${key.keyid}`,
    ...Array.from({ length: 19 }, () => `found ${key.keyid}`),
  ]);
  expect(await readdir(at.folder)).toEqual(['evidence.pem']);
});
