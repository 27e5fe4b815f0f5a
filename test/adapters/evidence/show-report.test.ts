// Proves which report a person is shown: the sealed one as long as it is what was sealed, else one made from the evidence.
import { cp, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { expect, test } from 'vitest';

import { createFileStore } from '../../../src/adapters/evidence/file-store.js';
import { RunEvidence } from '../../../src/adapters/evidence/run-evidence.js';
import { sealRun } from '../../../src/adapters/evidence/seal.js';
import { showReport, type ReportForm } from '../../../src/adapters/evidence/show-report.js';
import { entryPath } from '../../../src/adapters/evidence/journal.js';
import { scratchFolder } from '../runbook/written-runbook.js';
import { codeOf, RUN, testKey } from './opened-run.js';
import { openToldRun, type ToldRun } from './told-run.js';

const reportOfFolder = (path: string, form: ReportForm) =>
  showReport(new RunEvidence(createFileStore(dirname(path))), basename(path), form);

const FORMS = ['markdown', 'html'] as const;
const seal = ({ evidence, head }: ToldRun) =>
  sealRun(
    evidence,
    { run: RUN, end: 'rollback-acknowledged', reason: 'rollback-acknowledged', head },
    testKey,
  );

test.each(FORMS)(
  'a sealed run has the report that was sealed, here and in a copy of any name (%s)',
  async (form) => {
    const run = await openToldRun();
    await seal(run);
    const shown = await showReport(run.evidence, run.folder, form);
    expect(shown.origin).toBe('sealed');
    const copy = join(await scratchFolder(), 'mailed-to-me');
    await cp(run.path, copy, { recursive: true });
    expect(await reportOfFolder(copy, form)).toEqual(shown);
  },
);

test.each(FORMS)('a report that is not what was sealed is made anew from the evidence (%s)', async (form) => {
  const run = await openToldRun();
  await seal(run);
  const shown = await showReport(run.evidence, run.folder, form);
  for (const file of ['report.md', 'report.html'])
    await writeFile(join(run.path, file), 'promoted, trust me');
  expect(await showReport(run.evidence, run.folder, form)).toEqual({ text: shown.text, origin: 'rendered' });
  await writeFile(join(run.path, 'manifest.json'), '{}');
  expect((await reportOfFolder(run.path, form)).text).toContain('what records its end is not of its form');
});

test('a run that nobody ended is shown as open, as far as its journal can be read', async () => {
  const run = await openToldRun();
  await writeFile(join(run.path, entryPath(3)), '{"torn":');
  const { text, origin } = await reportOfFolder(run.path, 'markdown');
  expect(origin).toBe('rendered');
  expect(text).toContain('End: **open** (nobody has recorded how it ended)');
  expect(text).toContain('| unreadable | file: journal/00000003.json |');
  expect(text).toContain('| run.ended |');
});

test('where there is no run there is no report', async () => {
  const run = await openToldRun();
  await rm(join(run.path, 'run.json'));
  expect(await codeOf(reportOfFolder(run.path, 'html'))).toBe('unavailable');
});
