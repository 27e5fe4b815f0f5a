import { createPrivateKey, createPublicKey, sign } from 'node:crypto';

import { encodePublicKey, keyidOf, type SigningKey } from '../../../src/adapters/attestation/signing-key.js';

/** PKCS#8 of Ed25519 before the seed's 32 bytes (RFC 8410). */
const PKCS8_HEAD = Buffer.from('302e020100300506032b657004220420', 'hex');

/** The key of a seed that repeats one byte. Of 7 it is the documented vector's; others are strangers. */
export function keyOfSeed(byte: number): SigningKey & { readonly pem: string } {
  const privateKey = createPrivateKey({
    key: Buffer.concat([PKCS8_HEAD, Buffer.alloc(32, byte)]),
    format: 'der',
    type: 'pkcs8',
  });
  const publicKey = createPublicKey(privateKey);
  return {
    keyid: keyidOf(publicKey),
    publicKey: encodePublicKey(publicKey),
    // oxlint-disable-next-line typescript/require-await -- as the port has it
    sign: async (bytes) => sign(null, bytes, privateKey),
    pem: privateKey.export({ format: 'pem', type: 'pkcs8' }).toString(),
  };
}

export const VECTOR_KEYID = 'sha256:324be2dea8bc44461b0233e51fa48902ed6b1cc671e7739af2551e0bfe68f54e';
export const VECTOR_SIGNATURE =
  'ORWHcfVKKs0+69xrM4Hl2nryPn9M4PmOocDR/jPbienxZfBMuMYsdAfknGU0gWMyeM5vRFTMIwnIa3ubN8lhBg==';
