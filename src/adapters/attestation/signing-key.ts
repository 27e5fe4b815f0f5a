import { createPublicKey, type KeyObject } from 'node:crypto';

import { sha256, type Digest } from '../canonical.js';

/** What signs this deployment's evidence, wherever its private half is kept: in a file, or with a key management service. */
export interface SigningKey {
  readonly keyid: Digest;
  /** SPKI DER in base64, as it stands in a file of trusted keys. */
  readonly publicKey: string;
  /** The Ed25519 signature, 64 bytes. */
  sign(bytes: Uint8Array): Promise<Uint8Array>;
}

/** A key's name is computed from the key: `sha256:` of its SPKI DER. */
export function keyidOf(publicKey: KeyObject): Digest {
  return sha256(spkiOf(publicKey));
}

/** SPKI DER in base64. */
export function encodePublicKey(publicKey: KeyObject): string {
  return spkiOf(publicKey).toString('base64');
}

/** The Ed25519 key of which this is the SPKI DER in base64, in its one spelling; undefined where it is none. */
export function decodePublicKey(encoded: string): KeyObject | undefined {
  let key: KeyObject;
  try {
    key = createPublicKey({ key: Buffer.from(encoded, 'base64'), format: 'der', type: 'spki' });
  } catch {
    return undefined;
  }
  return key.asymmetricKeyType === 'ed25519' && encodePublicKey(key) === encoded ? key : undefined;
}

/** Of a key in base64; as `openssl pkey -pubin` takes it. */
export function publicKeyPem(encoded: string): string {
  const lines = encoded.match(/.{1,64}/g) ?? [];
  return ['-----BEGIN PUBLIC KEY-----', ...lines, '-----END PUBLIC KEY-----', ''].join('\n');
}

function spkiOf(publicKey: KeyObject): Buffer {
  return publicKey.export({ format: 'der', type: 'spki' });
}
