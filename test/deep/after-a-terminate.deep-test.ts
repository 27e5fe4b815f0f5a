import { mkdir, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, inject, test, vi } from 'vitest';
import { parseDocument } from 'yaml';
import { z } from 'zod';

import { sha256 } from '../../src/adapters/canonical.js';
import { promotionId } from '../../workflows/messages.js';
import type { rollback } from '../../workflows/rollback.js';
import { withStage, type Stage } from '../support/stage.js';
import {
  branchTip,
  evidence,
  expectRolledBack,
  gatewayStatus,
  startGateway,
  stopGateway,
} from '../support/tau-controls.js';

/**
 * Proves what becomes of promotions whose workflows were terminated, which runs no code of theirs: what may have changed its
 * target is rolled back and proven, what changed nothing is sealed, once each, and no other is started before. On the real
 * server, against the rehearsal Tau and a real git remote.
 */
const address = inject('temporalAddress');
const LONG_WATCH = { watchWindowMs: 600_000 };
const entrySchema = z.object({ kind: z.string() });
const WAIT = { timeout: 120_000, interval: 100 };

async function untilWatching(stage: Stage): Promise<void> {
  await stage.start();
  await stage.decide();
  await stage.until((seen) => seen.phase === 'watching');
}

describe('a promotion that was terminated while watching', () => {
  test('admits no other, is rolled back by reconcile once, and the next one goes through', () =>
    withStage({ address, timings: LONG_WATCH }, async (stage) => {
      await untilWatching(stage);
      const { run, evidence: folder } = await stage.terminate();
      const refused = await (await stage.start()).result();
      expect(refused).toMatchObject({ end: 'stopped', run: '' });
      expect(refused.reason).toContain(`the run ${run} of the commit ${stage.rehearsal.commit}`);
      expect(refused.reason).toContain(`promote reconcile --target ${stage.target}`);

      const would = { run, target: stage.target, commit: stage.rehearsal.commit, action: 'rolls-back' };
      expect(await stage.reconcile({ dryRun: true })).toEqual({
        dryRun: true,
        runs: [would],
        unreadable: [],
      });
      expect((await gatewayStatus(stage)).service).toMatchObject({ service_status: 'running' });
      expect(await stage.reconcile()).toEqual({ dryRun: false, runs: [would], unreadable: [] });
      expect(await stage.result()).toMatchObject({ run, end: 'rolled-back', trigger: 'terminated' });
      await expectRolledBack(stage);
      expect(await evidence(stage, folder, 'manifest.json')).toMatchObject({ run, end: 'rolled-back' });
      expect(await stage.reconcile()).toEqual({ dryRun: false, runs: [], unreadable: [] });

      startGateway(stage);
      await stage.start({ again: true, reason: 'it was terminated by mistake' });
      await stage.decide();
      await stage.until((seen) => seen.phase === 'watching' && seen.run !== run);
    }));

  test('is rolled back, too, where it was sealed as promoted and another history had begun to roll it back', () =>
    withStage({ address, timings: { watchWindowMs: 2_000 } }, async (stage) => {
      await stage.start();
      await stage.decide();
      const { run, end, evidence: folder, manifest } = await stage.result();
      expect(end).toBe('promoted');
      await stage.resetBeforeApproval();
      await stage.terminate();
      await stage.reconcile();
      expect((await gatewayStatus(stage)).service).toMatchObject({ service_status: 'running' });
      // As a reset leaves it whose rollback was under way.
      await mkdir(join(stage.config.evidenceDir, folder, 'rollback'), { mode: 0o700 });
      await writeFile(join(stage.config.evidenceDir, folder, 'rollback/begun.json'), '{}', { mode: 0o600 });
      const refused = await (await stage.start()).result();
      expect(refused.reason).toContain(`the run ${run} of the commit ${stage.rehearsal.commit}`);
      // What came after it would be undone: then a person has to say so.
      const later = '29990101T000000000Z-00000000';
      const laterFolder = join(stage.config.evidenceDir, `29990101T000000Z-${stage.target}-${later}`);
      await mkdir(laterFolder, { mode: 0o700 });
      const record = z.looseObject({}).parse(await evidence(stage, folder, 'run.json'));
      await writeFile(join(laterFolder, 'run.json'), JSON.stringify({ ...record, run: later }));
      expect((await stage.reconcile({ dryRun: true })).runs[0]).toMatchObject({ run, action: 'unknown' });
      await rm(laterFolder, { recursive: true });
      expect((await stage.reconcile()).runs).toMatchObject([{ run, action: 'rolls-back' }]);
      expect(await stage.result()).toMatchObject({ run, end: 'rolled-back', manifest: null });
      await expectRolledBack(stage);
      // What was sealed stands beside what came of it.
      const sealed = await readFile(join(stage.config.evidenceDir, folder, 'manifest.json'));
      expect(sha256(sealed)).toBe(manifest);
      expect(await evidence(stage, folder, 'ended/rolled-back.json')).toMatchObject({ end: 'rolled-back' });
      expect((await (await stage.start()).result()).reason).toContain('--again');
    }));

  test('keeps its journal whole: the rollback goes on where the terminated history ended', () =>
    withStage({ address, timings: LONG_WATCH }, async (stage) => {
      await untilWatching(stage);
      const { evidence: folder } = await stage.terminate();
      await stage.reconcile({ target: stage.target });
      const { manifest } = await stage.result();
      expect(manifest).toMatch(/^sha256:/);
      const { head } = await stage.view();
      const kinds: string[] = [];
      for (let seq = 1; seq <= head.seq; seq += 1) {
        const path = `journal/${String(seq).padStart(8, '0')}.json`;
        kinds.push(entrySchema.parse(await evidence(stage, folder, path)).kind);
      }
      expect(kinds.indexOf('taken-over')).toBeGreaterThan(kinds.indexOf('step-promoted'));
      expect(kinds.indexOf('rollback-begun')).toBeGreaterThan(kinds.indexOf('taken-over'));
      expect(kinds.at(-1)).toBe('run.ended');
    }));
});

describe('a promotion that was terminated while promoting', () => {
  test('is rolled back once the step that may still run is over', () =>
    withStage(
      {
        address,
        scenario: 'half-promoted',
        timings: { promotionDeadlineMs: 4_000 },
        prepare: slowSecondStep,
      },
      async (stage) => {
        await stage.start();
        await stage.decide();
        await stage.until((seen) => seen.log.some(({ text }) => text === 'promoting: second-site'));
        await stage.terminate();
        expect(branchTip(stage)).toBe(stage.rehearsal.commit);
        await stage.reconcile();
        expect(await stage.result()).toMatchObject({ end: 'rolled-back', trigger: 'terminated' });
        await expectRolledBack(stage);
      },
    ));
});

describe('a rollback that was terminated', () => {
  test('is taken up again with its own trigger, also where it had failed and waited for people', () =>
    withStage(
      { address, scenario: 'wrong-directory', timings: { rollbackDeadlineMs: 2_000 } },
      async (stage) => {
        await stage.start();
        await stage.until((seen) => seen.phase === 'rollback-failed');
        await stage.terminate();
        await stage.reconcile();
        const again = await stage.until((seen) => seen.phase === 'rollback-failed');
        expect(again.trigger).toBe('repeated_failing');
        await stage.handle.terminate('by mistake, twice');
        stopGateway(stage);
        await stage.reconcile();
        expect(await stage.result()).toMatchObject({ end: 'rolled-back', trigger: 'repeated_failing' });
        expect((await gatewayStatus(stage)).service).toMatchObject({ service_status: 'stopped' });
      },
    ));
});

describe('a promotion that was terminated before it promoted', () => {
  test('is sealed as abandoned, nothing is rolled back, and the next start needs no leave', () =>
    withStage({ address, timings: LONG_WATCH }, async (stage) => {
      await stage.start();
      await stage.until((seen) => seen.approval !== undefined);
      const { run, evidence: folder } = await stage.terminate();
      const abandoned = { run, target: stage.target, commit: stage.rehearsal.commit, action: 'abandons' };
      expect(await stage.reconcile()).toMatchObject({ runs: [abandoned] });
      expect(await stage.result()).toMatchObject({ run, end: 'abandoned', trigger: null });
      expect(await evidence(stage, folder, 'manifest.json')).toMatchObject({ end: 'abandoned' });
      expect((await gatewayStatus(stage)).service).toMatchObject({ service_status: 'running' });
      await untilWatching(stage);
    }));
});

describe('what nobody terminated', () => {
  test('is left alone: an open promotion, and one whose workflow this server does not know', () =>
    withStage({ address, timings: LONG_WATCH }, async (stage) => {
      await untilWatching(stage);
      expect(await stage.reconcile()).toMatchObject({ runs: [] });
      const { run } = await stage.terminate();
      await stage.client.workflowService.deleteWorkflowExecution({
        namespace: 'default',
        workflowExecution: { workflowId: promotionId(stage.target) },
      });
      await vi.waitFor(() => expect(stage.handle.describe()).rejects.toThrow(/not found/), WAIT);
      expect((await stage.reconcile()).runs).toEqual([
        { run, target: stage.target, commit: stage.rehearsal.commit, action: 'unknown' },
      ]);
      expect((await gatewayStatus(stage)).service).toMatchObject({ service_status: 'running' });
      expect((await stage.reconcile({ run })).runs).toMatchObject([{ run, action: 'rolls-back' }]);
      expect(await stage.result()).toMatchObject({ end: 'rolled-back', trigger: 'terminated' });
      await expectRolledBack(stage);
    }));

  test('can’t be taken over under another lock than its own', () =>
    withStage({ address, timings: LONG_WATCH }, async (stage) => {
      await untilWatching(stage);
      const { run } = await stage.view();
      const result = await stage.client.workflow.execute<typeof rollback>('rollback', {
        workflowId: promotionId(`other-${stage.target}`.slice(0, 40)),
        taskQueue: stage.config.taskQueue,
        args: [{ run, requester: 'stranger@rehearsal', reason: '' }],
      });
      expect(result).toMatchObject({ run: '', end: 'stopped' });
      expect((await stage.view()).phase).toBe('watching');
      expect(branchTip(stage)).toBe(stage.rehearsal.commit);
    }));
});

/** The second step is under way for as long as it may be. */
async function slowSecondStep({ rehearsal }: Stage): Promise<void> {
  const runbook = parseDocument(await readFile(rehearsal.runbookFile, 'utf8'));
  runbook.setIn(['promotion', 'steps', 1, 'command', 'argv'], ['sleep', '60']);
  await writeFile(rehearsal.runbookFile, runbook.toString());
}
