import { inject, describe, expect, test } from 'vitest';

import { withStage } from '../support/stage.js';
import {
  branchTip,
  evidence,
  expectRolledBack,
  gatewayStatus,
  nextCommit,
  startGateway,
  stopGateway,
  treeOf,
} from '../support/tau-controls.js';

/**
 * Proves that a rollback runs to its end, or waits for people and takes their orders: on the real server, against the
 * rehearsal Tau and a real git remote.
 */
const address = inject('temporalAddress');
const LONG_WATCH = { watchWindowMs: 600_000 };

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
