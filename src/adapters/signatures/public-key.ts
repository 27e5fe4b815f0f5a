import { createHash } from 'node:crypto';

import { KINDS } from './key-kinds.js';
import { NotOfTheFormat, WireReader, wireString } from './wire.js';

/** RSA keys have to have as many bits; OpenSSH itself is content with 1024. */
const MIN_RSA_BITS = 3_072;

const CERTIFICATE = '-cert-v01@openssh.com';
const USER_CERTIFICATE = 1;

/** What a certificate says of its key. */
export interface Certificate {
  readonly principals: readonly string[];
  /** Seconds since the epoch; from then on. */
  readonly validAfter: bigint;
  /** Seconds since the epoch; it ends there. */
  readonly validBefore: bigint;
  /** Names of its critical options. */
  readonly criticalOptions: readonly string[];
  /** Of the key that signed it. */
  readonly authority: PublicKey;
  /** A certificate that speaks for a machine is none for a person. */
  readonly forUser: boolean;
}

export interface PublicKey {
  /** As in an `allowed_signers` line, such as `ssh-ed25519`; a certificate's own. */
  readonly keyType: string;
  /** As ssh-keygen says it, such as `ED25519` or `RSA-CERT`. */
  readonly shownType: string;
  /** `SHA256:…`, as ssh-keygen prints it; of the plain key where it is a certificate. */
  readonly fingerprint: string;
  /** Undefined of all but RSA. */
  readonly rsaBits: number | undefined;
  readonly securityKey: boolean;
  /** Names of signatures that this key makes. */
  readonly signatures: readonly string[];
  readonly certificate: Certificate | undefined;
}

/** A kind of key that is known, and too weak or too old to be taken. */
export class KeyNotTaken extends NotOfTheFormat {}

/** Reads the blob of a public key or of a certificate. Throws NotOfTheFormat; KeyNotTaken for a kind that is refused. */
export function parsePublicKey(blob: Uint8Array): PublicKey {
  return read(blob, true);
}

/** Why a key, or the one that certifies it, is too weak; undefined where neither is. */
export function weaknessOf({ rsaBits, certificate }: PublicKey): string | undefined {
  if (rsaBits !== undefined && rsaBits < MIN_RSA_BITS)
    return `RSA of ${rsaBits} bits, and ${MIN_RSA_BITS} are needed`;
  return certificate === undefined ? undefined : weaknessOf(certificate.authority);
}

function read(blob: Uint8Array, certificateTaken: boolean): PublicKey {
  const reader = new WireReader(blob);
  const keyType = reader.word();
  const isCertificate = keyType.endsWith(CERTIFICATE);
  const plainType = isCertificate ? plainTypeOf(keyType) : keyType;
  const kind = KINDS.get(plainType);
  if (kind === undefined) {
    if (plainType === 'ssh-dss') throw new KeyNotTaken('DSA keys are not taken');
    throw new NotOfTheFormat(`a key of an unknown type`);
  }
  if (isCertificate) {
    if (!certificateTaken) throw new NotOfTheFormat('a certificate signed by a certificate');
    reader.string();
  }
  const from = reader.position;
  const rsaBits = kind.read(reader);
  const fields = Buffer.from(blob).subarray(from, reader.position);
  const certificate = isCertificate ? readCertificate(reader) : undefined;
  reader.end();
  const plainBlob = Buffer.concat([wireString(plainType), fields]);
  return {
    keyType,
    shownType: isCertificate ? `${kind.shown}-CERT` : kind.shown,
    fingerprint: `SHA256:${createHash('sha256').update(plainBlob).digest('base64').replace(/=+$/, '')}`,
    rsaBits,
    securityKey: kind.securityKey,
    signatures: kind.signatures,
    certificate,
  };
}

/** `sk-ssh-ed25519-cert-v01@openssh.com` certifies `sk-ssh-ed25519@openssh.com`, `ssh-rsa-cert-v01@openssh.com` `ssh-rsa`. */
function plainTypeOf(certificateType: string): string {
  const base = certificateType.slice(0, -CERTIFICATE.length);
  return base.startsWith('sk-') ? `${base}@openssh.com` : base;
}

function readCertificate(reader: WireReader): Certificate {
  // Its serial and, below, its ID: OpenSSH looks them up in the list of revoked keys.
  reader.uint64();
  const type = reader.uint32();
  reader.string();
  const principals = wordsOf(reader.string());
  const validAfter = reader.uint64();
  const validBefore = reader.uint64();
  const criticalOptions = optionNamesOf(reader.string());
  optionNamesOf(reader.string());
  reader.string();
  const authority = read(reader.string(), false);
  const signature = new WireReader(reader.string()).word();
  if (!authority.signatures.includes(signature))
    throw new NotOfTheFormat('it is signed in a way that is not taken');
  return {
    principals,
    validAfter,
    validBefore,
    criticalOptions,
    authority,
    forUser: type === USER_CERTIFICATE,
  };
}

function wordsOf(bytes: Buffer): string[] {
  const reader = new WireReader(bytes);
  const words: string[] = [];
  while (reader.position < bytes.length) words.push(reader.string().toString('utf8'));
  return words;
}

function optionNamesOf(bytes: Buffer): string[] {
  const reader = new WireReader(bytes);
  const names: string[] = [];
  while (reader.position < bytes.length) {
    names.push(reader.string().toString('utf8'));
    reader.string();
  }
  return names;
}
