// Proves how a run is found again by its name alone, and that what is found is what was opened.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';
import { z } from 'zod';

import { isAdmittedHere } from '../../../src/adapters/evidence/opening.js';
import { RunEvidence } from '../../../src/adapters/evidence/run-evidence.js';
import type { EvidenceStore } from '../../../src/adapters/evidence/store.js';
import { load, smallRunbook } from '../runbook/written-runbook.js';
import { codeOf, openRun, RUN } from './opened-run.js';

test('a run is found by its name, with its record and its runbook', async () => {
  const { evidence, folder, record, loaded } = await openRun();
  expect(folder).toBe(`20260102T030405Z-t-${RUN}`);
  expect(await evidence.known(RUN)).toEqual({ folder, record, loaded });
});

test.each(['../secrets', '', 'x'.repeat(5_000), '20260102T030405678Z-5F0C2A9E'])(
  'a name that is none is refused before the store is asked (%#)',
  async (run) => {
    const { evidence } = await openRun();
    expect(await codeOf(evidence.folderOf(run))).toBe('bad_name');
  },
);

describe('where there are many runs', () => {
  test('one whose folder is known is found without reading their names', async () => {
    const { store, folder, record } = await openRun();
    const { counted, reads } = countingReads(store);
    const evidence = new RunEvidence(counted);
    expect((await evidence.known(RUN, folder)).record).toEqual(record);
    expect((await evidence.known(RUN)).record).toEqual(record);
    expect(await evidence.folderOf(RUN)).toBe(folder);
    expect(reads()).toBe(0);
  });

  test('whether one may be opened is known from reading their names once', async () => {
    const { store, folder, record } = await openRun();
    const { counted, reads } = countingReads(store);
    const said = { ...record, folder };
    expect(await isAdmittedHere(new RunEvidence(counted), 'd', 't', said)).toBe(true);
    expect(reads()).toBe(1);
  });

  test('one is not opened a second time as another target’s', async () => {
    const { store, evidence, folder, record } = await openRun({ record: { target: 'u' } });
    const said = { ...record, folder: folder.replace('-u-', '-t-') };
    expect(await isAdmittedHere(evidence, 'd', 't', said)).toBe(false);
    await rm(store.locate(folder), { recursive: true });
    expect(await isAdmittedHere(evidence, 'd', 't', said)).toBe(true);
  });
});

test('a run without evidence is unavailable: another worker may have it', async () => {
  const { evidence } = await openRun();
  expect(await codeOf(evidence.known('20260102T030405678Z-00000000'))).toBe('unavailable');
});

test.each(['run.json', 'runbook.json'])('a run whose %s is missing is unavailable', async (file) => {
  const { evidence, path } = await openRun();
  await rm(join(path, file));
  expect(await codeOf(evidence.known(RUN))).toBe('unavailable');
});

test('a run whose runbook was exchanged is refused', async () => {
  const { evidence, path } = await openRun();
  const other = await load(smallRunbook({ owners: [{ name: 'somebody else' }] }));
  await writeFile(join(path, 'runbook.json'), other.bytes);
  expect(await codeOf(evidence.known(RUN))).toBe('conflict');
});

test.each([
  { what: 'of another version', record: { v: 2 } },
  { what: 'with a field that it does not know', record: { extra: true } },
  { what: 'of another run', record: { run: '20260102T030405678Z-00000000' } },
])('a record $what is refused', async ({ record }) => {
  const opened = await openRun();
  await writeFile(join(opened.path, 'run.json'), JSON.stringify({ ...opened.record, ...record }));
  expect(await codeOf(opened.known())).toMatch(/^(?:conflict|unavailable)$/);
});

test.each(['no JSON', '{"v":'])('stored bytes that are no JSON are refused (%s)', async (text) => {
  const { evidence, store, folder } = await openRun();
  await store.put(folder, 'a.json', Buffer.from(text));
  expect(await codeOf(evidence.readJson(folder, 'a.json', z.object({})))).toBe('conflict');
});

describe('the runs of a target', () => {
  test('are its own, oldest first, also where one target’s name ends like another’s', async () => {
    const { store, folder } = await openRun({ record: { target: 'tau' } });
    const runs = ['20260103T030405678Z-00000001', '20260102T040405678Z-00000002'];
    const later = await openRun({
      store,
      record: { target: 'tau', run: runs[0] ?? '', openedAt: '2026-01-03T03:04:05.678Z' },
    });
    const other = { target: 'my-tau', run: runs[1] ?? '', openedAt: '2026-01-02T04:04:05.678Z' };
    const { folder: others } = await openRun({ store, record: other });
    const evidence = new RunEvidence(store);
    expect(await evidence.foldersOf('tau')).toEqual([folder, later.folder]);
    expect(await evidence.foldersOf('my-tau')).toEqual([others]);
    expect(await evidence.foldersOf('au')).toEqual([]);
  });
});

/** How often the names of all runs were read. */
function countingReads(store: EvidenceStore): { counted: EvidenceStore; reads: () => number } {
  let reads = 0;
  const runs: EvidenceStore['runs'] = (isWanted) => {
    reads += 1;
    return store.runs(isWanted);
  };
  return { counted: { ...store, runs }, reads: () => reads };
}
