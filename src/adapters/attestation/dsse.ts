import { verify, type KeyObject } from 'node:crypto';

import { z } from 'zod';

import { digest as digestSchema } from '../../contracts/names.js';
import { canonicalBytes, CanonicalError, parseCanonical } from '../canonical.js';
import { AttestationError } from './error.js';
import type { SigningKey } from './signing-key.js';

/** Of every payload that we sign: an in-toto Statement as JSON. */
export const PAYLOAD_TYPE = 'application/vnd.in-toto+json';

/** A statement with ten thousand gates has less. */
const MAX_ENVELOPE_BYTES = 1024 * 1024;

const ED25519_SIGNATURE_BYTES = 64;

export interface EnvelopeSignature {
  /** Which key says that it signed; proven by nothing but the signature. */
  readonly keyid: string;
  readonly sig: Uint8Array;
}

/** A DSSE envelope, read and not yet believed. */
export interface Envelope {
  readonly payloadType: string;
  readonly payload: Uint8Array;
  /** At least one, each by another key. */
  readonly signatures: readonly EnvelopeSignature[];
}

/**
 * What is signed, by DSSE v1: `"DSSEv1 " len(type) " " type " " len(body) " " body`, lengths in bytes, decimal. It binds
 * the type, so that bytes signed as one thing are never another.
 */
export function preAuthEncoding(payloadType: string, payload: Uint8Array): Uint8Array {
  const type = Buffer.from(payloadType, 'utf8');
  return Buffer.concat([
    Buffer.from(`DSSEv1 ${type.byteLength} `),
    type,
    Buffer.from(` ${payload.byteLength} `),
    payload,
  ]);
}

/** Signs a payload. One line of canonical JSON, without its line end. */
export async function signEnvelope(payload: Uint8Array, key: SigningKey): Promise<Uint8Array> {
  const sig = await key.sign(preAuthEncoding(PAYLOAD_TYPE, payload));
  return canonicalBytes({
    payload: Buffer.from(payload).toString('base64'),
    payloadType: PAYLOAD_TYPE,
    signatures: [{ keyid: key.keyid, sig: Buffer.from(sig).toString('base64') }],
  });
}

/**
 * The envelope that these bytes are, strictly: DSSE lets many spellings mean the same, and outside the payload nothing is
 * signed, so each byte that could change in silence is refused instead. No signature is checked.
 *
 * @param line without its line end
 * @throws AttestationError `attestation_malformed`; `attestation_wrong_type` for a payload that is no in-toto statement
 */
export function parseEnvelope(line: Uint8Array): Envelope {
  if (line.byteLength > MAX_ENVELOPE_BYTES)
    throw malformed(`an envelope of ${line.byteLength} bytes; at most ${MAX_ENVELOPE_BYTES}`);
  let value: unknown;
  try {
    value = parseCanonical(line);
  } catch (error) {
    if (!(error instanceof CanonicalError)) throw error;
    throw malformed(`no canonical JSON (${error.code})`, error);
  }
  const read = envelopeSchema.safeParse(value);
  if (!read.success) throw malformed('no DSSE envelope of ours', read.error);
  const { payload, payloadType, signatures } = read.data;
  if (payloadType !== PAYLOAD_TYPE)
    throw new AttestationError('attestation_wrong_type', `the payload's type is not ${PAYLOAD_TYPE}`);
  const envelope: Envelope = {
    payloadType,
    payload: decoded(payload),
    signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: decoded(sig) })),
  };
  if (envelope.signatures.some(({ sig }) => sig.byteLength !== ED25519_SIGNATURE_BYTES))
    throw malformed('a signature is not one of Ed25519');
  if (new Set(signatures.map(({ keyid }) => keyid)).size !== signatures.length)
    throw malformed('two signatures name the same key');
  return envelope;
}

/** Whether this signature is by that Ed25519 key, over this payload as this type. */
export function isSignedBy(
  { payloadType, payload }: Envelope,
  { sig }: EnvelopeSignature,
  publicKey: KeyObject,
): boolean {
  return (
    publicKey.asymmetricKeyType === 'ed25519' &&
    verify(null, preAuthEncoding(payloadType, payload), publicKey, sig)
  );
}

/** A bound, not a wish: what we write has one. */
const MAX_SIGNATURES = 8;

const envelopeSchema = z.strictObject({
  payload: z.string(),
  payloadType: z.string().max(256),
  signatures: z
    .array(z.strictObject({ keyid: digestSchema, sig: z.string().max(128) }))
    .min(1)
    .max(MAX_SIGNATURES),
});

/** Base64 in its one spelling: padded, with `+` and `/`, the bits left over zero. */
function decoded(text: string): Uint8Array {
  const bytes = Buffer.from(text, 'base64');
  if (bytes.toString('base64') !== text) throw malformed('base64 that is not canonical');
  return bytes;
}

function malformed(what: string, cause?: unknown): AttestationError {
  return new AttestationError('attestation_malformed', what, { cause });
}
