import type { Finding } from '../../domain/verification.js';
import { parseAttestations, payloadsOf, type ReadAttestation } from '../attestation/attestations.js';
import { attestedRunOf } from '../attestation/attested-run.js';
import { AttestationError } from '../attestation/error.js';
import { refuseSigners, type BelievedKey } from '../attestation/trusted-keys.js';
import { ATTESTATIONS } from '../evidence/sealed-files.js';
import { finding } from './findings.js';
import type { CheckedEntry } from './journal.js';
import type { SealedFolder } from './manifest.js';
import type { RunFiles } from './run-files.js';

/**
 * Signed by keys that are trusted, over this manifest, and saying what the evidence says: the statements are built again from
 * the stored bytes and compared byte for byte.
 *
 * @param anchoredAt ms since the epoch: since when something else names this manifest; undefined where nothing does
 */
export async function checkAttestations(
  files: RunFiles,
  sealed: SealedFolder,
  entries: readonly CheckedEntry[],
  trusted: readonly BelievedKey[],
  anchoredAt: number | undefined,
): Promise<readonly Finding[]> {
  const bytes = await files.read(ATTESTATIONS);
  if (bytes === undefined)
    return [finding('attestation_missing', ATTESTATIONS, 'nobody signed this evidence')];
  let read: readonly ReadAttestation[];
  try {
    read = parseAttestations(bytes);
  } catch (error) {
    if (!(error instanceof AttestationError)) throw error;
    const code = error.code === 'attestation_wrong_type' ? error.code : 'attestation_malformed';
    return [finding(code, ATTESTATIONS, error.message)];
  }
  const at = Date.parse(entries.at(-1)?.at ?? sealed.record?.openedAt ?? '');
  const findings = read.flatMap(({ envelope }, index) =>
    refuseSigners(envelope, trusted, { deployment: sealed.manifest.deployment, at, anchoredAt }).map((code) =>
      finding(code, `${ATTESTATIONS}:${index + 1}`, envelope.signatures.map(({ keyid }) => keyid).join(', ')),
    ),
  );
  const expected = await expectedOf(files, sealed, entries);
  for (let index = 0; index < Math.max(read.length, expected.length); index += 1) {
    const payload = read[index]?.envelope.payload;
    const own = expected[index];
    if (payload === undefined || own === undefined || Buffer.compare(payload, own) !== 0)
      findings.push(
        finding('attestation_subject_mismatch', `${ATTESTATIONS}:${index + 1}`, 'not what the evidence says'),
      );
  }
  return findings;
}

async function expectedOf(
  files: RunFiles,
  { record, manifest, digest }: SealedFolder,
  entries: readonly CheckedEntry[],
): Promise<readonly Uint8Array[]> {
  if (record === undefined) return [];
  const readable = { paths: files.entries.map(({ path }) => path), read: files.read };
  try {
    const run = await attestedRunOf(readable, record, { manifest, sha256: digest }, entries);
    return payloadsOf(run);
  } catch {
    // What no run of ours holds has no statements: whatever is signed differs from it.
    return [];
  }
}
