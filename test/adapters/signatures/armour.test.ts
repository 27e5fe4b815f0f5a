// Proves what our own reading of a signature takes, on bytes that are put together here; that what it takes is what ssh-keygen
// writes: verify.test.ts.
import { describe, expect, test } from 'vitest';

import { parseArmour, type ParsedArmour } from '../../../src/adapters/signatures/armour.js';
import { armour, dearmour, softwareSecurityKey, wire } from '../../support/ssh-keys.js';

const security = softwareSecurityKey();
const point = wire(Buffer.alloc(32, 7));
const ed25519 = Buffer.concat([wire('ssh-ed25519'), point]);
const signed = Buffer.concat([wire('ssh-ed25519'), wire(Buffer.alloc(64))]);

interface Parts {
  readonly version?: number;
  readonly key?: Uint8Array;
  readonly namespace?: string;
  readonly reserved?: string;
  readonly hash?: string;
  readonly inner?: Uint8Array;
}

function put({
  version = 1,
  key = ed25519,
  namespace = 'n',
  reserved = '',
  hash = 'sha512',
  inner = signed,
}: Parts): string {
  return armour(
    Buffer.concat([
      Buffer.from('SSHSIG'),
      Buffer.from([0, 0, 0, version]),
      ...[key, namespace, reserved, hash, inner].map((part) => wire(part)),
    ]),
  );
}

function rsa(modulus: Buffer, exponent = Buffer.from([1, 0, 1])): Parts {
  return {
    key: Buffer.concat([wire('ssh-rsa'), wire(exponent), wire(modulus)]),
    inner: Buffer.concat([wire('rsa-sha2-512'), wire(Buffer.alloc(384))]),
  };
}

/** A number of as many bits, as SSH writes it. */
function ofBits(bits: number): Buffer {
  const bytes = Buffer.alloc(Math.ceil(bits / 8), 0xff);
  bytes.writeUInt8(0xff >> ((8 - (bits % 8)) % 8));
  return bits % 8 === 0 ? Buffer.concat([Buffer.alloc(1), bytes]) : bytes;
}

function keyOf(parsed: ParsedArmour): { rsaBits: number | undefined; keyType: string } | string {
  return parsed.kind === 'signature' ? parsed.signature.key : parsed.why;
}

describe('a signature is read', () => {
  test('whatever the length of its base64, be its padding alone in the last line', () => {
    for (let length = 1; length <= 120; length += 1) {
      const namespace = 'n'.repeat(length);
      expect(parseArmour(security.sign(5, namespace, 'x'))).toMatchObject({
        kind: 'signature',
        signature: {
          namespace,
          hash: 'sha512',
          flags: 5,
          key: { securityKey: true, shownType: 'ED25519-SK' },
        },
      });
    }
  });

  test('without flags of a key that is no security key', () => {
    expect(parseArmour(put({ hash: 'sha256' }))).toMatchObject({
      kind: 'signature',
      signature: {
        flags: undefined,
        hash: 'sha256',
        key: { keyType: 'ssh-ed25519', certificate: undefined },
      },
    });
  });

  test.each([1_023, 1_024, 2_048, 3_071, 3_072, 4_095, 4_096])('with the %i bits of an RSA key', (bits) => {
    expect(keyOf(parseArmour(put(rsa(ofBits(bits)))))).toMatchObject({ keyType: 'ssh-rsa', rsaBits: bits });
  });
});

describe('a signature is malformed', () => {
  test.each<{ title: string; why: string; text: string }>([
    {
      title: 'without its first line',
      why: 'it is not one armoured signature with nothing before or after it',
      text: put({}).replace(/^.*\n/, ''),
    },
    {
      title: 'without its last line',
      why: 'it is not one armoured signature with nothing before or after it',
      text: put({}).replace(/-----END.*\n/, ''),
    },
    {
      title: 'with an empty body',
      why: 'it is not one armoured signature with nothing before or after it',
      text: put({}).replace(/\n[^]*\n-/, '\n-'),
    },
    {
      title: 'with lines of different lengths',
      why: 'its base64 is malformed',
      text: put({}).replace('\nU', '\nU\n'),
    },
    {
      title: 'with padding in its middle',
      why: 'its base64 is malformed',
      text: put({}).replace('AAAA', 'AA=='),
    },
    {
      title: 'with bits behind its end',
      why: 'its base64 is malformed',
      text: put({ namespace: 'nn' }).replace(/.(?==\n-)/, 'B'),
    },
    {
      title: 'of another magic',
      why: 'it does not begin with SSHSIG',
      text: armour(Buffer.concat([Buffer.from('SSHSIH'), dearmour(put({})).subarray(6)])),
    },
    { title: 'of the version 0', why: 'it is of another version than 1', text: put({ version: 0 }) },
    { title: 'without a namespace', why: 'it has no namespace', text: put({ namespace: '' }) },
    {
      title: 'with a namespace of two lines',
      why: 'a name in it has other characters',
      text: put({ namespace: 'a\nb' }),
    },
    {
      title: 'with something reserved',
      why: 'its reserved field is not empty',
      text: put({ reserved: 'x' }),
    },
    { title: 'of another hash', why: 'it hashes by neither sha256 nor sha512', text: put({ hash: 'sha1' }) },
    {
      title: 'by another key than it holds',
      why: 'the signature in it is not of its key',
      text: put({ inner: Buffer.concat([wire('ssh-rsa'), wire('')]) }),
    },
    {
      title: 'with SHA-1 of RSA',
      why: 'the signature in it is not of its key',
      text: put({ ...rsa(ofBits(3_072)), inner: Buffer.concat([wire('ssh-rsa'), wire('')]) }),
    },
    {
      title: 'with something behind the inner signature',
      why: 'something follows its end',
      text: put({ inner: Buffer.concat([signed, Buffer.alloc(5)]) }),
    },
    {
      title: 'of a key of an unknown type',
      why: 'a key of an unknown type',
      text: put({ key: wire('ssh-ed448') }),
    },
    {
      title: 'of a key with a short point',
      why: 'its point is malformed',
      text: put({ key: Buffer.concat([wire('ssh-ed25519'), wire('short')]) }),
    },
    {
      title: 'of a key with something behind it',
      why: 'something follows its end',
      text: put({ key: Buffer.concat([ed25519, Buffer.alloc(1)]) }),
    },
    {
      title: 'of a negative modulus',
      why: 'a number in it is malformed',
      text: put(rsa(Buffer.alloc(384, 0xff))),
    },
    {
      title: 'of a modulus with needless zeroes',
      why: 'a number in it is malformed',
      text: put(rsa(Buffer.concat([Buffer.alloc(1), ofBits(2_047)]))),
    },
    { title: 'of no modulus', why: 'a number in it is malformed', text: put(rsa(Buffer.alloc(0))) },
    {
      title: 'of another curve than its type',
      why: 'its point is malformed',
      text: put({
        key: Buffer.concat([wire('ecdsa-sha2-nistp256'), wire('nistp384'), wire(Buffer.alloc(65, 4))]),
      }),
    },
  ])('$title', ({ text, why }) => {
    expect(parseArmour(text)).toEqual({ kind: 'malformed', why });
  });

  test('of DSA is not malformed, and not taken', () => {
    expect(parseArmour(put({ key: wire('ssh-dss') })).kind).toBe('key_not_taken');
  });
});
