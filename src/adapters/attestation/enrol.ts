import { randomBytes } from 'node:crypto';
import { constants } from 'node:fs';
import { lstat, open, realpath, rename, rm } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { InputError } from '../../contracts/input-error.js';
import { trustedKeySchema, type TrustedKey, type TrustedKeys } from '../../contracts/trusted-keys.js';
import { isErrno, UNFINISHED_PREFIX } from '../evidence/durable-files.js';
import { openFolders } from '../evidence/open-folders.js';
import { decodePublicKey, keyidOf } from './signing-key.js';
import { isSameEntry, parseTrustedKeys, type BelievedKey } from './trusted-keys.js';

/** Undefined: as it stands in the file, else from now on and without an end. ISO 8601, UTC. */
export interface Enrolment {
  readonly deployment: string;
  readonly notBefore: string | undefined;
  readonly notAfter: string | undefined;
}

export interface Enrolled {
  readonly outcome: 'enrolled' | 'same';
  readonly entry: TrustedKey;
}

/**
 * The keys that are trusted here. A file that is not there trusts nobody, and that is told rather than taken for an answer.
 *
 * @throws InputError `invalid_settings`
 */
export async function readTrustedKeys(file: string): Promise<readonly BelievedKey[]> {
  const text = await readText(file);
  if (text === undefined)
    throw refused(
      `${file}: there is no file of trusted keys: enrol one with \`promote evidence trust\`, or name it with --trusted-keys`,
    );
  return parseTrustedKeys(text, file);
}

/**
 * Adds a key that a person vouches for. All or nothing and durable; the same again changes nothing; an entry that stands is
 * never changed by it. What somebody else writes meanwhile is met by a last look just before the rename; only what falls
 * between those two is lost.
 *
 * @param publicKey SPKI DER in base64
 * @param now ms since the epoch
 * @throws InputError `invalid_settings` for a file that can't be read or written, and for an entry that stands otherwise
 */
export async function enrol(
  file: string,
  publicKey: string,
  enrolment: Enrolment,
  now: number,
): Promise<Enrolled> {
  const before = await readText(file);
  const standing = before === undefined ? [] : parseTrustedKeys(before, file);
  const wanted = entryOf(file, publicKey, enrolment, now);
  const found = standing.find((entry) => isSameEntry(entry, wanted));
  if (found !== undefined) return { outcome: 'same', entry: unchanged(file, found, enrolment) };
  const keys = [...standing.map(({ key: _key, ...entry }) => entry), wanted];
  const text = `${JSON.stringify({ v: 1, keys } satisfies TrustedKeys, undefined, 2)}\n`;
  // Never written unless it can be read back.
  parseTrustedKeys(text, file);
  await replace(file, before, text);
  return { outcome: 'enrolled', entry: wanted };
}

function entryOf(file: string, publicKey: string, enrolment: Enrolment, now: number): TrustedKey {
  const key = decodePublicKey(publicKey);
  if (key === undefined) throw refused(`${file}: what is to be enrolled is no Ed25519 public key`);
  const read = trustedKeySchema.safeParse({
    keyid: keyidOf(key),
    publicKey,
    deployment: enrolment.deployment,
    notBefore: enrolment.notBefore ?? new Date(now).toISOString(),
    notAfter: enrolment.notAfter ?? null,
    compromisedAt: null,
  });
  if (read.success) return read.data;
  const [issue] = read.error.issues;
  throw refused(`${file}: ${issue?.path.join('.') ?? ''}: ${issue?.message ?? 'not of its form'}`);
}

function unchanged(
  file: string,
  { key: _key, ...found }: BelievedKey,
  { notBefore, notAfter }: Enrolment,
): TrustedKey {
  const where = `${file}: ${found.keyid} of ${found.deployment}`;
  if (found.compromisedAt !== null)
    throw refused(
      `${where} is marked as compromised since ${found.compromisedAt}: have the worker make a new key`,
    );
  const from = isSameMoment(notBefore, found.notBefore);
  const until = isSameMoment(notAfter, found.notAfter);
  if (!from || !until)
    throw refused(
      `${where} is trusted from ${found.notBefore} until ${found.notAfter ?? 'it is retired'} already: change that in the file, by hand`,
    );
  return found;
}

/** What was not asked for is as it stands. */
function isSameMoment(asked: string | undefined, stands: string | null): boolean {
  return asked === undefined || (stands !== null && Date.parse(asked) === Date.parse(stands));
}

async function readText(file: string): Promise<string | undefined> {
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      const stat = await handle.stat();
      if (!stat.isFile()) throw refused(`${file}: no regular file`);
      if (stat.size > MAX_BYTES) throw refused(`${file}: has ${stat.size} bytes; at most ${MAX_BYTES}`);
      return new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(await handle.readFile());
    } finally {
      await handle.close();
    }
  } catch (error) {
    if (isErrno(error, 'ENOENT')) return undefined;
    throw asRefusal(file, 'read', error);
  }
}

/** As the parser's own bound. */
const MAX_BYTES = 64 * 1024;

/** Public keys are no secret: whoever verifies may read the file. */
const MODE = 0o644;

async function replace(file: string, before: string | undefined, text: string): Promise<void> {
  try {
    const folder = await realpath(dirname(file));
    const place = join(folder, basename(file));
    const stat = await lstat(place).catch((error: unknown) => {
      if (isErrno(error, 'ENOENT')) return undefined;
      throw error;
    });
    if (stat !== undefined && !stat.isFile())
      throw refused(`${file}: a link or no regular file: name the file itself`);
    const unfinished = join(folder, `${UNFINISHED_PREFIX}${process.pid}-${randomBytes(8).toString('hex')}`);
    try {
      const handle = await open(unfinished, 'wx', stat === undefined ? MODE : stat.mode & 0o777);
      try {
        await handle.writeFile(text);
        await handle.sync();
      } finally {
        await handle.close();
      }
      if ((await readText(file)) !== before)
        throw refused(`${file}: somebody else changed it just now: repeat this command`);
      await rename(unfinished, place);
    } finally {
      await rm(unfinished, { force: true });
    }
    await openFolders.flush(folder);
  } catch (error) {
    throw asRefusal(file, 'written', error);
  }
}

function asRefusal(file: string, done: 'read' | 'written', error: unknown): InputError {
  if (error instanceof InputError) return error;
  const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
  return refused(
    `${file}: the trusted keys can't be ${done} (${code}): correct its place or its rights`,
    error,
  );
}

function refused(problem: string, cause?: unknown): InputError {
  return new InputError('invalid_settings', [problem], { cause });
}
