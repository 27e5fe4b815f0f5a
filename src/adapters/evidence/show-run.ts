import { z } from 'zod';

import type { RunRecord } from '../../contracts/run-record.js';
import { sha256, type Digest } from '../canonical.js';
import { EvidenceError } from './evidence-error.js';
import { entryPath, type JournalEntry } from './journal.js';
import { endOf } from './past-runs.js';
import { orUnreadable } from './report/entries.js';
import type { RunEvidence } from './run-evidence.js';
import { MANIFEST } from './sealed-files.js';

/** How a run ended, in words where it is not known. */
export interface ShownEnd {
  readonly end: string;
  readonly reason: string;
}

/** What a run's folder says of it, believed as it stands: `verify` finds out whether that is what was sealed. */
export interface ShownRun extends ShownEnd {
  readonly record: RunRecord;
  /** Of the manifest; null where the run is not sealed. */
  readonly manifest: Digest | null;
  readonly journal: readonly JournalEntry[];
  /** Size in bytes. */
  readonly files: readonly { readonly path: string; readonly size: number; readonly sha256: Digest }[];
}

/** @throws EvidenceError `unavailable` where there is no such run, `conflict` where its evidence is not of its form */
export async function showRun(evidence: RunEvidence, folder: string): Promise<ShownRun> {
  const { record } = await evidence.knownIn(folder);
  const files = [];
  for (const path of await evidence.store.list(folder)) {
    const bytes = await evidence.store.get(folder, path);
    if (bytes !== undefined) files.push({ path, size: bytes.byteLength, sha256: sha256(bytes) });
  }
  return {
    record,
    ...(await endIn(evidence, folder)),
    manifest: files.find(({ path }) => path === MANIFEST)?.sha256 ?? null,
    journal: await journalIn(evidence, folder),
    files,
  };
}

const notedEnd = z.object({ end: z.string(), reason: z.string() });

export async function endIn(evidence: RunEvidence, folder: string): Promise<ShownEnd> {
  const end = await orUnreadable(endOf(evidence, folder));
  if (end === 'unreadable') return { end: 'not known', reason: 'what records its end is not of its form' };
  if (end === undefined)
    return {
      end: 'open',
      reason: (await evidence.store.has(folder, MANIFEST))
        ? 'it was promoted, and nobody has recorded how a rollback ended that was begun since'
        : 'nobody has recorded how it ended',
    };
  const noted = await orUnreadable(evidence.readJson(folder, `ended/${end}.json`, notedEnd));
  return noted === undefined || noted === 'unreadable' ? { end, reason: 'why is not recorded' } : noted;
}

const entrySchema = z.object({
  seq: z.int(),
  at: z.string(),
  kind: z.string(),
  body: z.record(z.string(), z.unknown()),
});

/** As far as it can be read; what can't is said where it stands. */
export async function journalIn(evidence: RunEvidence, folder: string): Promise<readonly JournalEntry[]> {
  const entries: JournalEntry[] = [];
  for (let seq = 1; ; seq += 1) {
    const entry = await readEntry(evidence, folder, seq);
    if (entry === undefined) return entries;
    entries.push(entry);
  }
}

async function readEntry(
  evidence: RunEvidence,
  folder: string,
  seq: number,
): Promise<JournalEntry | undefined> {
  try {
    return await evidence.readJson(folder, entryPath(seq), entrySchema);
  } catch (error) {
    if (!(error instanceof EvidenceError) || error.code !== 'conflict') throw error;
    return { seq, at: '', kind: 'unreadable', body: { file: entryPath(seq) } };
  }
}
