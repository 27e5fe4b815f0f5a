import { isOf, isSorted, manifestSchema, type Manifest } from '../../contracts/manifest.js';
import { parseCanonical } from '../canonical.js';
import { EvidenceError } from './evidence-error.js';
import type { KnownRun, RunEvidence } from './run-evidence.js';
import { MANIFEST } from './sealed-files.js';

export type RecordedRun = Pick<KnownRun, 'folder' | 'record'>;

/**
 * A run's manifest; undefined where none was written. What stands under its name may be anybody's: it counts only as a manifest
 * of this run, in its one spelling.
 *
 * @throws EvidenceError `conflict` where it is something else
 */
export async function standingManifest(
  evidence: RunEvidence,
  run: RecordedRun,
): Promise<Manifest | undefined> {
  const bytes = await evidence.store.get(run.folder, MANIFEST);
  if (bytes === undefined) return undefined;
  let manifest;
  try {
    manifest = manifestSchema.parse(parseCanonical(bytes));
  } catch (cause) {
    throw notOurs(evidence, run, MANIFEST, { cause });
  }
  if (isSorted(manifest) && isOf(manifest, run.record)) return manifest;
  throw notOurs(evidence, run, MANIFEST);
}

export function notOurs(
  { store }: RunEvidence,
  { folder }: RecordedRun,
  name: string,
  options?: ErrorOptions,
): EvidenceError {
  const what = `${store.locate(folder)}/${name} is not of this run as it ended`;
  return new EvidenceError(
    'conflict',
    `${what}: find out who wrote it; put back what was sealed or, where nothing was, move it away and seal again`,
    options,
  );
}
