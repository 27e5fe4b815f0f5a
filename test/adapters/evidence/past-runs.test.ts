// Proves that a target's runs are remembered from the evidence alone: how each ended, sealed or not, and whether it began to
// change the target. What follows from it is src/domain/past-runs.ts.
import { mkdir, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { canonicalBytes } from '../../../src/adapters/canonical.js';
import { EvidenceError } from '../../../src/adapters/evidence/evidence-error.js';
import { appendEntry } from '../../../src/adapters/evidence/journal.js';
import { endOf, noteEnd, pastRuns, unendedRuns } from '../../../src/adapters/evidence/past-runs.js';
import { RunEvidence } from '../../../src/adapters/evidence/run-evidence.js';
import { sealRun } from '../../../src/adapters/evidence/seal.js';
import type { Manifest } from '../../../src/contracts/manifest.js';
import { manifestOf } from '../../support/manifest-of.js';
import { codeOf, OPENED_MS, openRun, RUN, type OpenedRun, testKey } from './opened-run.js';

const head = { seq: 0, digest: '' };

async function journal({ evidence }: OpenedRun, kind: string) {
  return appendEntry(evidence, { run: RUN, head, at: OPENED_MS, kind, body: {} });
}

const past = async ({ evidence }: OpenedRun) => (await pastRuns(evidence, 't'))[0];

describe('a run that nobody has ended', () => {
  test('touched nothing while it was only asking', async () => {
    const opened = await openRun();
    await journal(opened, 'run.opened');
    expect(await past(opened)).toMatchObject({ run: RUN, end: undefined, touched: false });
  });

  test.each(['promotion/step.intent.json', 'promotion/step.begun.json', 'rollback/begun.json'])(
    'may have touched the target where it left %s',
    async (path) => {
      const opened = await openRun();
      await opened.store.put(opened.folder, path, Buffer.from('{}'));
      expect(await past(opened)).toMatchObject({ end: undefined, touched: true });
    },
  );

  test.each(['step-started', 'rollback-begun'])(
    'may have touched the target where its journal says %s',
    async (kind) => {
      const opened = await openRun();
      await journal(opened, kind);
      expect(await past(opened)).toMatchObject({ touched: true });
    },
  );
});

describe('how a run ended', () => {
  test('is what it was sealed with', async () => {
    const opened = await openRun();
    const last = await journal(opened, 'run.ended');
    await sealRun(opened.evidence, { run: RUN, end: 'stopped', reason: 'gate_hold', head: last }, testKey);
    expect(await past(opened)).toMatchObject({ end: 'stopped' });
  });

  test('is noted also where the journal is broken and can’t be sealed', async () => {
    const opened = await openRun();
    const last = await journal(opened, 'step-started');
    await opened.store.put(opened.folder, 'journal/00000002.json', Buffer.from('{"kind":"x"}'));
    const request = { run: RUN, end: 'rolled-back', reason: 'internal_fault', head: last };
    expect(await codeOf(sealRun(opened.evidence, request, testKey))).toBe('conflict');
    expect(await past(opened)).toMatchObject({ end: 'rolled-back' });
  });

  test('is promoted with warnings where it was to end promoted and its journal is broken', async () => {
    const opened = await openRun();
    const last = await journal(opened, 'step-started');
    await opened.store.put(opened.folder, 'journal/00000002.json', Buffer.from('{"kind":"x"}'));
    const request = { run: RUN, end: 'promoted', reason: 'promoted', head: last };
    expect(await codeOf(sealRun(opened.evidence, request, testKey))).toBe('conflict');
    expect(await opened.store.list(opened.folder, 'ended/')).toEqual(['ended/promoted-with-warnings.json']);
    expect(await past(opened)).toMatchObject({ end: 'promoted-with-warnings' });
  });

  test('is its manifest’s for as long as that stands there', async () => {
    const opened = await openRun();
    const path = join(opened.path, 'manifest.json');
    await writeFile(path, canonicalBytes(manifestOf(opened.record, 'promoted')));
    expect(await endOf(opened.evidence, opened.folder)).toBe('promoted');
    await rm(path);
    expect(await endOf(opened.evidence, opened.folder)).toBeUndefined();
  });

  test.each<[string, (manifest: Manifest) => unknown]>([
    ['another run’s', (manifest) => ({ ...manifest, run: '20260101T030405678Z-00000000' })],
    ['another target’s', (manifest) => ({ ...manifest, target: 'other' })],
    ['of another form', ({ run, end }) => ({ run, end })],
  ])('is not known where a manifest stands there that is %s', async (_what, spoilt) => {
    const opened = await openRun();
    await opened.store.put(opened.folder, 'promotion/step.begun.json', Buffer.from('{}'));
    const bytes = canonicalBytes(spoilt(manifestOf(opened.record, 'stopped')));
    await writeFile(join(opened.path, 'manifest.json'), bytes);
    expect(await codeOf(endOf(opened.evidence, opened.folder))).toBe('conflict');
    expect(await codeOf(pastRuns(opened.evidence, 't'))).toBe('conflict');
    expect((await unendedRuns(opened.evidence, 'd', { target: 't' })).unreadable).toEqual([opened.folder]);
  });

  test('is not known where a manifest stands there and nothing says whose run it is', async () => {
    const opened = await openRun();
    await writeFile(join(opened.path, 'manifest.json'), canonicalBytes(manifestOf(opened.record, 'stopped')));
    await rm(join(opened.path, 'run.json'));
    expect(await codeOf(endOf(opened.evidence, opened.folder))).toBe('conflict');
    expect(await codeOf(pastRuns(opened.evidence, 't'))).toBe('conflict');
  });

  test.each(['sealed', 'noted'])(
    'is open again where it was promoted, as was %s, and a rollback was begun that nobody saw to its end',
    async (how) => {
      const opened = await openRun();
      const { evidence, store, folder } = opened;
      if (how === 'noted') await noteEnd(evidence, folder, { end: 'promoted', reason: 'promoted' });
      else await store.put(folder, 'manifest.json', canonicalBytes(manifestOf(opened.record, 'promoted')));
      expect(await endOf(evidence, folder)).toBe('promoted');
      await store.put(folder, 'rollback/begun.json', Buffer.from('{}'));
      expect(await past(opened)).toMatchObject({ end: undefined, touched: true });
      for (const target of ['t', undefined])
        expect((await unendedRuns(evidence, 'd', { target })).runs).toMatchObject([
          { run: RUN, touched: true },
        ]);
      await noteEnd(evidence, folder, { end: 'rolled-back', reason: 'terminated' });
      expect(await past(opened)).toMatchObject({ end: 'rolled-back' });
    },
  );

  test('is the rollback where two histories of it ended', async () => {
    const { evidence, folder } = await openRun();
    await noteEnd(evidence, folder, { end: 'promoted', reason: 'promoted' });
    await noteEnd(evidence, folder, { end: 'rolled-back', reason: 'requested' });
    await noteEnd(evidence, folder, { end: 'rolled-back', reason: 'internal_fault' });
    expect(await endOf(evidence, folder)).toBe('rolled-back');
  });
});

test('a target remembers its own runs, newest first', async () => {
  const first = await openRun();
  const run = '20260102T030406678Z-5f0c2a9e';
  await openRun({ store: first.store, record: { run, openedAt: '2026-01-02T03:04:06.678Z' } });
  const other = '20260102T030407678Z-5f0c2a9e';
  await openRun({
    store: first.store,
    record: { run: other, target: 'u', openedAt: '2026-01-02T03:04:07.678Z' },
  });
  expect((await pastRuns(first.evidence, 't')).map((remembered) => remembered.run)).toEqual([run, RUN]);
});

test('a run that can’t be read is not guessed about, and one that was never opened is none', async () => {
  const opened = await openRun();
  await rm(join(opened.path, 'run.json'));
  expect(await pastRuns(opened.evidence, 't')).toEqual([]);
  await opened.store.put(opened.folder, 'run.json', Buffer.from('{}'));
  expect(await codeOf(pastRuns(opened.evidence, 't'))).toBe('conflict');
});

test('what is no run, and a run that can’t be read, hides no other that nobody has ended', async () => {
  const opened = await openRun();
  await mkdir(join(opened.path, '..', 'old runs'));
  const torn = '20260102T030406678Z-5f0c2a9e';
  const { folder } = await openRun({ store: opened.store, record: { run: torn } });
  await rm(join(opened.path, '..', folder, 'run.json'));
  await opened.store.put(folder, 'run.json', Buffer.from('{"v":1,'));
  const { runs, unreadable } = await unendedRuns(opened.evidence, 'd', { target: undefined });
  expect(runs.map(({ run }) => run)).toEqual([RUN]);
  expect(unreadable).toEqual([folder]);
  expect((await unendedRuns(opened.evidence, 'elsewhere', { target: undefined })).runs).toEqual([]);
});

test('of a target’s older runs, only asking for the target looks for what became of what was sealed', async () => {
  const older = await openRun();
  const { evidence, store, folder } = older;
  await openRun({ store, record: { run: '20260102T030406678Z-5f0c2a9e' } });
  await store.put(folder, 'manifest.json', canonicalBytes(manifestOf(older.record, 'promoted')));
  const found = async (target?: string, run?: string) =>
    (await unendedRuns(evidence, 'd', { target, run })).runs.length;
  expect(await found()).toBe(1);
  await store.put(folder, 'rollback/begun.json', Buffer.from('{}'));
  expect(await found()).toBe(1);
  expect(await found(undefined, RUN)).toBe(2);
  // Once it was found it is found again.
  expect(await found()).toBe(2);
  const { runs } = await unendedRuns(evidence, 'd', { target: undefined });
  expect(runs.map(({ run, followed }) => [run, followed])).toEqual([
    [RUN, true],
    ['20260102T030406678Z-5f0c2a9e', false],
  ]);
  await rm(join(older.path, 'manifest.json'));
  expect(await found('t')).toBe(2);
});

test('a folder that was never opened is no run that others follow', async () => {
  const opened = await openRun();
  const { folder } = await openRun({ store: opened.store, record: { run: '20260102T030406678Z-5f0c2a9e' } });
  await rm(join(opened.path, '..', folder, 'run.json'));
  const { runs } = await unendedRuns(opened.evidence, 'd', { target: undefined });
  expect(runs).toMatchObject([{ run: RUN, followed: false }]);
});

test('a store that does not answer is no store without runs', async () => {
  const opened = await openRun();
  const away = { ...opened.store, get: () => Promise.reject(new EvidenceError('unavailable', 'away')) };
  expect(await codeOf(unendedRuns(new RunEvidence(away), 'd', { target: undefined }))).toBe('unavailable');
});
