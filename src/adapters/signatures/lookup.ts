import type { Namespace, SignatureRefusal } from '../../domain/signing.js';
import type { SignersLine } from './allowed-signers.js';
import { fitsPrincipals } from './principals.js';
import type { Certificate, PublicKey } from './public-key.js';

export interface Refused {
  readonly refusal: SignatureRefusal;
  readonly detail: string;
}

export interface LookUp {
  readonly by: string;
  readonly namespace: Namespace;
  readonly key: PublicKey;
  /** ms since the epoch. */
  readonly at: number;
}

/**
 * Why the policy does not let this key sign in that name, or undefined where it does. OpenSSH is asked as well; it says
 * yes or no, and this says why. Where several lines list the key for the name, all of them have to allow it: to OpenSSH
 * a second line voids the expiry of the first.
 */
export function refuseKey(
  lines: readonly SignersLine[],
  { by, namespace, key, at }: LookUp,
): Refused | undefined {
  const { certificate } = key;
  const listed = lines.filter((line) => lists(line, key));
  if (listed.length === 0)
    return {
      refusal: 'key_unlisted',
      detail: `${key.fingerprint} ${certificate === undefined ? 'stands in no line' : 'is certified by no authority of a line'}`,
    };
  const named = listed.filter((line) => names(line, by));
  if (named.length === 0 || certificate?.principals.includes(by) === false)
    return { refusal: 'key_of_another_name', detail: `${key.fingerprint} is not a key of ${by}` };
  const allowing = named.filter(({ namespaces }) => namespaces?.includes(namespace) === true);
  if (allowing.length === 0)
    return { refusal: 'key_other_namespace', detail: `${linesOf(named)} does not name ${namespace}` };
  for (const line of allowing) {
    const untimely = refuseTime(line, at);
    if (untimely !== undefined) return untimely;
  }
  const faulty = allowing.find(({ problems }) => problems.some(({ code }) => code !== 'time_without_zone'));
  if (faulty !== undefined)
    return { refusal: 'signature_refused', detail: `line ${faulty.line}: ${faulty.problems[0]?.text ?? ''}` };
  return certificate === undefined ? undefined : refuseCertificate(certificate, at);
}

function lists(line: SignersLine, { keyType, fingerprint, certificate }: PublicKey): boolean {
  if (line.fingerprint === undefined) return false;
  return certificate === undefined
    ? !line.certAuthority && line.fingerprint === fingerprint && line.keyType === keyType
    : line.certAuthority && line.fingerprint === certificate.authority.fingerprint;
}

function names({ principals, certAuthority }: SignersLine, by: string): boolean {
  return certAuthority ? fitsPrincipals(principals, by) : principals.length === 1 && principals[0] === by;
}

function refuseTime({ line, validAfter, validBefore }: SignersLine, at: number): Refused | undefined {
  const second = Math.floor(at / 1_000) * 1_000;
  if (validAfter !== undefined && second < validAfter)
    return { refusal: 'key_not_yet_valid', detail: `line ${line} is valid from ${iso(validAfter)}` };
  // Inclusive, as OpenSSH has it.
  if (validBefore !== undefined && second > validBefore)
    return { refusal: 'key_expired', detail: `line ${line} was valid until ${iso(validBefore)}` };
  return undefined;
}

function refuseCertificate(certificate: Certificate, at: number): Refused | undefined {
  const second = BigInt(Math.floor(at / 1_000));
  if (!certificate.forUser)
    return { refusal: 'signature_refused', detail: 'the certificate is a machine’s and no person’s' };
  if (second < certificate.validAfter)
    return { refusal: 'key_not_yet_valid', detail: 'the certificate is not valid yet' };
  if (second >= certificate.validBefore)
    return { refusal: 'key_expired', detail: 'the certificate has expired' };
  // What ties a certificate to a command, an address or a touch was written for logins; who signs can't show any of it.
  if (certificate.criticalOptions.length > 0)
    return {
      refusal: 'signature_refused',
      detail: 'the certificate has critical options, which are not taken',
    };
  return undefined;
}

function linesOf(lines: readonly SignersLine[]): string {
  return lines.length === 1
    ? `line ${lines[0]?.line}`
    : `none of the lines ${lines.map(({ line }) => line).join(', ')}`;
}

function iso(at: number): string {
  return new Date(at).toISOString().replace('.000Z', 'Z');
}
