// Proves what is approved, whose decision is kept, and when the stored votes approve: on real files, that a hand may have
// changed. Decisions are asserted here; signed ones: signed-ballots.test.ts.
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import {
  latestEpoch,
  readBallot,
  recordDecision,
  refuseByPeople,
  requestApproval,
  subjectDigest,
  type ApprovalRequest,
} from '../../../src/adapters/evidence/ballots.js';
import { sha256, type Digest } from '../../../src/adapters/canonical.js';
import type { LoadedRunbook } from '../../../src/adapters/runbook/load.js';
import { createVerifier } from '../../../src/adapters/signatures/verify.js';
import { subjectSchema, type Subject } from '../../../src/contracts/run-record.js';
import type { ApprovalPolicy } from '../../../src/domain/plan.js';
import { statementText, type DecisionStatement } from '../../../src/domain/statement.js';
import {
  APPROVER_A,
  APPROVER_B,
  load,
  REQUESTER,
  smallRunbook,
  type Written,
} from '../runbook/written-runbook.js';
import {
  codeOf,
  HOUR_MS,
  OPENED_AT,
  OPENED_MS,
  openRun,
  readObject,
  RUN,
  type OpenedRun,
} from './opened-run.js';

const verify = createVerifier({ searchPath: process.env['PATH'] ?? '' });
const EXPIRES_MS = OPENED_MS + 4 * HOUR_MS;
const ASKED: ApprovalRequest = {
  run: RUN,
  epoch: 1,
  round: 'validation-1',
  head: { seq: 1, digest: `sha256:${'3'.repeat(64)}` },
  expiresAt: EXPIRES_MS,
};

test('the digest of a subject is the specified one', () => {
  const subject: Subject = {
    v: 1,
    deployment: 'd',
    target: 't',
    commit: 'a'.repeat(40),
    runbook: `sha256:${'1'.repeat(64)}`,
    policy: `sha256:${'2'.repeat(64)}`,
    // The entry of the journal's vector.
    evidence: { seq: 1, digest: 'sha256:b1eccafcccc889bd6b6356b9827e3d064466f59facbb1ba8b6af8be966aba95b' },
    run: RUN,
    round: 'validation-1',
    request: '0'.repeat(32),
    required: 1,
    requester: REQUESTER,
    expires: '2026-01-02T07:04:05.678Z',
    previous: null,
  };
  expect(subjectDigest(subject)).toBe(
    'sha256:48d3dfafc894ceb0d92f50e4e749bac3ab136c0938f11a7eb483f2f4eed22961',
  );
  expect(Object.keys(subjectSchema.shape).sort()).toEqual(Object.keys(subject).sort());
});

describe('an approval request', () => {
  test('binds target, commit, runbook, policy, evidence, run and requester', async () => {
    const opened = await openRun();
    const asked = await requestApproval(opened.evidence, ASKED);
    const subject = subjectSchema.parse(await readObject(join(opened.path, 'approval-1/subject.json')));
    expect(subject).toEqual({
      v: 1,
      deployment: 'd',
      target: 't',
      commit: opened.record.commit,
      runbook: opened.loaded.digest,
      policy: opened.loaded.policy,
      evidence: ASKED.head,
      run: RUN,
      round: 'validation-1',
      request: asked.request,
      required: 1,
      requester: REQUESTER,
      expires: '2026-01-02T07:04:05.678Z',
      previous: null,
    });
    expect(subjectDigest(subject)).toBe(asked.digest);
    expect(asked.request).toMatch(/^[0-9a-f]{32}$/);
  });

  test('that is repeated gives the one that is there, also with another head or deadline', async () => {
    const { evidence } = await openRun();
    const first = await requestApproval(evidence, ASKED);
    expect(await requestApproval(evidence, ASKED)).toEqual(first);
    expect(await requestApproval(evidence, { ...ASKED, expiresAt: EXPIRES_MS + 1 })).toEqual(first);
  });

  test('after a void one is another one, and the newest', async () => {
    const { evidence } = await openRun();
    expect(await latestEpoch(evidence, RUN)).toBe(0);
    const first = await requestApproval(evidence, ASKED);
    const second = await requestApproval(evidence, { ...ASKED, epoch: 2 });
    expect(second.request).not.toBe(first.request);
    expect(second.digest).not.toBe(first.digest);
    expect(await latestEpoch(evidence, RUN)).toBe(2);
  });

  test('is counted as a number, so that the tenth is newer than the ninth', async () => {
    const { evidence } = await openRun();
    for (const epoch of [9, 10]) await requestApproval(evidence, { ...ASKED, epoch });
    expect(await latestEpoch(evidence, RUN)).toBe(10);
  });
});

/** A run with one request, and votes on it. */
class Poll {
  readonly opened: OpenedRun;
  readonly policy: ApprovalPolicy;
  #epoch = 0;
  #asked = { digest: '', request: '' };

  constructor(opened: OpenedRun) {
    this.opened = opened;
    this.policy = opened.loaded.plan.approval;
  }

  get subjectFile(): string {
    return join(this.opened.path, `approval-${this.#epoch}/subject.json`);
  }

  async ask(): Promise<void> {
    this.#epoch += 1;
    this.#asked = await requestApproval(this.opened.evidence, { ...ASKED, epoch: this.#epoch });
  }

  statement(over: Partial<DecisionStatement> = {}): DecisionStatement {
    return {
      v: 1,
      type: 'promotion-decision.v1',
      deployment: 'd',
      target: 't',
      at: OPENED_AT,
      by: APPROVER_A,
      run: RUN,
      subject: this.#asked.digest,
      request: this.#asked.request,
      verdict: 'approve',
      comment: '',
      ...over,
    };
  }

  /** Stated when it is received, unless it says otherwise. */
  decide(over: Partial<DecisionStatement> = {}, receivedAt = OPENED_MS, policy = this.policy) {
    const at = new Date(receivedAt).toISOString();
    const submission = { statement: statementText(this.statement({ at, ...over })), signature: null };
    return recordDecision(
      this.opened.evidence,
      verify,
      this.#current(policy),
      { run: RUN, epoch: this.#epoch, submission },
      receivedAt,
    );
  }

  async refusal(over: Partial<DecisionStatement>, receivedAt = OPENED_MS): Promise<string | undefined> {
    const { refusal, file } = await this.decide(over, receivedAt);
    if (refusal !== undefined && file !== '') throw new Error(`refused, but kept as ${file}`);
    return refusal;
  }

  async reached(policy = this.policy, digest: Digest = this.opened.loaded.policy): Promise<boolean> {
    const current = { ...this.#current(policy), policy: digest };
    return (await refuseByPeople(this.opened.evidence, verify, RUN, current, OPENED_MS)) === undefined;
  }

  #current(approval: ApprovalPolicy): LoadedRunbook {
    const { loaded } = this.opened;
    return { ...loaded, plan: { ...loaded.plan, approval } };
  }

  async votes(): Promise<readonly string[]> {
    const ballot = await readBallot(this.opened.evidence, RUN, this.#epoch);
    return (ballot?.votes ?? []).map(({ by }) => by);
  }
}

async function openPoll(approval: Written = {}): Promise<Poll> {
  const loaded = await load(smallRunbook({ approval: { approvers: [APPROVER_A, APPROVER_B], ...approval } }));
  const poll = new Poll(await openRun({ loaded }));
  await poll.ask();
  return poll;
}

describe('a decision', () => {
  test('of an approver is kept as it was said, with the worker’s receipt', async () => {
    const poll = await openPoll();
    const { refusal, file } = await poll.decide({ comment: 'looks good' }, OPENED_MS + 1_000);
    expect(refusal).toBeUndefined();
    expect(file).toMatch(/^approval-1\/decision-[0-9a-f]{16}\.json$/);
    const statement = Buffer.from(
      statementText(poll.statement({ comment: 'looks good', at: '2026-01-02T03:04:06.678Z' })),
    );
    const base = join(poll.opened.path, file.replace(/\.json$/, ''));
    expect(await readFile(`${base}.statement.json`)).toEqual(statement);
    expect(await readObject(`${base}.json`)).toEqual({
      v: 1,
      statement: sha256(statement),
      signature: null,
      receivedAt: '2026-01-02T03:04:06.678Z',
      identity: 'asserted',
      key: null,
    });
  });

  test.each<{ what: string; over: Partial<DecisionStatement>; at?: number; refusal: string }>([
    {
      what: 'of 5 minutes and more before',
      over: { at: '2026-01-02T02:59:05.677Z' },
      refusal: 'not_signed_now',
    },
    {
      what: 'of 5 minutes and more later',
      over: { at: '2026-01-02T03:09:05.679Z' },
      refusal: 'not_signed_now',
    },
    { what: 'of a stranger', over: { by: 'stranger@example.org' }, refusal: 'not_an_approver' },
    {
      what: 'of a name that only begins like an approver’s',
      over: { by: `${APPROVER_A}.evil` },
      refusal: 'not_an_approver',
    },
    { what: 'at the deadline', over: {}, at: EXPIRES_MS, refusal: 'expired' },
    { what: 'on another subject', over: { subject: `sha256:${'0'.repeat(64)}` }, refusal: 'other_subject' },
    { what: 'on another request', over: { request: 'f'.repeat(32) }, refusal: 'other_subject' },
    { what: 'on another run', over: { run: '20260102T030405678Z-00000000' }, refusal: 'other_run' },
    { what: 'on another target', over: { target: 'u' }, refusal: 'other_run' },
    { what: 'on another deployment', over: { deployment: 'e' }, refusal: 'other_run' },
  ])('$what is refused and leaves nothing', async ({ over, at, refusal }) => {
    const poll = await openPoll();
    expect(await poll.refusal(over, at)).toBe(refusal);
    expect(await poll.votes()).toEqual([]);
  });

  test('before anybody was asked is refused', async () => {
    const poll = new Poll(await openRun());
    expect(await poll.refusal({ subject: 'x', request: 'x' })).toBe('not_awaiting_approval');
  });

  test('right before the deadline is kept', async () => {
    const poll = await openPoll();
    expect(await poll.refusal({}, EXPIRES_MS - 1)).toBeUndefined();
  });

  test('of the requester is refused as an approval and taken as a reject', async () => {
    const poll = await openPoll({ approvers: [APPROVER_A, REQUESTER] });
    expect(await poll.refusal({ by: REQUESTER })).toBe('requester_voted');
    expect(await poll.refusal({ by: REQUESTER, verdict: 'reject' })).toBeUndefined();
  });

  test('of the requester counts where the runbook lets them approve', async () => {
    const poll = await openPoll({ approvers: [APPROVER_A, REQUESTER], selfApproval: true });
    expect(await poll.refusal({ by: REQUESTER })).toBeUndefined();
    expect(await poll.reached()).toBe(true);
  });

  test('that comes twice is one decision, also after the deadline', async () => {
    const poll = await openPoll();
    const first = await poll.decide();
    expect(await poll.decide({ at: OPENED_AT }, OPENED_MS + 5_000)).toEqual(first);
    expect(await poll.decide({ at: OPENED_AT }, EXPIRES_MS + 1)).toEqual(first);
    expect(await poll.votes()).toEqual([APPROVER_A]);
  });

  test('of somebody who voted already is refused, unless it says the same: then the first one stands', async () => {
    const poll = await openPoll();
    await poll.decide();
    expect(await poll.refusal({ comment: 'again' })).toBeUndefined();
    expect(await poll.votes()).toEqual([APPROVER_A]);
    expect(await poll.refusal({ verdict: 'reject' })).toBe('already_voted');
  });

  test('on the request before is refused', async () => {
    const poll = await openPoll();
    const { subject, request } = poll.statement();
    await poll.ask();
    expect(await poll.refusal({ subject, request })).toBe('other_subject');
  });

  test('is judged by the policy of now, not by that of the run', async () => {
    const poll = await openPoll();
    const { refusal } = await poll.decide({}, OPENED_MS, { ...poll.policy, approvers: [APPROVER_B] });
    expect(refusal).toBe('not_an_approver');
  });

  test('that is no canonical statement is no decision at all', async () => {
    const poll = await openPoll();
    const statement = JSON.stringify(poll.statement(), undefined, 1);
    const decision = { run: RUN, epoch: 1, submission: { statement, signature: null } };
    await expect(
      recordDecision(poll.opened.evidence, verify, poll.opened.loaded, decision, OPENED_MS),
    ).rejects.toMatchObject({
      code: 'malformed_statement',
    });
    expect(await poll.votes()).toEqual([]);
  });
});

describe('the quorum', () => {
  test('is not reached where nobody was asked, and not where nobody voted', async () => {
    const poll = new Poll(await openRun());
    expect(await poll.reached()).toBe(false);
    await poll.ask();
    expect(await poll.reached()).toBe(false);
  });

  test('needs as many different approvers as are required', async () => {
    const poll = await openPoll({ required: 2 });
    await poll.decide();
    expect(await poll.reached()).toBe(false);
    await poll.decide({ by: APPROVER_B });
    expect(await poll.reached()).toBe(true);
  });

  test('is not reached by two files of one approver', async () => {
    const poll = await openPoll({ required: 2 });
    const { file } = await poll.decide();
    const { path } = poll.opened;
    const kept = await readObject(join(path, file));
    const statement = statementText(poll.statement({ comment: 'forged' }));
    const forged = join(path, 'approval-1/decision-0000000000000000');
    await writeFile(`${forged}.statement.json`, statement);
    await writeFile(`${forged}.json`, JSON.stringify({ ...kept, statement: sha256(Buffer.from(statement)) }));
    expect(await poll.votes()).toEqual([APPROVER_A, APPROVER_A]);
    expect(await poll.reached()).toBe(false);
  });

  test('is lost by one reject, however many approve', async () => {
    const poll = await openPoll();
    await poll.decide();
    expect(await poll.reached()).toBe(true);
    await poll.decide({ by: APPROVER_B, verdict: 'reject' });
    expect(await poll.reached()).toBe(false);
  });

  test('is about the newest request only', async () => {
    const poll = await openPoll();
    await poll.decide();
    await poll.ask();
    expect(await poll.reached()).toBe(false);
    await poll.decide();
    expect(await poll.reached()).toBe(true);
  });

  test('is lost with the policy’s digest', async () => {
    const poll = await openPoll();
    await poll.decide();
    expect(await poll.reached(poll.policy, `sha256:${'0'.repeat(64)}`)).toBe(false);
  });

  test('is lost when an approver is struck off, and when more are required', async () => {
    const poll = await openPoll();
    await poll.decide();
    expect(await poll.reached({ ...poll.policy, approvers: [APPROVER_B] })).toBe(false);
    expect(await poll.reached({ ...poll.policy, required: 2 })).toBe(false);
    expect(await poll.reached({ ...poll.policy, required: 0 })).toBe(false);
  });

  test.each<{ what: string; over: Partial<Subject> }>([
    { what: 'commit', over: { commit: 'b'.repeat(40) } },
    { what: 'target', over: { target: 'u' } },
    { what: 'runbook', over: { runbook: `sha256:${'0'.repeat(64)}` } },
    { what: 'requester', over: { requester: 'somebody@example.org' } },
    { what: 'required number', over: { required: 3 } },
    { what: 'deadline', over: { expires: '2027-01-01T00:00:00.000Z' } },
    { what: 'evidence', over: { evidence: { seq: 2, digest: ASKED.head.digest } } },
    { what: 'previous run', over: { previous: ASKED.head.digest } },
  ])('is lost when the stored subject’s $what is changed', async ({ over }) => {
    const poll = await openPoll();
    await poll.decide();
    const subject = subjectSchema.parse(await readObject(poll.subjectFile));
    await writeFile(poll.subjectFile, JSON.stringify({ ...subject, ...over }));
    expect(await poll.reached()).toBe(false);
  });

  test('is not reached by votes on a subject that was exchanged for another commit’s, votes and all', async () => {
    const poll = await openPoll();
    const subject = subjectSchema.parse(await readObject(poll.subjectFile));
    const other = { ...subject, commit: 'b'.repeat(40) };
    await writeFile(poll.subjectFile, JSON.stringify(other));
    const { refusal } = await poll.decide({ subject: subjectDigest(other) });
    expect(refusal).toBeUndefined();
    expect(await poll.reached()).toBe(false);
  });

  test('does not count a decision whose receipt is after the deadline', async () => {
    const poll = await openPoll();
    const { file } = await poll.decide();
    const path = join(poll.opened.path, file);
    const kept = await readObject(path);
    await writeFile(path, JSON.stringify({ ...kept, receivedAt: '2026-01-02T07:04:05.678Z' }));
    expect(await poll.reached()).toBe(false);
  });

  test('can’t be counted where a decision’s file is not of its form', async () => {
    const poll = await openPoll();
    const { file } = await poll.decide();
    await writeFile(join(poll.opened.path, file), '{}');
    expect(await codeOf(poll.reached())).toBe('conflict');
  });

  test('can’t be counted where a stored statement was changed', async () => {
    const poll = await openPoll();
    const { file } = await poll.decide();
    const path = join(poll.opened.path, file.replace(/\.json$/, '.statement.json'));
    await writeFile(path, `${await readFile(path, 'utf8')} `);
    expect(await codeOf(poll.reached())).toBe('conflict');
  });
});
