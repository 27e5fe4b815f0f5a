import { manifestSchema } from '../../contracts/manifest.js';
import { sha256 } from '../canonical.js';
import { renderReportHtml } from './report-html.js';
import { readReport } from './report-model.js';
import { renderReport } from './report.js';
import { orUnreadable } from './report/entries.js';
import type { RunEvidence } from './run-evidence.js';
import { MANIFEST } from './sealed-files.js';
import { endIn, journalIn } from './show-run.js';

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
export async function showReport(
  evidence: RunEvidence,
  folder: string,
  form: ReportForm,
): Promise<ShownReport> {
  const sealed = await sealedReport(evidence, folder, form === 'html' ? 'report.html' : 'report.md');
  if (sealed !== undefined) return { text: sealed, origin: 'sealed' };
  const known = await evidence.knownIn(folder);
  const end = await endIn(evidence, folder);
  const report = await readReport(evidence, known, end, await journalIn(evidence, folder));
  return { text: form === 'html' ? renderReportHtml(report) : renderReport(report), origin: 'rendered' };
}

async function sealedReport(
  evidence: RunEvidence,
  folder: string,
  path: string,
): Promise<string | undefined> {
  const manifest = await orUnreadable(evidence.readJson(folder, MANIFEST, manifestSchema));
  if (manifest === undefined || manifest === 'unreadable') return undefined;
  const named = manifest.files.find((file) => file.path === path);
  const bytes = named === undefined ? undefined : await evidence.store.get(folder, path);
  return bytes === undefined || sha256(bytes) !== named?.sha256
    ? undefined
    : Buffer.from(bytes).toString('utf8');
}
