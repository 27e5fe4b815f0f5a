import { WorkflowUpdateFailedError } from '@temporalio/client';
import { afterAll, beforeAll, describe, expect, inject, test } from 'vitest';

import { createActivities } from '../../activities/index.js';
import type { ControlStatement } from '../../src/domain/statement.js';
import { createWiring } from '../../src/wiring.js';
import { control, decide, taskQueueName } from '../../workflows/messages.js';
import { fromFalseWorkflow } from '../support/false-worker.js';
import {
  expectRefused,
  journalOf,
  REQUESTER,
  Signers,
  type Policy,
  type Signing,
} from '../support/signers.js';
import { openStage, type Stage } from '../support/stage.js';
import { branchTip, evidence, expectRolledBack } from '../support/tau-controls.js';

/**
 * Proves what somebody with access to the Temporal server, a release manager and a single approver can't do to a protected
 * target: each attack has its named refusal, promotes nothing, and is in the way of nobody. On the real server, with real
 * keys and a real git remote. Starts: threats-of-starts. What a reset does: test/deep/threats.
 */
const address = inject('temporalAddress');
const STEP = 'environment-branch';
const APPROVER = 'approver@rehearsal';
const TWIN = 'twin@rehearsal';
const SECOND = 'second@rehearsal';
const THIRD = 'third@rehearsal';
const ALIAS = 'alias@rehearsal';

const POLICY: Policy = {
  required: 2,
  approvers: [REQUESTER, ALIAS, APPROVER, TWIN, SECOND, THIRD],
  requesters: [REQUESTER],
  orders: { abort: [SECOND], rollback: [SECOND] },
  signers: [
    { by: REQUESTER },
    { by: REQUESTER, key: 'requester-other' },
    { by: ALIAS, key: REQUESTER },
    { by: APPROVER },
    { by: APPROVER, key: 'approver-other' },
    { by: TWIN, key: APPROVER },
    { by: SECOND },
    { by: SECOND, key: 'second-decides', for: ['decision'] },
    { by: THIRD },
    { by: THIRD, key: 'third-starts', for: ['start'] },
    { by: THIRD, key: 'third-expired', options: 'valid-before="20200101Z"' },
    { by: THIRD, key: 'third-future', options: 'valid-after="20990101Z"' },
    { by: THIRD, key: 'third-revoked' },
  ],
  revoked: ['third-revoked'],
};

const minutes = (count: number): string => new Date(Date.now() + count * 60_000).toISOString();

describe('while a protected promotion awaits two approvals', () => {
  let stage: Stage;
  let signers: Signers;
  beforeAll(async () => {
    stage = await openStage({ address, timings: { watchWindowMs: 600_000 } });
    signers = await Signers.protect(stage, POLICY);
    signers.key('weak', '-t', 'rsa', '-b', '1024');
    await signers.start();
    await stage.until((seen) => seen.approval !== undefined);
  });
  afterAll(() => stage.close());

  test('the request to start stands in the evidence with its signature, and the requester’s identity is proven', async () => {
    const seen = await stage.view();
    expect(seen).toMatchObject({ identity: 'signed', protected: true });
    expect(await evidence(stage, seen.evidence, 'start.json')).toMatchObject({ identity: 'signed' });
  });

  describe('somebody with access to the Temporal server', () => {
    test('leaves nothing in history by a message of another kind', async () => {
      const order = await signers.ordering('abort', SECOND);
      const vote = await signers.decision(APPROVER);
      const before = (await stage.handle.describe()).historyLength;
      for (const send of [
        () => stage.handle.executeUpdate(decide, { args: [order] }),
        () => stage.handle.executeUpdate(control, { args: [vote] }),
        () => stage.handle.executeUpdate('promote', { args: [vote] }),
      ])
        await expect(send()).rejects.toThrow(WorkflowUpdateFailedError);
      expect((await stage.handle.describe()).historyLength).toBe(before);
    });

    test('starts no activity without a workflow', async () => {
      const { run } = await stage.view();
      const queues = createActivities(createWiring(stage.config).dependencies);
      for (const role of ['main', 'evidence', 'watch', 'rollback'] as const)
        for (const name of Object.keys(queues[role]))
          await expect(
            stage.client.activity.execute(name, {
              id: `${name}-${stage.target}`,
              taskQueue: taskQueueName(stage.config.taskQueue, role),
              startToCloseTimeout: '30s',
              args: [{ run, step: STEP }],
            }),
            name,
          ).rejects.toMatchObject({ cause: { type: 'not_in_workflow' } });
      expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
    });

    test('promotes nothing by a workflow of their own', async () => {
      const { run } = await stage.view();
      expect(await fromFalseWorkflow(stage, 'main', 'promoteStep', { run, step: STEP })).toMatchObject({
        answered: { done: false, code: 'not_the_lock', effect: 'none' },
      });
      expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
    });

    test.each<{ what: string; by: string; signing: Signing; reason: string }>([
      { what: 'unsigned', by: APPROVER, signing: { key: null }, reason: 'signature_missing' },
      {
        what: 'signed by a key of nobody',
        by: APPROVER,
        signing: { key: 'stranger' },
        reason: 'key_unlisted',
      },
      {
        what: 'signed by another’s key',
        by: APPROVER,
        signing: { key: SECOND },
        reason: 'key_of_another_name',
      },
    ])(
      'records no vote in another’s name by a workflow of their own: $what',
      async ({ by, signing, reason }) => {
        const { run, evidence: folder } = await stage.view();
        const submission = await signers.decision(by, {}, signing);
        const decision = { run, epoch: 1, submission };
        expect(await fromFalseWorkflow(stage, 'evidence', 'recordDecision', decision)).toMatchObject({
          answered: { refusal: reason, file: '' },
        });
        await expectRefused(stage, await stage.submit(submission), { by, what: 'approve', reason });
        expect((await journalOf(stage, folder)).some(({ kind }) => kind === 'decision-accepted')).toBe(false);
      },
    );
  });

  test.each<{ who: string; how: string; by: string; signing?: Signing }>([
    { who: 'the release manager', how: 'by the own name', by: REQUESTER },
    {
      who: 'the release manager',
      how: 'by a second key',
      by: REQUESTER,
      signing: { key: 'requester-other' },
    },
    {
      who: 'the release manager',
      how: 'by the own key under another name',
      by: ALIAS,
      signing: { key: REQUESTER },
    },
  ])('$who does not approve the own request $how', async ({ by, signing }) => {
    const answer = await signers.approve(by, {}, signing);
    await expectRefused(stage, answer, { by, what: 'approve', reason: 'requester_voted' });
  });

  test.each<{ what: string; over?: () => Record<string, string>; signing?: Signing; reason: string }>([
    { what: 'of another run', over: () => ({ run: '20260101T000000000Z-00000000' }), reason: 'other_run' },
    { what: 'of another target', over: () => ({ target: 'elsewhere' }), reason: 'other_run' },
    { what: 'of another deployment', over: () => ({ deployment: 'elsewhere' }), reason: 'other_run' },
    { what: 'on another request', over: () => ({ request: '0'.repeat(32) }), reason: 'other_subject' },
    {
      what: 'on another subject',
      over: () => ({ subject: `sha256:${'0'.repeat(64)}` }),
      reason: 'other_subject',
    },
    { what: 'backdated', over: () => ({ at: minutes(-6) }), reason: 'not_signed_now' },
    { what: 'postdated', over: () => ({ at: minutes(6) }), reason: 'not_signed_now' },
    {
      what: 'signed for another purpose',
      signing: { namespace: 'promotion-control.v1' },
      reason: 'signature_other_namespace',
    },
    {
      what: 'signed by a key for another purpose',
      signing: { key: 'third-starts' },
      reason: 'key_other_namespace',
    },
    { what: 'signed by an expired key', signing: { key: 'third-expired' }, reason: 'key_expired' },
    { what: 'signed by a key of later', signing: { key: 'third-future' }, reason: 'key_not_yet_valid' },
    { what: 'signed by a revoked key', signing: { key: 'third-revoked' }, reason: 'key_revoked' },
    { what: 'signed by a key of RSA 1024', signing: { key: 'weak' }, reason: 'key_too_weak' },
    { what: 'signed by an unlisted key', signing: { key: 'third-unlisted' }, reason: 'key_unlisted' },
  ])('an approver’s vote $what counts for nothing', async ({ over = () => ({}), signing, reason }) => {
    const answer = await signers.approve(THIRD, over(), signing);
    await expectRefused(stage, answer, { by: THIRD, what: 'approve', reason });
  });

  test('a vote that was changed after it was signed counts for nothing', async () => {
    const { signature } = await signers.decision(THIRD, { comment: 'not yet' });
    const { statement } = await signers.decision(THIRD);
    const answer = await stage.submit({ statement, signature });
    await expectRefused(stage, answer, { by: THIRD, what: 'approve', reason: 'signature_invalid' });
  });

  test.each<{
    what: string;
    by: string;
    over?: Partial<ControlStatement>;
    signing?: Signing;
    reason: string;
  }>([
    {
      what: 'of the requester, whom the policy does not list',
      by: REQUESTER,
      reason: 'not_allowed_to_order',
    },
    { what: 'of an approver, whom the policy does not list', by: APPROVER, reason: 'not_allowed_to_order' },
    { what: 'unsigned', by: SECOND, signing: { key: null }, reason: 'signature_missing' },
    { what: 'signed by another', by: SECOND, signing: { key: APPROVER }, reason: 'key_of_another_name' },
    {
      what: 'signed by a key for decisions alone',
      by: SECOND,
      signing: { key: 'second-decides' },
      reason: 'key_other_namespace',
    },
    {
      what: 'of another run',
      by: SECOND,
      over: { run: '20260101T000000000Z-00000000' },
      reason: 'other_run',
    },
    { what: 'of another deployment', by: SECOND, over: { deployment: 'elsewhere' }, reason: 'other_run' },
    {
      what: 'on another head',
      by: SECOND,
      over: { head: { seq: 1, digest: `sha256:${'0'.repeat(64)}` } },
      reason: 'other_head',
    },
  ])('an order $what is not carried out', async ({ by, over, signing, reason }) => {
    const answer = await signers.order('abort', by, over, signing);
    await expectRefused(stage, answer, { by, what: 'abort', reason });
  });

  test('one approver has one vote, whatever keys and names it is repeated with', async () => {
    expect(await signers.approve(APPROVER)).toMatchObject({ accepted: true });
    for (const [by, signing, reason] of [
      [APPROVER, {}, 'already_voted'],
      [APPROVER, { key: 'approver-other' }, 'already_voted'],
      [TWIN, { key: APPROVER }, 'same_voter'],
    ] as const) {
      const answer = await signers.approve(by, { comment: 'once more' }, signing);
      await expectRefused(stage, answer, { by, what: 'approve', reason });
    }
    const { run } = await stage.view();
    expect(await fromFalseWorkflow(stage, 'main', 'promoteStep', { run, step: STEP })).toMatchObject({
      answered: { done: false, code: 'not_the_lock' },
    });
  });

  test('no vote is taken under a policy that was changed after it was asked for', async () => {
    const changed: [what: string, policy: Policy][] = [
      ['a key more', { ...POLICY, signers: [...POLICY.signers, { by: SECOND, key: 'second-new' }] }],
      ['an approver less', { ...POLICY, approvers: POLICY.approvers.filter((name) => name !== SECOND) }],
      ['one vote less', { ...POLICY, required: 1 }],
      ['a key less', { ...POLICY, revoked: ['third-revoked', SECOND] }],
    ];
    for (const [what, policy] of changed)
      await signers.during(policy, async () => {
        const answer = await signers.approve(SECOND, { comment: what });
        await expectRefused(stage, answer, { by: SECOND, what: 'approve', reason: 'policy_changed' });
      });
  });

  test('after all of it a second approver’s vote promotes', async () => {
    const { head } = await stage.view();
    expect(await signers.approve(SECOND)).toMatchObject({ accepted: true });
    await stage.until((seen) => seen.phase === 'watching');
    expect(branchTip(stage)).toBe(stage.rehearsal.commit);

    const held = await signers.order('rollback', SECOND, { head: { seq: head.seq, digest: head.digest } });
    expect(held).toEqual({ accepted: false, reason: 'other_head' });
    const { refusals } = await stage.view();
    expect(refusals.at(-1)).toEqual({ by: SECOND, what: 'rollback', reason: 'other_head' });
  });

  test('an order that is sent twice is answered twice and carried out once', async () => {
    const { evidence: folder } = await stage.view();
    const order = await signers.ordering('rollback', SECOND);
    const sent = () => stage.handle.executeUpdate(control, { args: [order] });
    const answer = { accepted: true, reason: `rollback by ${SECOND} is recorded` };
    expect(await Promise.all([sent(), sent()])).toEqual([answer, answer]);
    expect(await stage.result()).toMatchObject({ end: 'rolled-back', trigger: 'requested' });
    await expectRolledBack(stage);
    const kinds = (await journalOf(stage, folder)).map(({ kind }) => kind);
    expect(kinds.filter((kind) => kind === 'order-accepted')).toHaveLength(1);
    expect(kinds.filter((kind) => kind === 'step-promoted')).toHaveLength(1);
  });
});
