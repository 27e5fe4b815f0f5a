// Proves how a gate's answer gets into the evidence: bytes first, outcome last, and what a worker that was lost in between
// leaves. The store's own promises are proven with it.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { sha256 } from '../../../src/adapters/canonical.js';
import { readAnswer, readOutcome, recordGate } from '../../../src/adapters/evidence/rounds.js';
import { RunEvidence } from '../../../src/adapters/evidence/run-evidence.js';
import type { AskedGate } from '../../../src/adapters/gates/ask.js';
import { judge } from '../../../src/domain/verdict.js';
import { codeOf, failingOnce, OPENED_AT, openRun, type OpenedRun } from './opened-run.js';

const ROUND = 'validation-1';
const GATE = 'gateway-status';
const EXPECTED = { health: 'healthy', gate: 'pass' } as const;

function asked(text: string, reason = 'ok'): AskedGate {
  const posture = { health: 'healthy', gate: 'pass', reasonCodes: [reason] } as const;
  return {
    result: judge(GATE, { kind: 'answered', posture, recommendations: ['rest'] }, EXPECTED),
    askedAt: OPENED_AT,
    durationMs: 12,
    tries: [{ startedAt: OPENED_AT, durationMs: 12, outcome: 'answered' }],
    redactions: { token: 1 },
    presentBefore: {},
    status: 200,
    exitCode: null,
    files: [
      { name: `${GATE}.json`, bytes: Buffer.from(text) },
      { name: `${GATE}.stderr.txt`, bytes: Buffer.from('a warning\n') },
    ],
  };
}

const record = ({ evidence, folder }: OpenedRun, answer: AskedGate, attempt = 1) =>
  recordGate(evidence, folder, ROUND, answer, attempt);

test('an outcome names its files with their digests, and is read back as it was', async () => {
  const opened = await openRun();
  const { evidence, folder, path } = opened;
  const outcome = await record(opened, asked('{"a":1}'));
  expect(outcome).toMatchObject({
    gate: GATE,
    verdict: 'pass',
    reasonCodes: ['ok'],
    redactions: { token: 1 },
    presentBefore: {},
    status: 200,
    exitCode: null,
  });
  expect(outcome.files).toEqual([
    { path: `${ROUND}/${GATE}.json`, sha256: sha256(Buffer.from('{"a":1}')) },
    { path: `${ROUND}/${GATE}.stderr.txt`, sha256: sha256(Buffer.from('a warning\n')) },
  ]);
  expect(await readOutcome(evidence, folder, ROUND, GATE)).toEqual(outcome);
  expect(await readAnswer(evidence, folder, outcome)).toEqual(Buffer.from('{"a":1}'));
  expect(await readFile(join(path, ROUND, `${GATE}.json`), 'utf8')).toBe('{"a":1}');
});

test('the same answer again is the same outcome', async () => {
  const opened = await openRun();
  expect(await record(opened, asked('{}'))).toEqual(await record(opened, asked('{}')));
});

test('a round without an outcome has none, whatever bytes are there', async () => {
  const { evidence, store, folder } = await openRun();
  await store.put(folder, `${ROUND}/${GATE}.json`, Buffer.from('{}'));
  expect(await readOutcome(evidence, folder, ROUND, GATE)).toBeUndefined();
});

test('a worker that is lost before the outcome leaves bytes, and the next attempt stands beside them', async () => {
  const opened = await openRun();
  const { store, folder } = opened;
  const lost = new RunEvidence(failingOnce(store, /\.outcome\.json$/));
  expect(await codeOf(recordGate(lost, folder, ROUND, asked('{"first":1}'), 1))).toBe('full');
  const outcome = await record(opened, asked('{"second":2}'), 2);
  expect(outcome.files.map(({ path }) => path)).toEqual([
    `${ROUND}/${GATE}.attempt-2.json`,
    `${ROUND}/${GATE}.stderr.attempt-2.txt`,
  ]);
  expect(await store.list(folder, `${ROUND}/`)).toEqual([
    `${ROUND}/${GATE}.attempt-2.json`,
    `${ROUND}/${GATE}.json`,
    `${ROUND}/${GATE}.outcome.json`,
    `${ROUND}/${GATE}.stderr.attempt-2.txt`,
    `${ROUND}/${GATE}.stderr.txt`,
  ]);
  expect(await readAnswer(opened.evidence, folder, outcome)).toEqual(Buffer.from('{"second":2}'));
});

test('nothing of an answer counts where not even its bytes could be written', async () => {
  const { store, folder, evidence } = await openRun();
  const lost = new RunEvidence(failingOnce(store, /gateway-status\.json$/));
  expect(await codeOf(recordGate(lost, folder, ROUND, asked('{}'), 1))).toBe('full');
  expect(await readOutcome(evidence, folder, ROUND, GATE)).toBeUndefined();
});

test('an attempt that comes second gets the outcome that stands', async () => {
  const opened = await openRun();
  const stands = await record(opened, asked('{"first":1}'), 2);
  expect(await record(opened, asked('{"second":2}', 'other'), 3)).toEqual(stands);
});

test('other bytes under an attempt’s own name are another history', async () => {
  const opened = await openRun();
  await record(opened, asked('{"first":1}'));
  expect(await codeOf(record(opened, asked('{"second":2}')))).toBe('conflict');
});

test('an outcome that is not of its form is refused, not read as far as it goes', async () => {
  const opened = await openRun();
  const outcome = await record(opened, asked('{}'));
  const file = join(opened.path, ROUND, `${GATE}.outcome.json`);
  await writeFile(file, JSON.stringify({ ...outcome, verdict: 'maybe' }));
  expect(await codeOf(readOutcome(opened.evidence, opened.folder, ROUND, GATE))).toBe('conflict');
});
