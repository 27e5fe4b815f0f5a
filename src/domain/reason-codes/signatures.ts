import { told } from './entry.js';

const WORKER = 'repair it on the worker; the signature itself may be in order';

/** Why a signature does not stand for the one who is said to have made it, and what keeps it from being checked. */
export const SIGNATURE_CODES = {
  signature_missing: told(
    'the target is protected, and the statement is not signed',
    'sign it with a key that the policy lists',
  ),
  signature_malformed: told(
    'not a signature as `ssh-keygen -Y sign` writes it, with nothing around it',
    'sign again, and send the file as it is',
  ),
  signature_invalid: told(
    'the signature is not over this statement',
    'sign exactly the statement that is sent',
  ),
  signature_other_namespace: told(
    'the signature was made for another purpose',
    'sign in the namespace that the statement has as its type',
  ),
  key_unlisted: told(
    'the key does not stand in `allowed_signers`',
    'sign with a listed key, or have this one listed',
  ),
  key_of_another_name: told(
    'the key is listed, for another name than the statement has',
    'decide in the name that the key stands for',
  ),
  key_other_namespace: told(
    'the key is listed, and not for this kind of statement',
    'have the namespace added to its line, or sign with another key',
  ),
  key_not_yet_valid: told(
    'the key was not valid yet when the statement was received',
    'wait, or have `valid-after` corrected',
  ),
  key_expired: told(
    'the key was not valid any more when the statement was received',
    'sign with a key that is valid now',
  ),
  key_revoked: told('the key is revoked', 'sign with another key, and find out who still uses this one'),
  key_too_weak: told(
    'the key is DSA, or RSA of fewer than 3072 bits',
    'make an ed25519 key, and have it listed',
  ),
  key_not_touched: told('the security key signed without being touched', 'sign again and touch the key'),
  key_user_not_verified: told(
    'the policy asks for a security key that verified its user, by PIN or finger',
    'sign with a key that was made with `-O verify-required`',
  ),
  signature_refused: told(
    'our own check and the one of OpenSSH do not agree, or the policy can not be read',
    '`promote policy check` says what is wrong with the policy',
  ),
  ssh_keygen_missing: told('the program `ssh-keygen` was not found', 'install OpenSSH 9.1 or newer'),
  ssh_keygen_timeout: told('`ssh-keygen` did not end in time', WORKER),
  ssh_keygen_failed: told('`ssh-keygen` failed in another way than by refusing a signature', WORKER),
  io: told('a private folder for checking a signature could not be used', WORKER),
} as const;
