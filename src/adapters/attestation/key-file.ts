import { createPrivateKey, createPublicKey, generateKeyPairSync, sign, type KeyObject } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open } from 'node:fs/promises';
import { basename, dirname } from 'node:path';

import { createFile, isErrno, makeDirectory, makeRoot } from '../evidence/durable-files.js';
import { openFolders } from '../evidence/open-folders.js';
import { AttestationError } from './error.js';
import { encodePublicKey, keyidOf, type SigningKey } from './signing-key.js';

export interface OpenedKey {
  readonly key: SigningKey;
  readonly outcome: 'created' | 'found';
}

/**
 * The signing key in a file: PKCS#8 PEM of Ed25519, 0600, in a folder of its own, 0700. Created where there is none, once,
 * however many processes try; what stands there is never replaced.
 *
 * @throws AttestationError where file or folder could have been read, changed or put there by somebody else
 */
export async function openKeyFile(file: string): Promise<OpenedKey> {
  return wrapped(file, async () => {
    const there = await findKey(file);
    if (there !== undefined && lasting.get(file) === there.keyid) return { key: there, outcome: 'found' };
    const opened = await makeKeyFile(file);
    lasting.set(file, opened.key.keyid);
    return opened;
  });
}

/** Keys that this process has seen onto the disk, by file. */
const lasting = new Map<string, string>();

async function makeKeyFile(file: string): Promise<OpenedKey> {
  const folder = dirname(file);
  await makeRoot(dirname(folder));
  await makeDirectory(folder);
  await openFolders.flush(dirname(folder));
  await checkFolder(folder);
  const found = await readKey(file);
  if (found !== undefined) {
    // Whoever made it may not have come to this yet, and what it signs must not outlive it.
    await openFolders.flush(folder);
    return { key: signingKeyOf(found), outcome: 'found' };
  }
  const outcome = await createFile(folder, basename(file), freshKey());
  const key = await readKey(file);
  if (key === undefined) throw new AttestationError('key_unavailable', `${file} comes and goes`);
  return { key: signingKeyOf(key), outcome: outcome === 'created' ? 'created' : 'found' };
}

/**
 * The same key, where it is there already; nothing is made.
 *
 * @throws AttestationError as openKeyFile
 */
export async function findKeyFile(file: string): Promise<SigningKey | undefined> {
  return wrapped(file, () => findKey(file));
}

async function findKey(file: string): Promise<SigningKey | undefined> {
  const found = await readKey(file);
  if (found === undefined) return undefined;
  await checkFolder(dirname(file));
  return signingKeyOf(found);
}

function signingKeyOf(privateKey: KeyObject): SigningKey {
  const publicKey = createPublicKey(privateKey);
  return {
    keyid: keyidOf(publicKey),
    publicKey: encodePublicKey(publicKey),
    // oxlint-disable-next-line typescript/require-await -- the port is a service's as well
    sign: async (bytes) => sign(null, bytes, privateKey),
  };
}

function freshKey(): Uint8Array {
  const { privateKey } = generateKeyPairSync('ed25519');
  return Buffer.from(privateKey.export({ format: 'pem', type: 'pkcs8' }));
}

/** Of Ed25519 it is 119 bytes. */
const MAX_KEY_BYTES = 4096;

/** Looked at through the handle that it is read by, so that nothing can be exchanged in between. */
async function readKey(file: string): Promise<KeyObject | undefined> {
  let handle;
  try {
    handle = await open(file, constants.O_RDONLY | constants.O_NOFOLLOW | constants.O_NONBLOCK);
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw error;
  }
  try {
    const stat = await handle.stat();
    if (!stat.isFile()) throw new AttestationError('key_not_regular', `${file} is no regular file`);
    checkPrivate(file, stat, '600');
    if (stat.size > MAX_KEY_BYTES) throw otherType(file);
    // What another process wrote and did not live to see on the disk.
    await handle.sync();
    return privateKeyOf(file, await handle.readFile('utf8'));
  } finally {
    await handle.close();
  }
}

const PKCS8 = /^-----BEGIN PRIVATE KEY-----\n[A-Za-z0-9+/=\n]+-----END PRIVATE KEY-----\n?$/;

function privateKeyOf(file: string, pem: string): KeyObject {
  if (!PKCS8.test(pem)) throw otherType(file);
  let key: KeyObject;
  try {
    key = createPrivateKey(pem);
  } catch {
    // Without its cause: nothing of a private key goes further.
    throw otherType(file);
  }
  if (key.asymmetricKeyType !== 'ed25519') throw otherType(file);
  return key;
}

function otherType(file: string): AttestationError {
  return new AttestationError(
    'key_other_type',
    `${file} is no PKCS#8 private key of Ed25519 (PEM, without a passphrase): put back the right one, or move this one away for a new one`,
  );
}

async function checkFolder(folder: string): Promise<void> {
  const stat = await lstat(folder);
  if (!stat.isDirectory()) throw new AttestationError('key_not_regular', `${folder} is no folder`);
  checkPrivate(folder, stat, '700');
}

function checkPrivate(
  path: string,
  { uid, mode }: { readonly uid: number; readonly mode: number },
  right: string,
): void {
  if (uid !== process.geteuid?.())
    throw new AttestationError('key_foreign_owner', `${path} belongs to user ${uid}, not to this process's`);
  if ((mode & 0o077) !== 0)
    throw new AttestationError(
      'key_not_private',
      `${path} has mode ${(mode & 0o777).toString(8)}: others may have read or changed it; \`chmod ${right}\` it if you know that none did, else move it away for a new one`,
    );
}

async function wrapped<T>(file: string, work: () => Promise<T>): Promise<T> {
  try {
    return await work();
  } catch (error) {
    if (error instanceof AttestationError) throw error;
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unknown error';
    const regular = NOT_REGULAR.includes(code);
    throw new AttestationError(
      regular ? 'key_not_regular' : 'key_unavailable',
      regular
        ? `a link, or something that is no file or folder, stands on the way to ${file}`
        : `${file}: ${code}`,
      { cause: error },
    );
  }
}

const NOT_REGULAR: readonly string[] = ['not_regular', 'ELOOP', 'ENOTDIR', 'EISDIR', 'ENXIO', 'EMLINK'];
