// Proves whose signatures are believed: by keyid, deployment and time, and that a file which could be read two ways is read in
// none. Where an anchor comes from, and whether it can be believed, is the caller's.
import { expect, test } from 'vitest';

import { parseEnvelope, signEnvelope, type Envelope } from '../../../src/adapters/attestation/dsse.js';
import type { SigningKey } from '../../../src/adapters/attestation/signing-key.js';
import {
  findSigner,
  parseTrustedKeys,
  refuseSigners,
  type SignerQuestion,
} from '../../../src/adapters/attestation/trusted-keys.js';
import { InputError } from '../../../src/contracts/input-error.js';
import type { TrustedKey } from '../../../src/contracts/trusted-keys.js';
import { keyOfSeed } from './vector.js';

const KEY = keyOfSeed(7);
const STRANGER = keyOfSeed(8);

const ENTRY: TrustedKey = {
  keyid: KEY.keyid,
  publicKey: KEY.publicKey,
  deployment: 'tau-eu',
  notBefore: '2026-01-01T00:00:00Z',
  notAfter: null,
  compromisedAt: null,
};
const fileOf = (...keys: readonly unknown[]): string => JSON.stringify({ v: 1, keys }, undefined, 2);
const trusted = (changed: Partial<TrustedKey> = {}) =>
  parseTrustedKeys(fileOf({ ...ENTRY, ...changed }), 'keys.json');
const at = (time: string): number => Date.parse(time);
const QUESTION: SignerQuestion = {
  deployment: 'tau-eu',
  at: at('2026-06-01T00:00:00Z'),
  anchoredAt: undefined,
};

const ANSWERS: readonly [
  sentence: string,
  changed: Partial<TrustedKey>,
  question: Partial<SignerQuestion>,
  says: string,
][] = [
  ['within its time', {}, {}, 'believed'],
  ['from the very moment that it is valid', {}, { at: at(ENTRY.notBefore) }, 'believed'],
  ['a millisecond before', {}, { at: at(ENTRY.notBefore) - 1 }, 'signer_outside_validity'],
  ['a millisecond before it is retired', { notAfter: '2026-06-01T00:00:00.001Z' }, {}, 'believed'],
  [
    'at the very moment that it is retired',
    { notAfter: '2026-06-01T00:00:00Z' },
    {},
    'signer_outside_validity',
  ],
  ['at no time at all', {}, { at: Number.NaN }, 'signer_outside_validity'],
  ['for another deployment', {}, { deployment: 'tau-us' }, 'signer_unknown'],
  ['for a deployment whose name begins alike', {}, { deployment: 'tau-eu-2' }, 'signer_unknown'],
  [
    'stolen since, and anchored nowhere',
    { compromisedAt: '2026-07-01T00:00:00Z' },
    {},
    'signer_outside_validity',
  ],
  [
    'stolen since, and anchored before',
    { compromisedAt: '2026-07-01T00:00:00Z' },
    { anchoredAt: at('2026-06-30T23:59:59.999Z') },
    'believed',
  ],
  [
    'stolen at the very moment of the anchor',
    { compromisedAt: '2026-07-01T00:00:00Z' },
    { anchoredAt: at('2026-07-01T00:00:00Z') },
    'signer_outside_validity',
  ],
  [
    'stolen, and signed before by its own words alone',
    { compromisedAt: '2026-07-01T00:00:00Z' },
    { at: at('2026-02-01T00:00:00Z'), anchoredAt: at('2026-08-01T00:00:00Z') },
    'signer_outside_validity',
  ],
  [
    'retired, though it was anchored before it was stolen',
    { notAfter: '2026-05-01T00:00:00Z', compromisedAt: '2026-07-01T00:00:00Z' },
    { anchoredAt: at('2026-06-01T00:00:00Z') },
    'signer_outside_validity',
  ],
];

test.each(ANSWERS)('a key that signed %s', (_, changed, question, says) => {
  const answer = findSigner(trusted(changed), KEY.keyid, { ...QUESTION, ...question });
  expect('refusal' in answer ? answer.refusal : 'believed').toBe(says);
});

test('a key that is not listed is not known, and none is while nobody enrolled any', () => {
  expect(findSigner(trusted(), STRANGER.keyid, QUESTION)).toEqual({ refusal: 'signer_unknown' });
  expect(findSigner(parseTrustedKeys(fileOf(), 'keys.json'), KEY.keyid, QUESTION)).toEqual({
    refusal: 'signer_unknown',
  });
});

async function signedBy(...keys: readonly SigningKey[]): Promise<Envelope> {
  const envelopes = await Promise.all(
    keys.map(async (key) => parseEnvelope(await signEnvelope(Buffer.from('{}'), key))),
  );
  const [first] = envelopes;
  if (first === undefined) throw new Error('no key');
  return { ...first, signatures: envelopes.flatMap(({ signatures }) => signatures) };
}

test('a signature is believed for what it signed, by a key of ours', async () => {
  expect(refuseSigners(await signedBy(KEY), trusted(), QUESTION)).toEqual([]);
  expect(refuseSigners(await signedBy(STRANGER), trusted(), QUESTION)).toEqual(['signer_unknown']);
  expect(
    refuseSigners({ ...(await signedBy(KEY)), payload: Buffer.from('[]') }, trusted(), QUESTION),
  ).toEqual(['attestation_signature_invalid']);
});

test("a stranger's signature under our key's name is not valid", async () => {
  const envelope = await signedBy(STRANGER);
  const renamed = {
    ...envelope,
    signatures: envelope.signatures.map(({ sig }) => ({ keyid: KEY.keyid, sig })),
  };
  expect(refuseSigners(renamed, trusted(), QUESTION)).toEqual(['attestation_signature_invalid']);
});

test("a stranger's signature beside ours is one too many", async () => {
  expect(refuseSigners(await signedBy(KEY, STRANGER), trusted(), QUESTION)).toEqual(['signer_unknown']);
});

function problemsOf(text: string): readonly string[] {
  try {
    parseTrustedKeys(text, 'keys.json');
  } catch (error) {
    if (error instanceof InputError && error.code === 'invalid_settings') return error.problems;
    throw error;
  }
  return [];
}

const twice = fileOf(ENTRY).replace(
  '"notAfter": null',
  '"notAfter": null,\n      "notAfter": "2027-01-01T00:00:00Z"',
);

const REFUSED: readonly [sentence: string, text: string, says: string][] = [
  ['nothing', '', 'keys.json:1:1: '],
  ['another version', JSON.stringify({ v: 2, keys: [] }), 'keys.json:1:6: v: this version of promote reads'],
  ['no list of keys', '{"v": 1}', 'keys.json:1:1: keys: '],
  ['YAML that is no JSON', 'v: 1\nkeys: []\n', 'keys.json:1:1: no JSON: write it with'],
  ['a member that stands twice', twice, 'keys.json:10:7: the key "notAfter" stands twice'],
  ['a member that nobody knows', fileOf({ ...ENTRY, trusted: true }), 'keys[0].trusted: '],
  ['no word on when it is retired', fileOf({ ...ENTRY, notAfter: undefined }), 'keys[0].notAfter: '],
  [
    'a time without its zone',
    fileOf({ ...ENTRY, notBefore: '2026-01-01T00:00:00' }),
    'keys.json:8:20: keys[0].notBefore: a time is written like',
  ],
  [
    'a local time',
    fileOf({ ...ENTRY, notBefore: '2026-01-01T00:00:00+02:00' }),
    'keys[0].notBefore: a time is written like',
  ],
  [
    'a day that is none',
    fileOf({ ...ENTRY, notBefore: '2026-02-30T00:00:00Z' }),
    'keys[0].notBefore: a time is written like',
  ],
  ['an end before its beginning', fileOf({ ...ENTRY, notAfter: '2025-01-01T00:00:00Z' }), 'valid at no time'],
  [
    'a name of another key',
    fileOf({ ...ENTRY, keyid: STRANGER.keyid }),
    `keys.json:5:16: keys[0].keyid: names another key: this one's is ${KEY.keyid}`,
  ],
  [
    'a key that is none',
    fileOf({ ...ENTRY, publicKey: 'AAAA' }),
    'keys.json:6:20: keys[0].publicKey: no Ed25519 public key',
  ],
  [
    'a key in another spelling',
    fileOf({ ...ENTRY, publicKey: `${KEY.publicKey} ` }),
    'keys[0].publicKey: no Ed25519 public key',
  ],
  [
    'a key twice for one deployment',
    fileOf(ENTRY, { ...ENTRY, notAfter: '2030-01-01T00:00:00Z' }),
    'keys[1].keyid: stands twice for the deployment tau-eu',
  ],
  [
    'a deployment that can be none',
    fileOf({ ...ENTRY, deployment: '*' }),
    'keys[0].deployment: a deployment is',
  ],
];

test.each(REFUSED)('a file of trusted keys is refused for %s, and told where', (_, text, says) => {
  expect(problemsOf(text).join('\n')).toContain(says);
});

test('a key may sign for two deployments, each in its own time, and the order of members means nothing', () => {
  const turned = Object.fromEntries(Object.entries({ ...ENTRY, deployment: 'tau-us' }).toReversed());
  expect(parseTrustedKeys(fileOf(ENTRY, turned), 'keys.json').map(({ deployment }) => deployment)).toEqual([
    'tau-eu',
    'tau-us',
  ]);
});

test('as many keys as a file may list are read', () => {
  const keys = Array.from({ length: 128 }, (_, index) => {
    const { keyid, publicKey } = keyOfSeed(index);
    return { ...ENTRY, keyid, publicKey };
  });
  expect(parseTrustedKeys(fileOf(...keys), 'keys.json')).toHaveLength(128);
  expect(problemsOf(fileOf(...keys, ENTRY)).join('\n')).not.toBe('');
});
