import { WorkflowUpdateFailedError } from '@temporalio/client';
import { inject, describe, expect, test } from 'vitest';

import { decide, decideSignal } from '../../workflows/messages.js';
import { withStage } from '../support/stage.js';
import { branchTip, changeRunbook, removeEvidence } from '../support/tau-controls.js';

/**
 * Proves that nothing but a quorum of eligible approvers, for the digest that stands, promotes, on the real server and a
 * real git remote. It ends where signatures begin: identities are asserted here.
 */
const address = inject('temporalAddress');
const TWO = { TAU_PROMOTION_APPROVERS: 'approver@rehearsal,second@rehearsal' };

describe('a decision', () => {
  test('of an approver promotes; the branch has the commit and the result names the evidence', () =>
    withStage({ address }, async (stage) => {
      await stage.start();
      expect(await stage.decide()).toMatchObject({ accepted: true });
      const result = await stage.result();
      expect(result).toMatchObject({ end: 'promoted', trigger: null });
      expect(result.manifest).toMatch(/^sha256:/);
      expect(branchTip(stage)).toBe(stage.rehearsal.commit);
    }));

  test('by signal takes the same path', () =>
    withStage({ address }, async (stage) => {
      await stage.start();
      await stage.handle.signal(decideSignal, { statement: 'nonsense', signature: null });
      await stage.handle.signal(decideSignal, await stage.decision());
      expect((await stage.result()).end).toBe('promoted');
    }));

  test('reject ends it, and the branch stays where it was', () =>
    withStage({ address }, async (stage) => {
      await stage.start();
      expect(await stage.decide('reject')).toMatchObject({ accepted: true });
      expect((await stage.result()).end).toBe('rejected');
      expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
    }));

  test('that nobody takes in time expires, and is never a pass', () =>
    withStage({ address, timings: { approvalExpiresMs: 500 } }, async (stage) => {
      await stage.start();
      expect((await stage.result()).end).toBe('expired');
      expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
    }));

  test('of a stranger, or for anything but what is asked, is refused, recorded, and changes nothing', () =>
    withStage({ address }, async (stage) => {
      await stage.start();
      const refused: [by: string, over: Record<string, string>, reason: string][] = [
        ['stranger@rehearsal', {}, 'not_an_approver'],
        ['approver@rehearsal', { subject: `sha256:${'0'.repeat(64)}` }, 'other_subject'],
        ['approver@rehearsal', { request: '0'.repeat(32) }, 'other_subject'],
        ['approver@rehearsal', { run: '20260101T000000000Z-00000000' }, 'other_run'],
        ['approver@rehearsal', { target: 'elsewhere' }, 'other_run'],
        ['approver@rehearsal', { deployment: 'elsewhere' }, 'other_run'],
      ];
      for (const [by, over, reason] of refused)
        expect(await stage.decide('approve', by, over), JSON.stringify(over)).toEqual({
          accepted: false,
          reason,
        });
      const seen = await stage.view();
      expect(seen.phase).toBe('awaiting-approval');
      expect(seen.approval?.votes).toEqual([]);
      expect(seen.refusals).toEqual(refused.map(([by, , reason]) => ({ by, what: 'approve', reason })));
    }));

  test('of the requester is refused, also where the requester is an approver', () =>
    withStage(
      { address, environment: { TAU_PROMOTION_APPROVERS: 'approver@rehearsal,requester@rehearsal' } },
      async (stage) => {
        await stage.start();
        expect(await stage.decide('approve', 'requester@rehearsal')).toMatchObject({
          reason: 'requester_voted',
        });
        expect((await stage.view()).phase).toBe('awaiting-approval');
      },
    ));

  test('outside the contract is refused by the validator and leaves nothing in history', () =>
    withStage({ address }, async (stage) => {
      await stage.start();
      await stage.until((seen) => seen.approval !== undefined);
      const before = (await stage.handle.describe()).historyLength;
      for (const statement of ['{}', 'x'.repeat(9_000), `${(await stage.decision()).statement} `])
        await expect(
          stage.handle.executeUpdate(decide, { args: [{ statement, signature: null }] }),
        ).rejects.toThrow(WorkflowUpdateFailedError);
      expect((await stage.handle.describe()).historyLength).toBe(before);
    }));
});

describe('where two approvals are required', () => {
  test('one approver counts once, and a second person decides', () =>
    withStage(
      { address, environment: TWO, prepare: (stage) => changeRunbook(stage, 'required: 1', 'required: 2') },
      async (stage) => {
        await stage.start();
        expect(await stage.decide()).toMatchObject({ accepted: true });
        expect(await stage.decide('approve', 'approver@rehearsal', { comment: 'again' })).toEqual({
          accepted: false,
          reason: 'already_voted',
        });
        expect((await stage.view()).phase).toBe('awaiting-approval');
        expect(await stage.decide('approve', 'second@rehearsal')).toMatchObject({ accepted: true });
        expect((await stage.result()).end).toBe('promoted');
      },
    ));

  test('an approval and a reject that come at once never promote', () =>
    withStage(
      { address, environment: TWO, prepare: (stage) => changeRunbook(stage, 'required: 1', 'required: 2') },
      async (stage) => {
        await stage.start();
        const submissions = [await stage.decision(), await stage.decision('reject', 'second@rehearsal')];
        await Promise.allSettled(
          submissions.map((submission) => stage.handle.executeUpdate(decide, { args: [submission] })),
        );
        expect((await stage.result()).end).toBe('rejected');
        expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
      },
    ));
});

describe('the activity that promotes', () => {
  test('refuses where the stored votes are no quorum, whatever the workflow believes', () =>
    withStage(
      { address, environment: TWO, prepare: (stage) => changeRunbook(stage, 'required: 1', 'required: 2') },
      async (stage) => {
        await stage.start();
        await stage.decide();
        const { evidence } = await stage.view();
        await removeEvidence(stage, evidence, /decision-/);
        await stage.decide('approve', 'second@rehearsal');
        expect(await stage.result()).toMatchObject({ end: 'stopped', reason: 'quorum_not_met' });
        expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
      },
    ));

  test('refuses where the runbook changed after its approval was asked for', () =>
    withStage({ address }, async (stage) => {
      await stage.start();
      await stage.until((seen) => seen.approval !== undefined);
      await changeRunbook(stage, 'unreachableLimit: 4', 'unreachableLimit: 5');
      await stage.decide();
      expect(await stage.result()).toMatchObject({ end: 'stopped', reason: 'runbook_changed' });
      expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
    }));
});
