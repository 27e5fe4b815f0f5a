// Proves what is taken for a public key that somebody hands over, and that it is named by itself alone.
import { expect, test } from 'vitest';

import { readOfferedKey } from '../../../src/adapters/attestation/public-key-text.js';
import { publicKeyPem } from '../../../src/adapters/attestation/signing-key.js';
import { InputError } from '../../../src/contracts/input-error.js';
import { keyOfSeed } from './vector.js';

const { keyid, publicKey, pem: PRIVATE } = keyOfSeed(7);
const STRANGER = keyOfSeed(8);
const PEM = publicKeyPem(publicKey);

const TAKEN: readonly [sentence: string, text: string, deployment: string | undefined][] = [
  ['PEM', PEM, undefined],
  ['PEM with the line ends of another system', PEM.replaceAll('\n', '\r\n'), undefined],
  ['base64', `${publicKey}\n`, undefined],
  ['what is printed for people', `deployment  tau-eu\nkeyid       ${keyid}\n${PEM}`, 'tau-eu'],
  [
    'what is printed for programs',
    JSON.stringify({ deployment: 'tau-eu', keyid, publicKey, file: '/x' }),
    'tau-eu',
  ],
];

test.each(TAKEN)('a key is read from %s', (_, text, deployment) => {
  expect(readOfferedKey(text, 'offered')).toEqual({ keyid, publicKey, deployment });
});

const NONE = 'no Ed25519 public key';
const OTHER_NAME = `its keyid is not its key's, which is ${keyid}`;

const REFUSED: readonly [sentence: string, text: string, says: string][] = [
  ['a private key', PRIVATE, 'this is a private key'],
  ['a private key below the public one', `${PEM}${PRIVATE}`, 'this is a private key'],
  ['two public keys', PEM + publicKeyPem(STRANGER.publicKey), 'it holds more than one public key'],
  ['nothing', '', NONE],
  ['a key that is cut', PEM.slice(0, 60), NONE],
  ['PEM that holds no key', '-----BEGIN PUBLIC KEY-----\nAAAA\n-----END PUBLIC KEY-----', NONE],
  ['a document without a key', JSON.stringify({ keyid }), NONE],
  ['half a document', '{"keyid"', NONE],
  ['a key under the name of another', `keyid  ${STRANGER.keyid}\n${PEM}`, OTHER_NAME],
  ['a document that names another key', JSON.stringify({ keyid: STRANGER.keyid, publicKey }), OTHER_NAME],
];

test.each(REFUSED)('%s is refused in one line', (_, text, says) => {
  let problems: readonly string[] = [];
  try {
    readOfferedKey(text, 'offered');
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    problems = error.problems;
  }
  expect(problems).toEqual([expect.stringContaining(`offered: ${says}`)]);
});
