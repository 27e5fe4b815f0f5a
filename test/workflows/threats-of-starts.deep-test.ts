import { randomBytes } from 'node:crypto';

import { defaultPayloadConverter } from '@temporalio/common';
import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, inject, test, vi } from 'vitest';
import { z } from 'zod';

import type { Admitted } from '../../activities/admit.js';
import { folderName } from '../../src/adapters/evidence/run-evidence.js';
import { begin } from '../../src/domain/move.js';
import { statementText, type StartStatement, type Submission } from '../../src/domain/statement.js';
import { control, decideSignal, PROMOTION, promotionId } from '../../workflows/messages.js';
import { continueFalsely, fromFalseWorkflow } from '../support/false-worker.js';
import { expectRefused, REQUESTER, Signers, type Policy, type Signing } from '../support/signers.js';
import { openStage, withStage, type Stage } from '../support/stage.js';
import {
  branchTip,
  changeRunbook,
  nextCommit,
  removeEvidence,
  removeUnsealed,
} from '../support/tau-controls.js';

/**
 * Proves that a protected promotion starts by its requester's own request alone, once, and that nothing that people said of
 * one run works on another. On the real server, with real keys and a real git remote.
 */
const address = inject('temporalAddress');
const APPROVER = 'approver@rehearsal';
const OTHER = 'other@rehearsal';
const STEP = 'environment-branch';
const admittedSchema = z.custom<Admitted>(
  (value) => typeof value === 'object' && value !== null && 'admitted' in value && value.admitted === true,
);

/** What the open promotion was admitted as, which its history tells everybody. */
async function admittedOf(stage: Stage): Promise<Admitted> {
  const { events } = await stage.handle.fetchHistory();
  for (const { activityTaskCompletedEventAttributes: done } of events ?? []) {
    const payload = done?.result?.payloads?.[0];
    const told = admittedSchema.safeParse(payload && defaultPayloadConverter.fromPayload(payload));
    if (told.success) return told.data;
  }
  throw new Error('the history tells of no admission');
}

/** A folder that nobody who looks for a used request would look into. */
const longAgo = (target: string) => {
  const run = '20260101T000000000Z-00000000';
  const openedAt = '2026-01-01T00:00:00.000Z';
  return { run, openedAt, folder: folderName(openedAt, target, run) };
};
const POLICY: Policy = {
  required: 1,
  approvers: [APPROVER, OTHER],
  requesters: [REQUESTER, OTHER],
  signers: [{ by: REQUESTER }, { by: OTHER }, { by: APPROVER }],
};

async function openProtected(timings = {}): Promise<{ readonly stage: Stage; readonly signers: Signers }> {
  const stage = await openStage({ address, timings });
  return { stage, signers: await Signers.protect(stage, POLICY) };
}

/** The promotion that was just started ends before it begins, for this reason, and leaves no evidence. */
async function expectNotStarted(stage: Stage, reason: string): Promise<void> {
  const result = await stage.result();
  expect(result).toMatchObject({ end: 'stopped', run: '', evidence: '' });
  expect(result.reason).toContain(reason);
  expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
}

describe('a protected promotion', () => {
  let stage: Stage;
  let signers: Signers;
  let first: Submission;
  let vote: Submission;
  let statement: StartStatement;
  beforeAll(async () => {
    ({ stage, signers } = await openProtected());
    statement = await signers.starting();
  });
  afterAll(() => stage.close());

  test('is not started without a request', async () => {
    await stage.start();
    await expectNotStarted(stage, '(signature_missing)');
  });

  const digest = `sha256:${'0'.repeat(64)}`;
  test.each<{ what: string; over?: Partial<StartStatement>; signing?: Signing; reason: string }>([
    { what: 'that nobody signed', signing: { key: null }, reason: 'signature_missing' },
    { what: 'for another commit', over: { commit: '0'.repeat(40) }, reason: 'other_subject' },
    { what: 'by another runbook', over: { runbook: digest }, reason: 'other_subject' },
    { what: 'into another target', over: { target: 'elsewhere' }, reason: 'other_subject' },
    { what: 'in another deployment', over: { deployment: 'elsewhere' }, reason: 'other_subject' },
    { what: 'after another run', over: { previous: digest }, reason: 'other_subject' },
    { what: 'of somebody else', over: { by: OTHER }, reason: 'other_subject' },
    { what: 'for another reason', over: { reason: 'none' }, reason: 'other_subject' },
    { what: 'of long ago', over: { at: '2026-01-01T00:00:00.000Z' }, reason: 'not_signed_now' },
    { what: 'signed by another', signing: { key: OTHER }, reason: 'key_of_another_name' },
    { what: 'signed by a key of nobody', signing: { key: 'stranger' }, reason: 'key_unlisted' },
    {
      what: 'signed for another purpose',
      signing: { namespace: 'promotion-control.v1' },
      reason: 'signature_other_namespace',
    },
  ])('is not started by a request $what', async ({ over, signing, reason }) => {
    await signers.start({ ...statement, at: new Date().toISOString(), ...over }, signing);
    await expectNotStarted(stage, `(${reason})`);
  });

  test('is not started for a requester whom the runbook does not list, whoever signed', async () => {
    await signers.start({ ...statement, by: APPROVER }, {}, { requester: APPROVER });
    await expectNotStarted(stage, '(not_a_requester)');
  });

  test('is not started with another commit than was signed', async () => {
    await signers.start(undefined, undefined, { commit: nextCommit(stage) });
    await expectNotStarted(stage, '(other_subject)');
  });

  test('is not started again by the same request where its run was terminated, nor when that is sealed', async () => {
    first = await signers.start();
    vote = await signers.decision(APPROVER);
    const { run } = await stage.view();
    await stage.terminate();
    await stage.start({ start: first });
    await expectNotStarted(stage, `the evidence of the run ${run} was never sealed`);
    expect(await stage.reconcile()).toMatchObject({ runs: [{ run, action: 'abandons' }] });
    expect(await stage.result()).toMatchObject({ run, end: 'abandoned' });
    await stage.start({ start: first });
    await expectNotStarted(stage, '(other_subject)');
  });

  test('takes no vote that was held back from the run before, by signal or update, and records it', async () => {
    await signers.start();
    const { approval } = await stage.until((seen) => seen.approval !== undefined);
    await stage.handle.signal(decideSignal, vote);
    const refused = { by: APPROVER, what: 'approve', reason: 'other_run' };
    await stage.until((seen) => seen.refusals.length === 1);
    await expectRefused(stage, { accepted: false, reason: 'other_run' }, refused);
    await expectRefused(stage, await stage.submit(vote), refused);
    expect((await stage.view()).approval).toEqual(approval);
  });

  test('is not started again by the same request after its run has ended', async () => {
    const order = await signers.ordering('abort', APPROVER);
    expect(await stage.handle.executeUpdate(control, { args: [order] })).toMatchObject({ accepted: true });
    expect((await stage.result()).end).toBe('aborted');
    const used = await signers.start();
    await stage.until((seen) => seen.approval !== undefined);
    const replayed = await stage.handle.executeUpdate(control, { args: [order] });
    await expectRefused(stage, replayed, { by: APPROVER, what: 'abort', reason: 'other_run' });
    expect(await signers.order('abort', REQUESTER)).toMatchObject({ accepted: true });
    await stage.result();
    await stage.start({ start: used });
    await expectNotStarted(stage, '(other_subject)');
  });

  test('is not promoted by a runbook that was changed after it was asked for', async () => {
    await signers.start();
    await stage.until((seen) => seen.approval !== undefined);
    await changeRunbook(stage, 'unreachableLimit: 4', 'unreachableLimit: 5');
    expect(await signers.approve(APPROVER)).toMatchObject({ accepted: true });
    expect(await stage.result()).toMatchObject({ end: 'stopped', reason: 'runbook_changed' });
    expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
  });

  test('is not promoted where the evidence has no request of its requester', async () => {
    await signers.start();
    const { evidence } = await stage.until((seen) => seen.approval !== undefined);
    await removeEvidence(stage, evidence, /^start\./);
    await signers.approve(APPROVER);
    expect(await stage.result()).toMatchObject({ end: 'stopped', reason: 'requester_not_proven' });
    expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
  });

  test('is promoted, after all of it, by a request and a vote of its own', async () => {
    await signers.start();
    expect(await signers.approve(APPROVER)).toMatchObject({ accepted: true });
    expect((await stage.result()).end).toBe('promoted');
    expect(branchTip(stage)).toBe(stage.rehearsal.commit);
  });
});

describe('a workflow of somebody’s own', () => {
  let stage: Stage;
  let signers: Signers;
  let statement: StartStatement;
  beforeAll(async () => {
    ({ stage, signers } = await openProtected());
    statement = await signers.starting();
  });
  // A request of its own for each test: none is used up by another.
  beforeEach(() => {
    statement = { ...statement, nonce: randomBytes(16).toString('hex') };
  });
  // A run that a false workflow opened is never sealed, and no other could follow it.
  afterEach(() => removeUnsealed(stage));
  afterAll(() => stage.close());

  const input = () => ({
    target: stage.target,
    commit: stage.rehearsal.commit,
    requester: REQUESTER,
    reason: 'test',
  });
  const workflow = { id: 'forged', firstExecutionRunId: 'forged' };

  async function admitted(start: Submission): Promise<Admitted> {
    const answer = await fromFalseWorkflow(stage, 'main', 'admit', { ...input(), again: false, start });
    return z.object({ answered: admittedSchema }).parse(answer).answered;
  }

  const signed = (over: Partial<StartStatement> = {}): Submission =>
    signers.sign({ statement: statementText({ ...statement, ...over }), signature: null });

  const digest = `sha256:${'0'.repeat(64)}` as const;
  test.each<{
    what: string;
    said?: Partial<StartStatement>;
    forged?: Partial<Admitted> | ((target: string) => Partial<Admitted>);
    unsigned?: true;
    reason: string;
  }>([
    { what: 'without a request', unsigned: true, reason: 'signature_missing' },
    { what: 'by a request for another commit', said: { commit: '0'.repeat(40) }, reason: 'other_subject' },
    {
      what: 'by a request in another deployment, whose name it gives',
      said: { deployment: 'elsewhere' },
      forged: { deployment: 'elsewhere' },
      reason: 'other_subject',
    },
    {
      what: 'by a request after another run, whose digest it gives',
      said: { previous: digest },
      forged: { previous: { run: '20260101T000000000Z-00000000', manifest: digest, end: 'promoted' } },
      reason: 'other_subject',
    },
    { what: 'in a folder of its choice', forged: { folder: 'anywhere' }, reason: 'other_subject' },
    {
      what: 'under a name of its choice',
      forged: { run: '20260101T000000000Z-00000000' },
      reason: 'other_subject',
    },
    { what: 'of an older time than the request', forged: longAgo, reason: 'other_subject' },
  ])('opens no run $what', async ({ said, forged, unsigned, reason }) => {
    const start = unsigned === true ? undefined : signed(said);
    const opening = {
      admitted: {
        ...(await admitted(signed())),
        ...(typeof forged === 'function' ? forged(stage.target) : forged),
      },
      input: { ...input(), start },
      workflow,
    };
    const answer = await fromFalseWorkflow(stage, 'evidence', 'openRun', opening);
    expect(answer).toMatchObject({
      answered: { problem: expect.stringContaining(`(${reason})`) as unknown },
    });
  });

  test('opens no second run by one request, also not where it opens both at once', async () => {
    const twice = signed();
    const openings = [await admitted(twice), await admitted(twice)].map((said) => ({
      admitted: said,
      input: { ...input(), start: twice },
      workflow,
    }));
    const answers = await Promise.all(
      openings.map((opening) => fromFalseWorkflow(stage, 'evidence', 'openRun', opening)),
    );
    // By the other's request, or by the other run, which is not sealed.
    const refused = answers.filter((answer) =>
      /\((?:start_replayed|other_subject)\)/.test(JSON.stringify(answer)),
    );
    expect(refused.length).toBeGreaterThanOrEqual(1);
  });

  test('opens no second run by one request later', async () => {
    const start = signed();
    const opening = { admitted: await admitted(start), input: { ...input(), start }, workflow };
    const again = { ...opening, admitted: await admitted(start) };
    expect(await fromFalseWorkflow(stage, 'evidence', 'openRun', opening)).toEqual({ answered: {} });
    const problem = async () => JSON.stringify(await fromFalseWorkflow(stage, 'evidence', 'openRun', again));
    // The first is not sealed.
    expect(await problem()).toContain('(other_subject)');
    // As if it never had a run.
    await removeEvidence(stage, opening.admitted.folder, /^run\.json$/);
    expect(await problem()).toContain('(start_replayed)');
  });

  test('that goes on as a promotion whose votes are said to be in promotes nothing', async () => {
    await signers.start();
    const { run, head } = await stage.until((seen) => seen.approval !== undefined);
    const said = await admittedOf(stage);
    await stage.terminate();
    const { state } = begin(said.plan);
    const move = {
      state: { ...state, phase: 'promoting', asked: 'promote', epoch: 1, preflights: 1, steps: [STEP] },
      effect: { do: 'promote', step: STEP },
    };
    const journal = { head, heads: [head], lines: [], owed: [], calm: [] };
    const carried = { admitted: said, move, journal, gates: [], ballot: undefined, refusals: [], refused: 0 };
    await continueFalsely(stage, PROMOTION, promotionId(stage.target), input(), carried);
    const handle = await vi.waitFor(async () => {
      const { type } = await stage.handle.describe();
      expect(type).toBe(PROMOTION);
      return stage.handle;
    });
    expect(await handle.result()).toMatchObject({ run, end: 'stopped', reason: 'quorum_not_met' });
    expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
  });

  test('that asks for an approval on its own terms promotes nothing, and at worst keeps others from it', async () => {
    await signers.start();
    const { run, head } = await stage.until((seen) => seen.approval !== undefined);
    const forged = { run, epoch: 2, round: 'none', head, expiresAt: Date.now() + 1e9 };
    expect(await fromFalseWorkflow(stage, 'evidence', 'requestApproval', forged)).toHaveProperty('answered');
    expect(await fromFalseWorkflow(stage, 'main', 'promoteStep', { run, step: STEP })).toMatchObject({
      answered: { done: false, code: 'not_the_lock', effect: 'none' },
    });
    expect(await signers.approve(APPROVER)).toMatchObject({ accepted: true });
    expect(await stage.result()).toMatchObject({ end: 'stopped', reason: 'quorum_not_met' });
    expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
  });
});

test('a vote that comes after the time for it is refused also where a workflow of somebody’s own brings it', () =>
  withStage({ address, timings: { approvalExpiresMs: 1_500 } }, async (stage) => {
    const signers = await Signers.protect(stage, POLICY);
    await signers.start();
    const submission = await signers.decision(APPROVER);
    const { run } = await stage.view();
    expect((await stage.result()).end).toBe('expired');
    const late = await fromFalseWorkflow(stage, 'evidence', 'recordDecision', { run, epoch: 1, submission });
    expect(late).toMatchObject({ answered: { refusal: 'expired', file: '' } });
    expect(await fromFalseWorkflow(stage, 'main', 'promoteStep', { run, step: STEP })).toMatchObject({
      answered: { done: false, code: 'run_sealed' },
    });
    expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
  }));
