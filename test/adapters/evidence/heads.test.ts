// Proves that a target's heads are its sealed runs in their order, each once, whoever repeats or races.
import { expect, test } from 'vitest';

import { advanceHead, headOf, headsOf } from '../../../src/adapters/evidence/heads.js';
import { openRun } from './opened-run.js';

const runOf = (n: number) => ({
  run: `20260102T03040${n}678Z-5f0c2a9e`,
  manifest: `sha256:${String(n).repeat(64)}`,
  end: 'stopped',
});

const follow = (evidence: Parameters<typeof advanceHead>[0], n: number): Promise<void> =>
  advanceHead(evidence, 't', runOf(n), n === 1 ? null : runOf(n - 1).run);

test('each sealed run is the latest once', async () => {
  const { evidence } = await openRun();
  for (const n of [1, 2, 3]) await follow(evidence, n);
  expect(await headsOf(evidence, 't')).toMatchObject([1, 2, 3].map(runOf));
  expect(await headOf(evidence, 't')).toMatchObject({ seq: 3, ...runOf(3) });
});

test('a run that is sealed again, also long after, is not the latest again', async () => {
  const { evidence } = await openRun();
  for (const n of [1, 2, 2, 3, 1, 2]) await follow(evidence, n);
  expect(await headsOf(evidence, 't')).toMatchObject([1, 2, 3].map(runOf));
});

test('of many that seal the same run at once none makes it two', async () => {
  const { evidence } = await openRun();
  await follow(evidence, 1);
  await Promise.all(Array.from({ length: 8 }, () => follow(evidence, 2)));
  expect(await headsOf(evidence, 't')).toMatchObject([1, 2].map(runOf));
});

test('two runs that followed the same one both have their place, for the verifier to find', async () => {
  const { evidence } = await openRun();
  await follow(evidence, 1);
  await Promise.all([2, 3].map((n) => advanceHead(evidence, 't', runOf(n), runOf(1).run)));
  expect((await headsOf(evidence, 't')).map(({ run }) => run).sort()).toEqual(
    [1, 2, 3].map((n) => runOf(n).run),
  );
});
