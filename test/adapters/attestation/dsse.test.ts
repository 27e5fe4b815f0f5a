// Proves the envelope's bytes by the documented vector, that OpenSSL's command line and sigstore's verifier read them as we
// do, and that no other bytes are taken for them. Whether a signer is trusted is trusted-keys.test.ts.
import { spawn } from 'node:child_process';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { toSignedEntity, toTrustMaterial, Verifier } from '@sigstore/verify';
import { expect, test } from 'vitest';

import {
  isSignedBy,
  parseEnvelope,
  PAYLOAD_TYPE,
  preAuthEncoding,
  signEnvelope,
  type Envelope,
} from '../../../src/adapters/attestation/dsse.js';
import { AttestationError } from '../../../src/adapters/attestation/error.js';
import { decodePublicKey, publicKeyPem } from '../../../src/adapters/attestation/signing-key.js';
import { canonicalBytes } from '../../../src/adapters/canonical.js';
import { keyOfSeed, VECTOR_KEYID, VECTOR_SIGNATURE } from './vector.js';

const KEY = keyOfSeed(7);
const STRANGER = keyOfSeed(8);
const PAYLOAD = Buffer.from('{}');
const text = (bytes: Uint8Array): string => Buffer.from(bytes).toString('utf8');

const VECTOR_LINE = `{"payload":"e30=","payloadType":"application/vnd.in-toto+json","signatures":[{"keyid":"${VECTOR_KEYID}","sig":"${VECTOR_SIGNATURE}"}]}`;

function publicKeyOf(encoded: string) {
  const key = decodePublicKey(encoded);
  if (key === undefined) throw new Error('no key');
  return key;
}

function codeOf(line: Uint8Array | string): string {
  try {
    parseEnvelope(Buffer.from(line));
  } catch (error) {
    if (error instanceof AttestationError) return error.code;
    throw error;
  }
  return 'taken';
}

test('the documented vector is reproduced: encoding, keyid, signature and line', async () => {
  expect(text(preAuthEncoding(PAYLOAD_TYPE, PAYLOAD))).toBe('DSSEv1 28 application/vnd.in-toto+json 2 {}');
  expect(KEY.keyid).toBe(VECTOR_KEYID);
  expect(text(await signEnvelope(PAYLOAD, KEY))).toBe(VECTOR_LINE);
});

test('lengths are of bytes, not of characters', () => {
  expect(text(preAuthEncoding('é', Buffer.from('ü')))).toBe('DSSEv1 2 é 2 ü');
});

test('an envelope is read back, and its signature stands by its key alone', async () => {
  const envelope = parseEnvelope(await signEnvelope(PAYLOAD, KEY));
  const [signature] = envelope.signatures;
  if (signature === undefined) throw new Error('no signature');
  expect(text(envelope.payload)).toBe('{}');
  expect(isSignedBy(envelope, signature, publicKeyOf(KEY.publicKey))).toBe(true);
  expect(isSignedBy(envelope, signature, publicKeyOf(STRANGER.publicKey))).toBe(false);
  expect(
    isSignedBy({ ...envelope, payload: Buffer.from('{ }') }, signature, publicKeyOf(KEY.publicKey)),
  ).toBe(false);
  expect(isSignedBy({ ...envelope, payloadType: 'text/plain' }, signature, publicKeyOf(KEY.publicKey))).toBe(
    false,
  );
});

const SIGNATURE = { keyid: VECTOR_KEYID, sig: VECTOR_SIGNATURE };
const vector = { payload: 'e30=', payloadType: PAYLOAD_TYPE, signatures: [SIGNATURE] };

const REFUSED: readonly [sentence: string, line: string | Uint8Array, code?: string][] = [
  ['nothing', ''],
  ['no JSON', '{'],
  ['a space', VECTOR_LINE.replace('":"', '": "')],
  ['a line end', `${VECTOR_LINE}\n`],
  ['a byte order mark', `\ufeff${VECTOR_LINE}`],
  [
    'members in another order',
    JSON.stringify({ payloadType: PAYLOAD_TYPE, payload: 'e30=', signatures: vector.signatures }),
  ],
  ['a member that stands twice', VECTOR_LINE.replace('{', '{"payload":"e30=",')],
  ['a member that we do not write', JSON.stringify({ a: 1, ...vector })],
  ['no signature', JSON.stringify({ ...vector, signatures: [] })],
  ['nine signatures', JSON.stringify({ ...vector, signatures: Array.from({ length: 9 }, () => SIGNATURE) })],
  ['the same key twice', JSON.stringify({ ...vector, signatures: [SIGNATURE, SIGNATURE] })],
  [
    'a signature that is too short',
    JSON.stringify({ ...vector, signatures: [{ ...SIGNATURE, sig: 'e30=' }] }),
  ],
  ['a keyid that is no digest', JSON.stringify({ ...vector, signatures: [{ ...SIGNATURE, keyid: 'mine' }] })],
  ['base64 without its padding', VECTOR_LINE.replace('e30=', 'e30')],
  ['base64 whose left-over bits are set', VECTOR_LINE.replace('e30=', 'e31=')],
  ['base64 with a line end', VECTOR_LINE.replace('e30=', String.raw`e30=\n`)],
  ['base64url', VECTOR_LINE.replace('KKs0+69', 'KKs0-69')],
  ['another payload type', VECTOR_LINE.replace('in-toto+json', 'in-toto.svr+json'), 'attestation_wrong_type'],
  ['more than a megabyte', VECTOR_LINE.replace('e30=', 'AAAA'.repeat(300_000))],
  ['bytes that are no text', Buffer.from([0x7b, 0xff, 0x7d])],
];

test.each(REFUSED)('an envelope is refused: %s', (_, line, code = 'attestation_malformed') => {
  expect(codeOf(line)).toBe(code);
});

test('two signatures of two keys are read, in their order', async () => {
  const envelope = parseEnvelope(await signEnvelope(PAYLOAD, STRANGER));
  const [other] = envelope.signatures;
  const sig = Buffer.from(other?.sig ?? []).toString('base64');
  const line = JSON.stringify({ ...vector, signatures: [SIGNATURE, { keyid: STRANGER.keyid, sig }] });
  expect(parseEnvelope(Buffer.from(line)).signatures.map(({ keyid }) => keyid)).toEqual([
    KEY.keyid,
    STRANGER.keyid,
  ]);
});

test('whichever byte is changed, the envelope is refused or no longer signed by its key', async () => {
  const payload = canonicalBytes({ commit: 'a'.repeat(40), gates: ['gateway-status', 'cortex-status'] });
  const line = await signEnvelope(payload, KEY);
  const survives = (at: number, byte: number): boolean => {
    const changed = Uint8Array.from(line);
    changed[at] = byte;
    let envelope: Envelope;
    try {
      envelope = parseEnvelope(changed);
    } catch (error) {
      if (error instanceof AttestationError) return false;
      throw error;
    }
    return envelope.signatures.every(
      (signature) =>
        signature.keyid === KEY.keyid && isSignedBy(envelope, signature, publicKeyOf(KEY.publicKey)),
    );
  };
  const found: string[] = [];
  for (const [at, byte] of line.entries())
    for (const other of [...FLIPS.map((flip) => byte ^ flip), ...TELLING])
      if (other !== byte && survives(at, other)) found.push(`${at}: ${byte} to ${other}`);
  expect(found).toEqual([]);
});

/** Each bit of a byte, turned. */
const FLIPS = Array.from({ length: 8 }, (_, bit) => 1 << bit);
/** Bytes that mean something in JSON, base64 or text: NUL, line feed, space, `"`, `+`, `/`, `=`, `A`, a backslash. */
const TELLING = Buffer.from('\0\n "+/=A\\');

test("OpenSSL's command line verifies the signature, and no other", async () => {
  const folder = await mkdtemp(join(tmpdir(), 'promote-dsse-'));
  try {
    await writeFile(join(folder, 'key.pem'), publicKeyPem(KEY.publicKey));
    await writeFile(join(folder, 'stranger.pem'), publicKeyPem(STRANGER.publicKey));
    await writeFile(join(folder, 'sig'), Buffer.from(VECTOR_SIGNATURE, 'base64'));
    await writeFile(join(folder, 'pae'), preAuthEncoding(PAYLOAD_TYPE, PAYLOAD));
    expect(await opensslVerifies(folder, 'key.pem')).toBe(0);
    expect(await opensslVerifies(folder, 'stranger.pem')).toBe(1);
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
});

function opensslVerifies(folder: string, key: string): Promise<number | null> {
  const args = ['pkeyutl', '-verify', '-pubin', '-inkey', key, '-rawin', '-in', 'pae', '-sigfile', 'sig'];
  const child = spawn('openssl', args, { cwd: folder, stdio: 'ignore' });
  return new Promise((resolve, reject) => {
    child.once('error', reject);
    child.once('close', resolve);
  });
}

test('sigstore verifies it offline, and refuses a payload that was exchanged', async () => {
  const envelope = parseEnvelope(await signEnvelope(PAYLOAD, KEY));
  expect(() => sigstoreVerify(envelope)).not.toThrow();
  expect(() => sigstoreVerify({ ...envelope, payload: Buffer.from('[]') })).toThrow(
    'signature verification failed',
  );
  expect(() => sigstoreVerify(envelope, STRANGER.publicKey)).toThrow('signature verification failed');
});

/** With nothing but the key: no log, no timestamp, no certificate, and nobody is asked. */
function sigstoreVerify({ payload, payloadType, signatures }: Envelope, trusted = KEY.publicKey): void {
  const material = toTrustMaterial(
    { mediaType: '', tlogs: [], certificateAuthorities: [], ctlogs: [], timestampAuthorities: [] },
    () => ({ publicKey: publicKeyOf(trusted), validFor: () => true }),
  );
  new Verifier(material, { ctlogThreshold: 0, tlogThreshold: 0, tsaThreshold: 0 }).verify(
    toSignedEntity({
      mediaType: 'application/vnd.dev.sigstore.bundle.v0.3+json',
      verificationMaterial: {
        content: { $case: 'publicKey', publicKey: { hint: VECTOR_KEYID } },
        tlogEntries: [],
        timestampVerificationData: undefined,
      },
      content: {
        $case: 'dsseEnvelope',
        dsseEnvelope: {
          payload: Buffer.from(payload),
          payloadType,
          signatures: signatures.map(({ keyid, sig }) => ({ keyid, sig: Buffer.from(sig) })),
        },
      },
    }),
  );
}
