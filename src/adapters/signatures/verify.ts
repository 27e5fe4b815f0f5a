import { join } from 'node:path';

import type { Namespace, SignatureRefusal } from '../../domain/signing.js';
import { MAX_POLICY_BYTES, parseAllowedSigners } from './allowed-signers.js';
import { parseArmour, type ParsedSignature } from './armour.js';
import { SignatureError } from './error.js';
import { MAX_KRL_BYTES, readKrl } from './krl.js';
import { PRINCIPAL } from './line-problems.js';
import { refuseKey, type Refused } from './lookup.js';
import { withPrivateFolder } from './private-folder.js';
import { weaknessOf } from './public-key.js';
import { verifyTime } from './signers-time.js';
import {
  noAnswer,
  runSshKeygen,
  said,
  SYSTEM_FAULT,
  type SshKeygenAnswer,
  type SshKeygenSettings,
} from './ssh-keygen.js';

/** Who may sign, as bytes of the worker's own files. */
export interface SigningPolicy {
  readonly allowedSigners: Uint8Array;
  /** A list of revoked keys (KRL); undefined where the policy has none. */
  readonly revoked: Uint8Array | undefined;
  /** Only security keys that verified their user, by PIN or finger, are taken. */
  readonly requireUserVerification: boolean;
}

export interface SignedStatement {
  /** In whose name. */
  readonly by: string;
  readonly namespace: Namespace;
  readonly statement: string;
  readonly signature: string | null;
  /** ms since the epoch: when the worker received it. */
  readonly at: number;
}

export type Verification =
  | { readonly valid: true; readonly fingerprint: string; readonly keyType: string }
  | { readonly valid: false; readonly refusal: SignatureRefusal; readonly detail: string };

/** Says whether a signature stands for the one who is said to have made it, on exactly that statement. */
export type Verify = (policy: SigningPolicy, signed: SignedStatement) => Promise<Verification>;

/**
 * Our own strict reading and OpenSSH both have to agree (docs/reference/signatures.md, "Order of checks"). A refusal is
 * final and depends on nothing but its arguments.
 *
 * @throws SignatureError where nothing is known: ssh_keygen_missing, ssh_keygen_timeout, ssh_keygen_failed, io
 */
export function createVerifier(settings: SshKeygenSettings): Verify {
  return async (policy, signed) => {
    const outcome = await check(settings, policy, signed);
    return 'refusal' in outcome
      ? { valid: false, ...outcome }
      : { valid: true, fingerprint: outcome.key.fingerprint, keyType: outcome.key.keyType };
  };
}

async function check(
  settings: SshKeygenSettings,
  policy: SigningPolicy,
  signed: SignedStatement,
): Promise<Refused | ParsedSignature> {
  if (!PRINCIPAL.test(signed.by)) return refused('signature_refused', 'the name is not of its form');
  const faulty = refusePolicy(policy);
  if (faulty !== undefined) return faulty;
  const signature = read(signed);
  if ('refusal' in signature) return signature;
  return refuseFlags(signature, policy) ?? (await ask(settings, policy, signed, signature)) ?? signature;
}

function refusePolicy({ allowedSigners, revoked }: SigningPolicy): Refused | undefined {
  if (allowedSigners.byteLength > MAX_POLICY_BYTES)
    return refused('signature_refused', `allowed_signers is larger than ${MAX_POLICY_BYTES} bytes`);
  if (revoked === undefined) return undefined;
  const krl = readKrl(revoked);
  // To OpenSSH an empty file is a list of no keys.
  if (krl === 'empty') return refused('signature_refused', 'the list of revoked keys is an empty file');
  if (krl === 'too_large')
    return refused('signature_refused', `the list of revoked keys is larger than ${MAX_KRL_BYTES} bytes`);
  if (krl === 'no_krl') return refused('signature_refused', 'the list of revoked keys is no KRL');
  return undefined;
}

function read({ signature, namespace, statement }: SignedStatement): ParsedSignature | Refused {
  if (signature === null) return refused('signature_missing', 'there is no signature');
  const parsed = parseArmour(signature);
  switch (parsed.kind) {
    case 'malformed':
      return refused('signature_malformed', parsed.why);
    case 'key_not_taken':
      return refused('key_too_weak', parsed.why);
    case 'signature':
      break;
    default:
      return parsed satisfies never;
  }
  const weak = weaknessOf(parsed.signature.key);
  if (weak !== undefined) return refused('key_too_weak', weak);
  if (parsed.signature.namespace !== namespace)
    return refused(
      'signature_other_namespace',
      `made for ${parsed.signature.namespace.slice(0, 64)}, not ${namespace}`,
    );
  // Text that is not well-formed has no bytes that could have been signed.
  if (!statement.isWellFormed()) return refused('signature_invalid', 'the statement is not well-formed');
  return parsed.signature;
}

const TOUCHED = 0x01;
const USER_VERIFIED = 0x04;

/** What OpenSSH does not look at, and `allowed_signers` can't ask for. */
function refuseFlags({ key, flags }: ParsedSignature, policy: SigningPolicy): Refused | undefined {
  if (flags !== undefined && (flags & TOUCHED) === 0)
    return refused('key_not_touched', `${key.fingerprint} signed without a touch`);
  // A key that is no security key can't show that it verified anybody.
  if (policy.requireUserVerification && ((flags ?? 0) & USER_VERIFIED) === 0)
    return refused('key_user_not_verified', `${key.fingerprint} did not verify its user`);
  return undefined;
}

/** Order tells the reasons apart, since OpenSSH gives none: the signature alone, then who may, then who may no more. */
async function ask(
  settings: SshKeygenSettings,
  { allowedSigners, revoked }: SigningPolicy,
  { by, namespace, statement, signature, at }: SignedStatement,
  { key }: ParsedSignature,
): Promise<Refused | undefined> {
  const files = {
    allowed_signers: allowedSigners,
    signature: signature ?? '',
    ...(revoked === undefined ? {} : { revoked }),
  };
  return withPrivateFolder(settings.tempDirs, files, async (folder) => {
    const run = (...args: string[]) => runSshKeygen(settings, { args: ['-Y', ...args], input: statement });
    const purpose = ['-n', namespace, '-s', join(folder, 'signature')];
    const alone = await run('check-novalidate', ...purpose);
    const goodAlone = `Good "${namespace}" signature with ${key.shownType} key ${key.fingerprint}\n`;
    if (!answersYes(alone, goodAlone)) return refused('signature_invalid', said(alone, folder));

    const unlisted = refuseKey(parseAllowedSigners(allowedSigners), { by, namespace, key, at });
    if (unlisted !== undefined) return unlisted;

    const good = `Good "${namespace}" signature for ${by} with ${key.shownType} key ${key.fingerprint}\n`;
    const signers = ['-f', join(folder, 'allowed_signers'), '-I', by];
    const verify = ['verify', ...signers, ...purpose, `-Overify-time=${verifyTime(at)}`];
    const allowed = await run(...verify);
    if (!answersYes(allowed, good))
      return refused('signature_refused', `OpenSSH does not allow it: ${said(allowed, folder)}`);
    if (revoked === undefined) return undefined;

    const krl = join(folder, 'revoked');
    if (answersYes(await run(...verify, '-r', krl), good)) return undefined;
    // It is as silent about a list that it can't read.
    const list = await runSshKeygen(settings, { args: ['-Q', '-l', '-f', krl] });
    if (list.exitCode === 0)
      return refused('key_revoked', `${key.fingerprint} or what certifies it is revoked`);
    if (SYSTEM_FAULT.test(list.stderr)) throw noAnswer(list);
    return refused('signature_refused', 'the list of revoked keys can not be read');
  });
}

/** Exit code and words have to say the same. A refusal is 255; anything else, or a fault of the system, is no answer. */
function answersYes(answer: SshKeygenAnswer, good: string): boolean {
  if (answer.exitCode === 0) {
    if (answer.stdout === good) return true;
    throw new SignatureError('ssh_keygen_failed', 'ssh-keygen exited with 0 and did not say what it should.');
  }
  if (
    answer.exitCode === 255 &&
    answer.stdout === 'Could not verify signature.\n' &&
    !SYSTEM_FAULT.test(answer.stderr)
  )
    return false;
  throw noAnswer(answer);
}

function refused(refusal: SignatureRefusal, detail: string): Refused {
  return { refusal, detail };
}
