import { z } from 'zod';

import { EvidenceError } from './evidence-error.js';
import { entryDigest, entryPath, genesis, type JournalEntry, type JournalHead } from './journal.js';
import type { RunEvidence } from './run-evidence.js';
import type { RecordedRun } from './standing-manifest.js';

const chainedEntry = z.object({
  seq: z.int(),
  prev: z.string(),
  at: z.string(),
  kind: z.string(),
  body: z.record(z.string(), z.unknown()),
});

export interface ChainedJournal {
  /** Each entry's bytes, as text. */
  readonly lines: readonly string[];
  readonly entries: readonly JournalEntry[];
}

/**
 * A run's journal up to an entry.
 *
 * @throws EvidenceError `conflict` where its chain is not whole, or comes to another entry than that
 */
export async function readJournal(
  evidence: RunEvidence,
  { folder, record }: RecordedRun,
  head: JournalHead,
): Promise<ChainedJournal> {
  const lines: string[] = [];
  const entries: JournalEntry[] = [];
  let prev: string = genesis(record.run);
  for (let seq = 1; seq <= head.seq; seq += 1) {
    const bytes = await evidence.store.get(folder, entryPath(seq));
    const entry = await evidence.readJson(folder, entryPath(seq), chainedEntry);
    if (bytes === undefined || entry?.prev !== prev)
      throw new EvidenceError('conflict', `${folder}: the journal's chain breaks at entry ${seq}`);
    prev = entryDigest(bytes);
    lines.push(Buffer.from(bytes).toString('utf8'));
    entries.push(entry);
  }
  if (prev !== head.digest) throw endsElsewhere(folder);
  return { lines, entries };
}

/** @throws as `readJournal`, and where it goes on after that entry */
export async function readWholeJournal(
  evidence: RunEvidence,
  run: RecordedRun,
  head: JournalHead,
): Promise<ChainedJournal> {
  const journal = await readJournal(evidence, run, head);
  if (await evidence.store.has(run.folder, entryPath(head.seq + 1))) throw endsElsewhere(run.folder);
  return journal;
}

function endsElsewhere(folder: string): EvidenceError {
  return new EvidenceError('conflict', `${folder}: the journal does not end where the workflow says`);
}
