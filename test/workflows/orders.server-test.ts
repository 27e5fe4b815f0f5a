import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { inject, describe, expect, test } from 'vitest';

import { withStage, type Stage } from '../support/stage.js';
import {
  branchTip,
  breakDeployment,
  changeRunbook,
  expectRolledBack,
  repairTau,
} from '../support/tau-controls.js';

/**
 * Proves what people's orders and cancelling do in each phase before a rollback, on the real server, against the rehearsal
 * Tau and a real git remote. Orders to a rollback: test/deep/rollback-orders.
 */
const address = inject('temporalAddress');
const LONG_WATCH = { watchWindowMs: 600_000 };

describe('before promoting', () => {
  test('abort ends a promotion that waits for approval, and nothing was changed', () =>
    withStage({ address }, async (stage) => {
      await stage.start();
      await stage.until((seen) => seen.approval !== undefined);
      expect(await stage.order('rollback')).toMatchObject({ accepted: false });
      expect(await stage.order('abort')).toMatchObject({ accepted: true });
      expect((await stage.result()).end).toBe('aborted');
      expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
    }));

  test('abort cuts in while a manual repair is awaited', () =>
    withStage({ address, scenario: 'hold-stays', timings: { manualDeadlineMs: 600_000 } }, async (stage) => {
      await stage.start();
      await stage.until((seen) => seen.phase === 'remediating');
      expect(await stage.order('abort')).toMatchObject({ accepted: true });
      expect((await stage.result()).end).toBe('aborted');
    }));

  test('remediated goes on at once, and all gates are asked again', () =>
    withStage({ address, scenario: 'hold-stays', timings: { manualDeadlineMs: 600_000 } }, async (stage) => {
      await stage.start();
      await stage.until((seen) => seen.log.some(({ kind }) => kind === 'manual-repair-awaited'));
      expect(await stage.order('remediated')).toMatchObject({ accepted: true });
      const result = await stage.result();
      expect(result).toMatchObject({ end: 'stopped', reason: 'gate_hold' });
      expect((await stage.view()).log.some(({ text }) => text.startsWith('validation-2'))).toBe(true);
    }));

  test('cancelling aborts', () =>
    withStage({ address }, async (stage) => {
      await stage.start();
      await stage.until((seen) => seen.approval !== undefined);
      await stage.handle.cancel();
      expect(await stage.result()).toMatchObject({ end: 'aborted', reason: 'cancelled' });
    }));
});

describe('while watching', () => {
  test('abort is refused with a reason, and rollback cuts in', () =>
    withStage({ address, timings: LONG_WATCH }, async (stage) => {
      await stage.start();
      await stage.decide();
      await stage.until((seen) => seen.phase === 'watching');
      expect((await stage.order('abort')).reason).toContain('use rollback');
      expect(await stage.order('rollback')).toMatchObject({ accepted: true });
      expect(await stage.result()).toMatchObject({ end: 'rolled-back', trigger: 'requested' });
      await expectRolledBack(stage);
    }));

  test('cancelling rolls back', () =>
    withStage({ address, timings: LONG_WATCH }, async (stage) => {
      await stage.start();
      await stage.decide();
      await stage.until((seen) => seen.phase === 'watching');
      await stage.handle.cancel();
      expect(await stage.result()).toMatchObject({ end: 'rolled-back', trigger: 'cancelled' });
      await expectRolledBack(stage);
    }));
});

describe('preflight', () => {
  test('that holds voids the approval; after the repair a new digest needs a new decision', () =>
    withStage({ address, timings: { manualDeadlineMs: 600_000 } }, async (stage) => {
      await stage.start();
      const old = await stage.decision();
      const { approval } = await stage.view();
      breakDeployment(stage);
      await stage.decide();
      await stage.until((seen) => seen.log.some(({ kind }) => kind === 'manual-repair-awaited'));
      await repairTau(stage);
      await stage.order('remediated');
      const again = await stage.until(
        (seen) => seen.approval !== undefined && seen.approval.digest !== approval?.digest,
      );
      expect(again.phase).toBe('awaiting-approval');
      expect(await stage.submit(old)).toEqual({ accepted: false, reason: 'other_subject' });
      expect(await stage.decide()).toMatchObject({ accepted: true });
      expect((await stage.result()).end).toBe('promoted');
    }));

  test('stops a promotion whose rollback could not run', () =>
    withStage({ address, prepare: requireOwnerFile }, async (stage) => {
      await stage.start();
      await stage.until((seen) => seen.approval !== undefined);
      await rm(ownerFile(stage));
      await stage.decide();
      expect(await stage.result()).toMatchObject({ end: 'stopped', reason: 'not_rollbackable' });
      expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
    }));
});

const ownerFile = ({ rehearsal }: Stage): string => join(rehearsal.workspace, '.tau/gateway/owner');

/** A runbook whose stop command needs a file that no gate looks at. */
async function requireOwnerFile(stage: Stage): Promise<void> {
  await changeRunbook(stage, '.tau/gateway/state.json', '.tau/gateway/owner');
  await writeFile(ownerFile(stage), '');
}
