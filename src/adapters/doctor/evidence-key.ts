import { InputError } from '../../contracts/input-error.js';
import { ok, warning, wrong, type DoctorFinding } from '../../domain/doctor/finding.js';
import { readTrustedKeys } from '../attestation/enrol.js';
import { AttestationError } from '../attestation/error.js';
import { findKeyFile } from '../attestation/key-file.js';
import type { SigningKey } from '../attestation/signing-key.js';

export interface EvidenceKeyPlace {
  readonly file: string;
  readonly trustedKeys: string;
  readonly deployment: string;
}

const ENROL = 'promote evidence key > worker.pub, then promote evidence trust worker.pub';

/**
 * Whether the key that signs evidence is this worker's alone, and believed by the trusted keys here. Makes none.
 *
 * @param now ms since the epoch
 */
export async function examineEvidenceKey(place: EvidenceKeyPlace, now: number): Promise<DoctorFinding> {
  const { file } = place;
  let key: SigningKey | undefined;
  try {
    key = await findKeyFile(file);
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    return wrong(
      'evidence-key',
      file,
      error.message,
      'correct it: evidence is sealed with no other key, and no run follows one that is not sealed',
    );
  }
  if (key === undefined)
    return warning(
      'evidence-key',
      file,
      'there is none yet: the worker makes it when it seals its first run',
      ENROL,
    );
  return examineTrust(place, key.keyid, now);
}

async function examineTrust(
  { file, trustedKeys, deployment }: EvidenceKeyPlace,
  keyid: string,
  now: number,
): Promise<DoctorFinding> {
  let believed;
  try {
    believed = await readTrustedKeys(trustedKeys);
  } catch (error) {
    if (!(error instanceof InputError)) throw error;
    return warning(
      'evidence-key',
      file,
      `whether it is believed can't be told: ${error.problems[0] ?? ''}`,
      ENROL,
    );
  }
  const entry = believed.find((each) => each.keyid === keyid && each.deployment === deployment);
  if (entry === undefined)
    return warning(
      'evidence-key',
      file,
      `${trustedKeys} has no ${keyid} for the deployment ${deployment}: what it signs is not believed`,
      ENROL,
    );
  const { notBefore, notAfter, compromisedAt } = entry;
  const distrusted =
    compromisedAt !== null
      ? `is marked as compromised since ${compromisedAt}`
      : notAfter !== null && Date.parse(notAfter) <= now
        ? `was valid until ${notAfter}`
        : Date.parse(notBefore) > now
          ? `is valid from ${notBefore} on only`
          : undefined;
  return distrusted === undefined
    ? ok('evidence-key', file, `${keyid} is enrolled${notAfter === null ? '' : ` until ${notAfter}`}`)
    : wrong(
        'evidence-key',
        file,
        `${keyid} ${distrusted} in ${trustedKeys}: what it signs now is not believed`,
        `move ${file} away, start the worker anew, and enrol the key that it makes: ${ENROL}`,
      );
}
