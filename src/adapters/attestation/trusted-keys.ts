import type { KeyObject } from 'node:crypto';

import { InputError } from '../../contracts/input-error.js';
import { trustedKeysSchema, type TrustedKey } from '../../contracts/trusted-keys.js';
import { readYaml } from '../yaml-document.js';
import { isSignedBy, type Envelope } from './dsse.js';
import { decodePublicKey, keyidOf } from './signing-key.js';

/** A trusted key that was checked against its name. */
export interface BelievedKey extends TrustedKey {
  readonly key: KeyObject;
}

export type SignerRefusal = 'signer_unknown' | 'signer_outside_validity' | 'attestation_signature_invalid';

/** For whom, when, and since when it is known elsewhere that there was this signature. */
export interface SignerQuestion {
  readonly deployment: string;
  /** ms since the epoch: when it was signed, by the signer's own words. */
  readonly at: number;
  /**
   * ms since the epoch: the earliest time at which something that the signer could not rewrite held the digest of what is
   * signed. Undefined where nothing did.
   */
  readonly anchoredAt: number | undefined;
}

/**
 * The keys that a file's text lists, each checked to be the key that its name says.
 *
 * @throws InputError `invalid_settings`, one line a problem, with file:line:column
 */
export function parseTrustedKeys(text: string, file: string): readonly BelievedKey[] {
  const { value, document } = readYaml(text, file, trustedKeysSchema, 'invalid_settings');
  const problems: string[] = [];
  const problemAt = (index: number, field: keyof TrustedKey, message: string): void => {
    const { line, column } = document.locate(['keys', index, field]);
    problems.push(`${file}:${line}:${column}: keys[${index}].${field}: ${message}`);
  };
  // YAML was read for its line numbers and its refusal of a member that stands twice; the file is JSON.
  if (!isJson(text)) problems.push(`${file}:1:1: no JSON: write it with \`promote evidence trust\``);
  const believed = value.keys.flatMap((entry, index): BelievedKey[] => {
    const key = decodePublicKey(entry.publicKey);
    if (key === undefined) problemAt(index, 'publicKey', 'no Ed25519 public key (SPKI DER in base64)');
    else if (keyidOf(key) !== entry.keyid)
      problemAt(index, 'keyid', `names another key: this one's is ${keyidOf(key)}`);
    else if (value.keys.findIndex((other) => isSameEntry(other, entry)) !== index)
      problemAt(index, 'keyid', `stands twice for the deployment ${entry.deployment}: keep one of them`);
    else return [{ ...entry, key }];
    return [];
  });
  const [first, ...rest] = problems;
  if (first !== undefined) throw new InputError('invalid_settings', [first, ...rest]);
  return believed;
}

/**
 * Why an envelope's signatures are not believed, one finding each; empty where **every** one stands. One that stands beside
 * one that does not is not enough: nothing else signs the list of signatures.
 */
export function refuseSigners(
  envelope: Envelope,
  trusted: readonly BelievedKey[],
  question: SignerQuestion,
): readonly SignerRefusal[] {
  return envelope.signatures.flatMap((signature): SignerRefusal[] => {
    const signer = findSigner(trusted, signature.keyid, question);
    if ('refusal' in signer) return [signer.refusal];
    return isSignedBy(envelope, signature, signer.key) ? [] : ['attestation_signature_invalid'];
  });
}

/** The key of that name, where it may have signed for this deployment at this time. */
export function findSigner(
  trusted: readonly BelievedKey[],
  keyid: string,
  question: SignerQuestion,
): BelievedKey | { readonly refusal: 'signer_unknown' | 'signer_outside_validity' } {
  const key = trusted.find((entry) => entry.keyid === keyid && entry.deployment === question.deployment);
  if (key === undefined) return { refusal: 'signer_unknown' };
  return mayHaveSigned(key, question) ? key : { refusal: 'signer_outside_validity' };
}

/** Whoever has a stolen key writes any time into what it signs: of such a key only what was seen before counts. */
function mayHaveSigned(key: TrustedKey, { at, anchoredAt }: SignerQuestion): boolean {
  const { notBefore, notAfter, compromisedAt } = key;
  // Anything but a time is before nothing and after nothing: refused.
  const isValid = at >= Date.parse(notBefore) && (notAfter === null || at < Date.parse(notAfter));
  const isSafe =
    compromisedAt === null || (anchoredAt !== undefined && anchoredAt < Date.parse(compromisedAt));
  return isValid && isSafe;
}

export function isSameEntry(
  a: Pick<TrustedKey, 'keyid' | 'deployment'>,
  b: Pick<TrustedKey, 'keyid' | 'deployment'>,
): boolean {
  return a.keyid === b.keyid && a.deployment === b.deployment;
}

function isJson(text: string): boolean {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}
