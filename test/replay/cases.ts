import { expect } from 'vitest';

import type { StageOptions } from '../support/stage.js';
import type { Stage } from '../support/stage.js';
import { breakDeployment, repairTau, stopGateway } from '../support/tau-controls.js';

/** One promotion whose history is kept, and how it is played. */
export interface Case {
  readonly name: string;
  readonly stage: Omit<StageOptions, 'address'>;
  /** What people do; gives nothing back, for the end is in the workflow's result. */
  readonly play: (stage: Stage) => Promise<unknown>;
  readonly end: string;
}

const LONG_WATCH = { watchWindowMs: 600_000 };

/** One for every end, every phase and every way that people have a say. */
export const CASES: readonly Case[] = [
  { name: 'promoted', stage: {}, play: approve, end: 'promoted' },
  {
    name: 'promoted-after-remediation',
    stage: { scenario: 'hold-healed' },
    play: approve,
    end: 'promoted',
  },
  {
    name: 'promoted-by-a-second-worker',
    stage: {},
    play: async (stage) => {
      await stage.until((seen) => seen.approval !== undefined);
      await stage.stopWorker();
      await stage.startWorker();
      await stage.decide();
    },
    end: 'promoted',
  },
  { name: 'stopped', stage: { scenario: 'hold-stays' }, play: nobodyActs, end: 'stopped' },
  { name: 'rejected', stage: {}, play: (stage) => stage.decide('reject'), end: 'rejected' },
  { name: 'expired', stage: { timings: { approvalExpiresMs: 500 } }, play: nobodyActs, end: 'expired' },
  {
    name: 'aborted',
    stage: {},
    play: async (stage) => {
      await stage.until((seen) => seen.approval !== undefined);
      await stage.order('abort');
    },
    end: 'aborted',
  },
  {
    name: 'rolled-back-from-watching',
    stage: { scenario: 'failing-after-promotion' },
    play: approve,
    end: 'rolled-back',
  },
  {
    name: 'rolled-back-by-order',
    stage: { timings: LONG_WATCH },
    play: async (stage) => {
      await stage.decide();
      await stage.until((seen) => seen.phase === 'watching');
      await stage.order('abort');
      await stage.order('rollback');
    },
    end: 'rolled-back',
  },
  {
    name: 'rolled-back-before-promoting',
    stage: { scenario: 'repeated-failing' },
    play: nobodyActs,
    end: 'rolled-back',
  },
  {
    name: 'rollback-failed-then-retried',
    stage: { scenario: 'wrong-directory', timings: { rollbackDeadlineMs: 3_000 } },
    play: async (stage) => {
      await stage.until((seen) => seen.phase === 'rollback-failed');
      stopGateway(stage);
      await stage.order('retry-rollback');
    },
    end: 'rolled-back',
  },
  {
    name: 'taken-over-from-watching',
    stage: { timings: LONG_WATCH },
    play: async (stage) => {
      await stage.decide();
      await stage.until((seen) => seen.phase === 'watching');
      await stage.terminate();
      await stage.reconcile();
    },
    end: 'rolled-back',
  },
  {
    name: 'taken-over-and-failed-then-retried',
    stage: { scenario: 'wrong-directory', timings: { rollbackDeadlineMs: 3_000 } },
    play: async (stage) => {
      await stage.until((seen) => seen.phase === 'rollback-failed');
      await stage.terminate();
      await stage.reconcile();
      await stage.until((seen) => seen.phase === 'rollback-failed');
      stopGateway(stage);
      await stage.order('retry-rollback');
    },
    end: 'rolled-back',
  },
  {
    name: 'abandoned',
    stage: {},
    play: async (stage) => {
      await stage.until((seen) => seen.approval !== undefined);
      await stage.terminate();
      await stage.reconcile();
    },
    end: 'abandoned',
  },
  {
    name: 'preflight-voided-then-promoted',
    stage: { timings: { manualDeadlineMs: 600_000 } },
    play: async (stage) => {
      const first = await stage.until((seen) => seen.approval !== undefined);
      breakDeployment(stage);
      await stage.decide();
      await stage.until((seen) => seen.log.some(({ kind }) => kind === 'manual-repair-awaited'));
      await repairTau(stage);
      await stage.order('remediated');
      await stage.until(
        ({ approval }) => approval !== undefined && approval.digest !== first.approval?.digest,
      );
      await stage.decide();
    },
    end: 'promoted',
  },
  {
    name: 'decisions-refused-then-promoted',
    stage: {},
    play: async (stage) => {
      expect(await stage.decide('approve', 'stranger@rehearsal')).toMatchObject({ accepted: false });
      expect(await stage.decide('approve', undefined, { request: '0'.repeat(32) })).toMatchObject({
        accepted: false,
      });
      await stage.decide();
    },
    end: 'promoted',
  },
];

async function approve(stage: Stage): Promise<void> {
  await stage.decide();
}

async function nobodyActs(): Promise<void> {}
