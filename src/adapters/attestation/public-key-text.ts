import { createPublicKey, type KeyObject } from 'node:crypto';

import { z } from 'zod';

import { InputError } from '../../contracts/input-error.js';
import { deploymentName, digest } from '../../contracts/names.js';
import type { Digest } from '../canonical.js';
import { decodePublicKey, encodePublicKey, keyidOf } from './signing-key.js';

/** A public key as somebody hands it over: to be shown by its keyid, and trusted by nothing else. */
export interface OfferedKey {
  readonly keyid: Digest;
  /** SPKI DER in base64. */
  readonly publicKey: string;
  /** Whose evidence it says that it signs. */
  readonly deployment: string | undefined;
}

const printed = z.object({
  keyid: digest,
  publicKey: z.string().max(256),
  deployment: deploymentName.optional(),
});

/**
 * Reads what `promote evidence key` prints, with `--json` or without, or a public key in PEM or base64 from anywhere else.
 *
 * @throws InputError `bad_usage` where it holds not exactly one Ed25519 public key
 */
export function readOfferedKey(text: string, file: string): OfferedKey {
  const trimmed = text.trim();
  if (/-----BEGIN [A-Z ]*PRIVATE KEY-----/.test(trimmed))
    throw refused(file, 'this is a private key, which nobody but its worker may have: take the public one');
  if (trimmed.startsWith('{')) return ofDocument(trimmed, file);
  const blocks = trimmed.match(/-----BEGIN PUBLIC KEY-----[^-]*-----END PUBLIC KEY-----/g) ?? [];
  if (blocks.length > 1) throw refused(file, 'it holds more than one public key: enrol one at a time');
  const [pem] = blocks;
  const key = pem === undefined ? decodePublicKey(trimmed) : ofPem(pem);
  if (key === undefined) throw refused(file, NO_KEY);
  const keyid = keyidOf(key);
  const named = /^keyid +(\S+)$/m.exec(trimmed)?.[1] ?? keyid;
  if (named !== keyid) throw otherName(file, keyid);
  const deployment = /^deployment +(\S+)$/m.exec(trimmed)?.[1];
  return { keyid, publicKey: encodePublicKey(key), deployment };
}

function ofDocument(text: string, file: string): OfferedKey {
  let value: unknown;
  try {
    value = JSON.parse(text);
  } catch {
    throw refused(file, NO_KEY);
  }
  const read = printed.safeParse(value);
  const key = read.success ? decodePublicKey(read.data.publicKey) : undefined;
  if (!read.success || key === undefined) throw refused(file, NO_KEY);
  const keyid = keyidOf(key);
  if (keyid !== read.data.keyid) throw otherName(file, keyid);
  return { keyid, publicKey: read.data.publicKey, deployment: read.data.deployment };
}

function ofPem(pem: string): KeyObject | undefined {
  try {
    const key = createPublicKey(pem);
    return key.asymmetricKeyType === 'ed25519' ? key : undefined;
  } catch {
    return undefined;
  }
}

function otherName(file: string, keyid: string): InputError {
  return refused(file, `its keyid is not its key's, which is ${keyid}`);
}

const NO_KEY = 'no Ed25519 public key, as `promote evidence key` prints it';

function refused(file: string, why: string): InputError {
  return new InputError('bad_usage', [`${file}: ${why}`]);
}
