// Proves how a watch's samples are kept and read back, and that one that can't be kept is told, not thrown.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { RunEvidence } from '../../../src/adapters/evidence/run-evidence.js';
import * as samples from '../../../src/adapters/evidence/samples.js';
import type { AskedGate } from '../../../src/adapters/gates/ask.js';
import { judge } from '../../../src/domain/verdict.js';
import type { Sample } from '../../../src/domain/watch.js';
import { codeOf, failingOnce, OPENED_AT, OPENED_MS, openRun } from './opened-run.js';

const SAMPLE: Sample = { n: 3, at: OPENED_MS, grade: 'unreachable' };
const observation = { kind: 'unreachable', code: 'http_refused', detail: 'nobody there' } as const;
const TAKEN = { sample: SAMPLE, results: [] };
const ASKED: readonly AskedGate[] = [
  {
    result: judge('gateway-status', observation, { health: 'healthy', gate: 'pass' }),
    askedAt: OPENED_AT,
    durationMs: 3,
    tries: [{ startedAt: OPENED_AT, durationMs: 3, outcome: 'http_refused' }],
    redactions: {},
    presentBefore: {},
    status: 200,
    exitCode: null,
    files: [{ name: 'gateway-status.txt', bytes: Buffer.from([0x68, 0x69, 0xff]) }],
  },
];

test('a sample is one file with every gate’s outcome and text, and is read back', async () => {
  const { evidence, folder, path } = await openRun();
  expect(await samples.read(evidence, folder, 3)).toBeUndefined();
  expect(await samples.keep(evidence, folder, TAKEN, ASKED)).toMatchObject({
    sample: SAMPLE,
    recorded: true,
  });
  const kept = JSON.parse(await readFile(join(path, 'watch/00000003.json'), 'utf8')) as unknown;
  expect(kept).toMatchObject({
    v: 1,
    ...SAMPLE,
    gates: [{ gate: 'gateway-status', answers: [{ name: 'gateway-status.txt', base64: 'aGn/' }] }],
  });
  expect(await samples.read(evidence, folder, 3)).toEqual({
    sample: SAMPLE,
    // The detail may quote an answer, and stays in the file.
    results: ASKED.map(({ result }) => ({ ...result, detail: '' })),
    recorded: true,
  });
});

test('the same sample again is kept', async () => {
  const { evidence, folder } = await openRun();
  await samples.keep(evidence, folder, TAKEN, ASKED);
  expect(await samples.keep(evidence, folder, TAKEN, ASKED)).toMatchObject({
    sample: SAMPLE,
    recorded: true,
  });
});

test('a sample that can’t be written is said not to be recorded, so that the watch goes on', async () => {
  const { store, folder } = await openRun();
  const evidence = new RunEvidence(failingOnce(store, /^watch\//));
  expect(await samples.keep(evidence, folder, TAKEN, ASKED)).toEqual({ ...TAKEN, recorded: false });
  expect(await samples.read(evidence, folder, SAMPLE.n)).toBeUndefined();
});

test('another attempt’s sample under a number that is taken is the one that counts', async () => {
  const { evidence, folder } = await openRun();
  await samples.keep(evidence, folder, TAKEN, ASKED);
  const other = { sample: { ...SAMPLE, grade: 'pass' as const }, results: [] };
  expect(await samples.keep(evidence, folder, other, [])).toMatchObject({ sample: SAMPLE, recorded: true });
  expect((await samples.read(evidence, folder, SAMPLE.n))?.sample).toEqual(SAMPLE);
});

test('a sample that is not of its form is refused', async () => {
  const { evidence, store, folder } = await openRun();
  await store.put(folder, 'watch/00000003.json', Buffer.from('{"v":1,"n":3,"grade":"pass"}'));
  expect(await codeOf(samples.read(evidence, folder, 3))).toBe('conflict');
});
