import { rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { inject, describe, expect, test } from 'vitest';

import { withStage, type Stage } from '../support/stage.js';
import {
  branchTip,
  breakDeployment,
  changeRunbook,
  evidence,
  expectRolledBack,
  gatewayStatus,
  nextCommit,
  repairTau,
  startGateway,
  stopGateway,
  treeOf,
} from '../support/tau-controls.js';

/**
 * Proves what people's orders and cancelling do in each phase, and that a rollback runs to its end: on the real server,
 * against the rehearsal Tau and a real git remote.
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

describe('a rollback', () => {
  test('that could not be verified waits for people, and retry-rollback ends it rolled back', () =>
    withStage(
      { address, scenario: 'wrong-directory', timings: { rollbackDeadlineMs: 8_000 } },
      async (stage) => {
        await stage.start();
        const failed = await stage.until((seen) => seen.phase === 'rollback-failed');
        expect(failed.unverified.join()).toContain('gateway-stop: wrong_directory');
        expect(failed.concerns).toContainEqual({
          kind: 'step',
          id: 'gateway-stop',
          code: 'wrong_directory',
          owners: ['crates/tau-gateway'],
          relatedRunbooks: ['docs/guides/gateway-ops.md'],
        });
        await stage.handle.cancel();
        stopGateway(stage);
        expect(await stage.order('retry-rollback')).toMatchObject({ accepted: true });
        expect((await stage.result()).end).toBe('rolled-back');
        expect((await gatewayStatus(stage)).service).toMatchObject({ service_status: 'stopped' });
      },
    ));

  test('that could not be verified is ended by acknowledge alone', () =>
    withStage(
      { address, scenario: 'wrong-directory', timings: { rollbackDeadlineMs: 1_000 } },
      async (stage) => {
        await stage.start();
        await stage.until((seen) => seen.phase === 'rollback-failed');
        expect(await stage.order('abort')).toMatchObject({ accepted: false });
        expect(await stage.order('acknowledge')).toMatchObject({ accepted: true });
        expect((await stage.result()).end).toBe('rollback-acknowledged');
      },
    ));

  test('that did not hold is applied once more', () =>
    withStage({ address, timings: { ...LONG_WATCH, confirmAfterMs: 3_000 } }, async (stage) => {
      await stage.start();
      await stage.decide();
      await stage.until((seen) => seen.phase === 'watching');
      await stage.order('rollback');
      await stage.until((seen) => seen.doing === 'confirm-rollback');
      startGateway(stage);
      expect((await stage.result()).end).toBe('rolled-back');
      expect((await stage.view()).log.some(({ text }) => text.startsWith('rollback did not hold'))).toBe(
        true,
      );
      await expectRolledBack(stage);
    }));

  test('is followed by a fresh run that names it and can promote a new commit', () =>
    withStage({ address, timings: LONG_WATCH }, async (stage) => {
      await stage.start();
      await stage.decide();
      await stage.until((seen) => seen.phase === 'watching');
      await stage.order('rollback');
      const first = await stage.result();
      startGateway(stage);
      const commit = nextCommit(stage);
      await stage.start({ commit });
      await stage.decide();
      const second = await stage.until((seen) => seen.phase === 'watching' && seen.run !== first.run);
      expect(treeOf(stage, branchTip(stage))).toBe(treeOf(stage, commit));
      expect(await evidence(stage, second.evidence, 'run.json')).toMatchObject({
        previous: { run: first.run, end: 'rolled-back' },
      });
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
