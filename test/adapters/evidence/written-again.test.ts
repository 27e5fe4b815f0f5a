// Proves that what is found already, as a worker leaves it that is lost right after link(), is put again before anybody is told
// that it stands: only a put says that a file and its name are on the disk. That a put does so: npm run test:powercut.
import { expect, test } from 'vitest';

import { recordDecision, requestApproval } from '../../../src/adapters/evidence/ballots.js';
import { advanceHead } from '../../../src/adapters/evidence/heads.js';
import { appendEntry } from '../../../src/adapters/evidence/journal.js';
import { RunEvidence } from '../../../src/adapters/evidence/run-evidence.js';
import { sealRun } from '../../../src/adapters/evidence/seal.js';
import { keepStart } from '../../../src/adapters/evidence/start.js';
import { createVerifier } from '../../../src/adapters/signatures/verify.js';
import { statementText } from '../../../src/domain/statement.js';
import { APPROVER_A, REQUESTER } from '../runbook/written-runbook.js';
import {
  COMMIT,
  HOUR_MS,
  OPENED_AT,
  OPENED_MS,
  openRun,
  RUN,
  testKey,
  type OpenedRun,
} from './opened-run.js';

const verify = createVerifier({ searchPath: '/nowhere' });
const COMMON = { v: 1, deployment: 'd', target: 't', at: OPENED_AT } as const;

type Work = (opened: OpenedRun, evidence: RunEvidence) => Promise<unknown>;

const seal: Work = async (_, evidence) => {
  const first = { run: RUN, head: { seq: 0, digest: '' }, at: OPENED_MS, kind: 'ended', body: {} };
  const head = await appendEntry(evidence, first);
  return sealRun(evidence, { run: RUN, end: 'stopped', reason: 'gate_hold', head }, testKey);
};

const head: Work = (_, evidence) =>
  advanceHead(evidence, 't', { run: RUN, manifest: `sha256:${'1'.repeat(64)}`, end: 'stopped' }, null);

const start: Work = ({ folder, loaded, record }, evidence) =>
  keepStart(
    evidence,
    { target: 't', folder, run: RUN, openedAt: record.openedAt },
    {
      submission: {
        statement: statementText({
          ...COMMON,
          type: 'promotion-start.v1',
          by: REQUESTER,
          commit: COMMIT,
          runbook: loaded.digest,
          reason: '',
          previous: null,
          nonce: '0'.repeat(32),
        }),
        signature: 'a signature',
      },
      receivedAt: OPENED_MS,
      identity: 'signed',
      key: 'SHA256:none',
    },
  );

const decide: Work = async ({ loaded }, evidence) => {
  const journal = { seq: 1, digest: `sha256:${'3'.repeat(64)}` };
  const asked = { run: RUN, epoch: 1, round: 'r', head: journal, expiresAt: OPENED_MS + HOUR_MS };
  const { digest: subject, request } = await requestApproval(evidence, asked);
  const vote = { run: RUN, subject, request, verdict: 'approve', comment: '' } as const;
  const statement = statementText({ ...COMMON, type: 'promotion-decision.v1', by: APPROVER_A, ...vote });
  const submission = { statement, signature: null };
  return recordDecision(evidence, verify, loaded, { run: RUN, epoch: 1, submission }, OPENED_MS);
};

test.each<{ what: string; work: Work; files: readonly RegExp[] }>([
  { what: 'a manifest and its head', work: seal, files: [/^manifest\.json$/, /^t\/00000001\.json$/] },
  { what: 'a head', work: head, files: [/^t\/00000001\.json$/] },
  { what: 'a start', work: start, files: [/^start\.statement\.json$/, /^start\.sig$/, /^start\.json$/] },
  {
    what: 'a request and a decision',
    work: decide,
    files: [/subject\.json$/, /decision-[0-9a-f]{16}\.statement\.json$/, /decision-[0-9a-f]{16}\.json$/],
  },
])('$what that is found already is put again', async ({ work, files }) => {
  const opened = await openRun();
  const first = await work(opened, opened.evidence);
  const all = await opened.store.list(opened.folder);
  const put: string[] = [];
  const noted = new RunEvidence({
    ...opened.store,
    put: async (run, path, bytes) => {
      const { outcome, ...result } = await opened.store.put(run, path, bytes);
      expect(outcome).toBe('same');
      put.push(path);
      return { ...result, outcome };
    },
  });
  expect(await work(opened, noted)).toEqual(first);
  for (const file of files) expect(put.filter((path) => file.test(path))).toHaveLength(1);
  expect(await opened.store.list(opened.folder)).toEqual(all);
});
