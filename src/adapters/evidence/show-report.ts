import { basename, dirname, resolve } from 'node:path';

import { z } from 'zod';

import { manifestSchema } from '../../contracts/manifest.js';
import { sha256 } from '../canonical.js';
import { EvidenceError } from './evidence-error.js';
import { createFileStore } from './file-store.js';
import { entryPath, type JournalEntry } from './journal.js';
import { endOf } from './past-runs.js';
import { renderReportHtml } from './report-html.js';
import { readReport } from './report-model.js';
import { renderReport } from './report.js';
import { orUnreadable } from './report/entries.js';
import { RunEvidence, type KnownRun } from './run-evidence.js';

export interface ShownReport {
  readonly text: string;
  /** `sealed`: the bytes that the manifest names; `rendered`: made now from the evidence, of a run that may still go on. */
  readonly origin: 'sealed' | 'rendered';
}

export type ReportForm = 'markdown' | 'html';

/**
 * A run's report: as it was sealed, or where it was not, or is not any more what was sealed, rendered from the evidence as it
 * is. Proves nothing about the evidence: `verify` does.
 *
 * @throws EvidenceError `unavailable` where there is no such run, `conflict` where its evidence is not of its form
 */
export async function reportOfRun(
  evidence: RunEvidence,
  run: string,
  form: ReportForm,
): Promise<ShownReport> {
  return shownReport(evidence, await evidence.folderOf(run), form);
}

/** The same for a run's folder, wherever it was copied to and whatever it is called there. */
export async function reportOfFolder(path: string, form: ReportForm): Promise<ShownReport> {
  const folder = resolve(path);
  return shownReport(new RunEvidence(createFileStore(dirname(folder))), basename(folder), form);
}

async function shownReport(evidence: RunEvidence, folder: string, form: ReportForm): Promise<ShownReport> {
  const sealed = await sealedReport(evidence, folder, form === 'html' ? 'report.html' : 'report.md');
  if (sealed !== undefined) return { text: sealed, origin: 'sealed' };
  const known = await evidence.knownIn(folder);
  const report = await readReport(
    evidence,
    known,
    await endIn(evidence, known),
    await journalOf(evidence, known),
  );
  return { text: form === 'html' ? renderReportHtml(report) : renderReport(report), origin: 'rendered' };
}

async function sealedReport(
  evidence: RunEvidence,
  folder: string,
  path: string,
): Promise<string | undefined> {
  const manifest = await orUnreadable(evidence.readJson(folder, 'manifest.json', manifestSchema));
  if (manifest === undefined || manifest === 'unreadable') return undefined;
  const named = manifest.files.find((file) => file.path === path);
  const bytes = named === undefined ? undefined : await evidence.store.get(folder, path);
  return bytes === undefined || sha256(bytes) !== named?.sha256
    ? undefined
    : Buffer.from(bytes).toString('utf8');
}

const endedSchema = z.object({ end: z.string(), reason: z.string() });

async function endIn(
  evidence: RunEvidence,
  { folder }: KnownRun,
): Promise<{ readonly end: string; readonly reason: string }> {
  const end = await orUnreadable(endOf(evidence, folder));
  if (end === 'unreadable') return { end: 'not known', reason: 'what records its end is not of its form' };
  if (end === undefined) return { end: 'open', reason: 'nobody has recorded how it ended' };
  const noted = await orUnreadable(evidence.readJson(folder, `ended/${end}.json`, endedSchema));
  return noted === undefined || noted === 'unreadable' ? { end, reason: 'why is not recorded' } : noted;
}

const entrySchema = z.object({
  seq: z.int(),
  at: z.string(),
  kind: z.string(),
  body: z.record(z.string(), z.unknown()),
});

/** As far as it can be read; what can't is said where it stands. */
async function journalOf(evidence: RunEvidence, { folder }: KnownRun): Promise<readonly JournalEntry[]> {
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
