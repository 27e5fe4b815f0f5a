import { KeyNotTaken, parsePublicKey, type PublicKey } from './public-key.js';
import { NotOfTheFormat, WireReader } from './wire.js';

/** Longest signature that is looked at, in UTF-16 code units: an RSA certificate signed by 16384 bits fits. */
const MAX_CHARS = 16_384;
const ARMOUR = /^-----BEGIN SSH SIGNATURE-----\n((?:[A-Za-z0-9+/=]{1,76}\n)+)-----END SSH SIGNATURE-----\n?$/;
const VERSION = 1;

export interface ParsedSignature {
  readonly key: PublicKey;
  readonly namespace: string;
  readonly hash: 'sha256' | 'sha512';
  /** Of a security key: 0x01 it was touched, 0x04 it verified its user. Undefined of any other key. */
  readonly flags: number | undefined;
}

export type ParsedArmour =
  | { readonly kind: 'signature'; readonly signature: ParsedSignature }
  | { readonly kind: 'malformed' | 'key_not_taken'; readonly why: string };

/**
 * Reads a signature as `ssh-keygen -Y sign` writes it, and nothing else: OpenSSH itself reads on past the armour, skips
 * spaces in it and takes what follows the base64 for padding. Says nothing of whether the signature holds.
 */
export function parseArmour(text: string): ParsedArmour {
  if (text.length > MAX_CHARS) return { kind: 'malformed', why: `it is longer than ${MAX_CHARS} characters` };
  const body = ARMOUR.exec(text)?.[1];
  if (body === undefined)
    return { kind: 'malformed', why: 'it is not one armoured signature with nothing before or after it' };
  const lines = body.trimEnd().split('\n');
  const width = lines[0]?.length ?? 0;
  const base64 = lines.join('');
  const blob = Buffer.from(base64, 'base64');
  const even = lines.every((line, index) =>
    index < lines.length - 1 ? line.length === width : line.length <= width,
  );
  if (!even || blob.toString('base64') !== base64)
    return { kind: 'malformed', why: 'its base64 is malformed' };
  try {
    return { kind: 'signature', signature: parseBlob(blob) };
  } catch (error) {
    if (error instanceof KeyNotTaken) return { kind: 'key_not_taken', why: error.message };
    if (error instanceof NotOfTheFormat) return { kind: 'malformed', why: error.message };
    throw error;
  }
}

/** PROTOCOL.sshsig, "Blob format". */
function parseBlob(blob: Buffer): ParsedSignature {
  const reader = new WireReader(blob);
  if (reader.take(6).toString('latin1') !== 'SSHSIG')
    throw new NotOfTheFormat('it does not begin with SSHSIG');
  if (reader.uint32() !== VERSION) throw new NotOfTheFormat('it is of another version than 1');
  const key = parsePublicKey(reader.string());
  const namespace = reader.word();
  if (namespace === '') throw new NotOfTheFormat('it has no namespace');
  if (reader.string().length > 0) throw new NotOfTheFormat('its reserved field is not empty');
  const hash = reader.word();
  if (hash !== 'sha256' && hash !== 'sha512')
    throw new NotOfTheFormat('it hashes by neither sha256 nor sha512');
  const flags = flagsOf(reader.string(), key);
  reader.end();
  return { key, namespace, hash, flags };
}

/** PROTOCOL.u2f, "SSH U2F signatures": a byte of flags and a counter of four follow the signature. */
function flagsOf(signature: Buffer, key: PublicKey): number | undefined {
  const reader = new WireReader(signature);
  if (!key.signatures.includes(reader.word()))
    throw new NotOfTheFormat('the signature in it is not of its key');
  reader.string();
  const flags = key.securityKey ? reader.byte() : undefined;
  if (key.securityKey) reader.uint32();
  reader.end();
  return flags;
}
