import { changesSchema } from '../../contracts/changes.js';
import type { Changes } from '../../domain/changes.js';
import { canonicalBytes, digest, type Digest } from '../canonical.js';
import { EvidenceError } from './evidence-error.js';
import type { RunEvidence } from './run-evidence.js';

/** What changes, as those were shown it who were asked in this epoch; undefined where nobody found out. */
export async function readChanges(
  evidence: RunEvidence,
  folder: string,
  epoch: number,
): Promise<Changes | undefined> {
  return evidence.readJson(folder, pathOf(epoch), changesSchema);
}

/** Keeps the first answer: what people were shown stays what it was. Gives what stands. */
export async function keepChanges(
  evidence: RunEvidence,
  folder: string,
  epoch: number,
  changes: Changes,
): Promise<Changes> {
  try {
    await evidence.putJson(folder, pathOf(epoch), changesSchema.parse(changes));
    return changes;
  } catch (error) {
    const conflict = error instanceof EvidenceError && error.code === 'conflict';
    const stands = conflict ? await readChanges(evidence, folder, epoch) : undefined;
    if (stands === undefined) throw error;
    return stands;
  }
}

/** Of a record of what changes, so that the journal, and with it what is approved, names what people were shown. */
export function changesDigest(changes: Changes): Digest {
  return digest('promotion-changes/v1', canonicalBytes(changes));
}

function pathOf(epoch: number): string {
  return `approval-${epoch}/changes.json`;
}
