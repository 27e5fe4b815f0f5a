// Proves that a person's acknowledgement is recorded only where the run can be sealed with it: what is in the way is named first. Who
// may acknowledge: test/deep/threats.deep-test.ts.
import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import { AttestationError } from '../../../src/adapters/attestation/error.js';
import { acknowledgeUnsealed } from '../../../src/adapters/evidence/acknowledge.js';
import { noteEnd } from '../../../src/adapters/evidence/past-runs.js';
import { sealRun, type OpenKey } from '../../../src/adapters/evidence/seal.js';
import { statementText } from '../../../src/domain/statement.js';
import { APPROVER_A } from '../runbook/written-runbook.js';
import { OPENED_MS, RUN, testKey } from './opened-run.js';
import { openToldRun, type ToldRun } from './told-run.js';

const END = 'rollback-acknowledged';
const AT = OPENED_MS + 60_000;

const verify = () => Promise.reject(new Error('nothing is signed'));

async function openEnded(): Promise<ToldRun> {
  const run = await openToldRun();
  await noteEnd(run.evidence, run.folder, { end: END, reason: END });
  return run;
}

async function acknowledge({ evidence, known, loaded, head }: ToldRun, openKey: OpenKey = testKey) {
  const statement = statementText({
    v: 1,
    type: 'promotion-control.v1',
    deployment: 'd',
    target: 't',
    at: new Date(AT).toISOString(),
    by: APPROVER_A,
    run: RUN,
    action: 'acknowledge',
    head,
    reason: 'the worker is gone',
  });
  const submission = { statement, signature: null };
  return acknowledgeUnsealed(evidence, verify, await known(), loaded, submission, AT, openKey);
}

const seal = ({ evidence, head }: ToldRun) =>
  sealRun(evidence, { run: RUN, end: END, reason: END, head }, testKey);

describe('an acknowledgement', () => {
  test('is recorded and sealed, with the end that was noted', async () => {
    const run = await openEnded();
    expect(await acknowledge(run)).toMatchObject({ sealed: true, end: END });
    expect(await run.store.list(run.folder, 'journal/')).toHaveLength(run.head.seq + 1);
  });

  test('is refused where the run may be half promoted', async () => {
    const run = await openToldRun();
    expect(await acknowledge(run)).toEqual({ sealed: false, refusal: 'half_promoted' });
    expect(await run.store.list(run.folder, 'journal/')).toHaveLength(run.head.seq);
  });

  test.each<[string, (run: ToldRun) => Promise<void>, string | RegExp]>([
    [
      'attestations of nobody',
      ({ path }) => writeFile(join(path, 'attestations.intoto.jsonl'), '{}\n'),
      /attestations\.intoto\.jsonl is not of this run as it ended: .*move it away/,
    ],
    [
      'a journal that was put together for another end',
      ({ path }) => writeFile(join(path, 'journal.jsonl'), ''),
      /journal\.jsonl is not of this run as it ended: .*move it away/,
    ],
    ['a manifest', async (run) => void (await seal(run)), 'is sealed, or being sealed'],
    [
      'no manifest, though it was sealed once,',
      async (run) => {
        await seal(run);
        for (const name of ['manifest.json', 'attestations.intoto.jsonl']) await rm(join(run.path, name));
      },
      /manifest\.json is gone, which was sealed as sha256:[0-9a-f]{64}: put it back/,
    ],
  ])('is not recorded where %s is there', async (_what, leave, told) => {
    const run = await openEnded();
    await leave(run);
    await expect(acknowledge(run)).rejects.toThrow(told);
    expect(await run.store.list(run.folder, 'journal/')).toHaveLength(run.head.seq);
  });

  test('is not recorded where the key can’t sign', async () => {
    const run = await openEnded();
    const refused = new AttestationError('key_not_private', 'others may read it');
    await expect(acknowledge(run, () => Promise.reject(refused))).rejects.toThrow('key_not_private');
    expect(await run.store.list(run.folder, 'journal/')).toHaveLength(run.head.seq);
  });
});
