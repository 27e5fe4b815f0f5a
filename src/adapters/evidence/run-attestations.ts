import type { AttestedRun } from '../../contracts/attested-run.js';
import type { Manifest } from '../../contracts/manifest.js';
import { attests } from '../attestation/attestations.js';
import { attestedRunOf } from '../attestation/attested-run.js';
import type { Digest } from '../canonical.js';
import { readJournal } from './chained-journal.js';
import { EvidenceError } from './evidence-error.js';
import type { RunEvidence } from './run-evidence.js';
import { ATTESTATIONS } from './sealed-files.js';
import { notOurs, type RecordedRun } from './standing-manifest.js';

/**
 * A run's attestations as they stand there, whoever signed them: by whose key is for `verify` to believe.
 *
 * @throws EvidenceError `conflict` where they say something else than is to be attested
 */
export async function standingAttestations(
  evidence: RunEvidence,
  run: RecordedRun,
  attested: AttestedRun,
): Promise<Uint8Array | undefined> {
  const bytes = await evidence.store.get(run.folder, ATTESTATIONS);
  if (bytes === undefined || attests(bytes, attested)) return bytes;
  throw notOurs(evidence, run, ATTESTATIONS);
}

/** Where another worker's key signs it meanwhile, its word is as good, and stands. */
export async function putAttestations(
  evidence: RunEvidence,
  run: RecordedRun,
  attested: AttestedRun,
  bytes: Uint8Array,
): Promise<void> {
  const { store } = evidence;
  try {
    await store.put(run.folder, ATTESTATIONS, bytes);
  } catch (error) {
    if (!(error instanceof EvidenceError) || error.code !== 'conflict') throw error;
    const standing = await standingAttestations(evidence, run, attested);
    if (standing === undefined) throw error;
    await store.put(run.folder, ATTESTATIONS, standing);
  }
}

/** What is attested of a run: from the files that its manifest lists, whatever came later. */
export async function attestedBy(
  evidence: RunEvidence,
  run: RecordedRun,
  sealed: { readonly manifest: Manifest; readonly sha256: Digest },
): Promise<AttestedRun> {
  const { files, journal } = sealed.manifest;
  const readable = {
    paths: files.map(({ path }) => path),
    read: (path: string) => evidence.store.get(run.folder, path),
  };
  const head = { seq: journal.seq, digest: journal.head };
  const { entries } = await readJournal(evidence, run, head);
  return attestedRunOf(readable, run.record, sealed, entries);
}
