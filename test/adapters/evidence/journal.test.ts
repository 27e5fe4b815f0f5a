// Proves the journal's bytes by the vectors of the security specification, and that a second history is refused.
import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import {
  appendEntry,
  entryDigest,
  entryPath,
  genesis,
  type JournalAppend,
} from '../../../src/adapters/evidence/journal.js';
import { codeOf, OPENED_MS, openRun, RUN, type OpenedRun } from './opened-run.js';

const FIRST: JournalAppend = {
  run: RUN,
  head: { seq: 0, digest: '' },
  at: OPENED_MS,
  kind: 'run.opened',
  body: { target: 't' },
};

const stored = ({ path }: OpenedRun, seq: number): Promise<string> =>
  readFile(join(path, entryPath(seq)), 'utf8');

test('the first entry chains to the genesis of the run, byte for byte as specified', async () => {
  const opened = await openRun();
  const head = await appendEntry(opened.evidence, FIRST);
  expect(genesis(RUN)).toBe('sha256:5e857eb91ed0b3d2f00aba27a528869b399e8ddeafe7b01688f3c1294a24a81b');
  expect(head.seq).toBe(1);
  expect(head.digest).toMatch(/^sha256:b1eccafc/);
  expect(await stored(opened, 1)).toBe(
    `{"at":"2026-01-02T03:04:05.678Z","body":{"target":"t"},"kind":"run.opened","prev":"${genesis(RUN)}","run":"${RUN}","seq":1,"v":1}`,
  );
});

test('a digest that a caller gives before the first entry changes nothing', async () => {
  const { evidence } = await openRun();
  const head = await appendEntry(evidence, { ...FIRST, head: { seq: 0, digest: 'sha256:forged' } });
  expect(head.digest).toMatch(/^sha256:b1eccafc/);
});

test('each further entry chains to the bytes of the one before', async () => {
  const opened = await openRun();
  const first = await appendEntry(opened.evidence, FIRST);
  const second = await appendEntry(opened.evidence, {
    ...FIRST,
    head: first,
    kind: 'round.began',
    body: { round: 1 },
  });
  expect(second.seq).toBe(2);
  expect(JSON.parse(await stored(opened, 2))).toMatchObject({
    seq: 2,
    prev: entryDigest(Buffer.from(await stored(opened, 1))),
  });
});

test('the same entry again is success with the same head', async () => {
  const { evidence } = await openRun();
  const heads = [await appendEntry(evidence, FIRST), await appendEntry(evidence, FIRST)];
  expect(heads[1]).toEqual(heads[0]);
});

test.each([
  { what: 'another time', other: { at: OPENED_MS + 1 } },
  { what: 'another kind', other: { kind: 'run.reopened' } },
  { what: 'another body', other: { body: { target: 'u' } } },
])('an entry with $what under a number that is taken is a fork, and the first stays', async ({ other }) => {
  const opened = await openRun();
  await appendEntry(opened.evidence, FIRST);
  const before = await stored(opened, 1);
  expect(await codeOf(appendEntry(opened.evidence, { ...FIRST, ...other }))).toBe('journal_fork');
  expect(await stored(opened, 1)).toBe(before);
});

test('two histories that race for a number do not both get it', async () => {
  const { evidence } = await openRun();
  const racing = Array.from({ length: 8 }, (_, n) => appendEntry(evidence, { ...FIRST, body: { n } }));
  const ends = await Promise.allSettled(racing);
  expect(ends.filter(({ status }) => status === 'fulfilled')).toHaveLength(1);
});

test('a run that was never opened has no journal', async () => {
  const { evidence } = await openRun();
  expect(await codeOf(appendEntry(evidence, { ...FIRST, run: '20260102T030405678Z-00000000' }))).toBe(
    'unavailable',
  );
});

test.each([
  ['knew fewer secrets', 'the key is hunter22 here', 'the key is [redacted:TOKEN] here'],
  ['knew more secrets', 'the key is [redacted:TOKEN] here', 'the key is hunter22 here'],
])(
  'an entry that is repeated by a worker that %s is the same entry, as it stands',
  async (_, first, again) => {
    const opened = await openRun();
    const head = await appendEntry(opened.evidence, { ...FIRST, body: { reason: first } });
    const before = await stored(opened, 1);
    expect(await appendEntry(opened.evidence, { ...FIRST, body: { reason: again } })).toEqual(head);
    expect(await stored(opened, 1)).toBe(before);
  },
);

test.each<[string, Partial<JournalAppend>]>([
  ['of another kind', { kind: 'ended' }],
  ['of another time', { at: OPENED_MS + 1 }],
  ['with other words around', { body: { reason: 'that key was hunter22 here' } }],
  ['with words after it', { body: { reason: 'the key is hunter22 there' } }],
])('a marker excuses no entry %s', async (_, over) => {
  const { evidence } = await openRun();
  await appendEntry(evidence, { ...FIRST, body: { reason: 'the key is [redacted:TOKEN] here' } });
  const other = { ...FIRST, body: { reason: 'the key is hunter22 here' }, ...over };
  expect(await codeOf(appendEntry(evidence, other))).toBe('journal_fork');
});
