import { chmod, readFile, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, inject, test } from 'vitest';

import { withStage, type Stage } from '../support/stage.js';
import { branchTip, expectRolledBack, gatewayStatus, stopGateway, treeOf } from '../support/tau-controls.js';

/**
 * Proves on the real server that a rollback which could not run promotes nothing, and that one which can't be proven is
 * never told as rolled back: it says what each step said and what is left to do, and goes on when it is told to.
 */
const address = inject('temporalAddress');
const LONG_WATCH = { watchWindowMs: 600_000 };

async function untilFailed(stage: Stage) {
  const { rollback } = await stage.until((seen) => seen.phase === 'rollback-failed');
  const named = (id: string) => rollback.find(({ step }) => step === id);
  return { stop: named('gateway-stop'), revert: named('deployment-revert') };
}

async function reportOf({ config }: Stage, folder: string): Promise<string> {
  return readFile(join(config.evidenceDir, folder, 'report.md'), 'utf8');
}

describe('a stop command in a wrong directory', () => {
  test('that is another gateway’s is found before promoting, and nothing is promoted or stopped', () =>
    withStage({ address, scenario: 'foreign-directory' }, async (stage) => {
      await stage.start();
      await stage.decide();
      expect(await stage.result()).toMatchObject({ end: 'stopped', reason: 'not_rollbackable' });
      const { log } = await stage.view();
      expect(log.map(({ text }) => text).join('\n')).toContain('gateway-stop: wrong_directory');
      expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
      expect((await gatewayStatus(stage)).service).toMatchObject({ service_status: 'running' });
    }));

  test('that is found only when it rolls back fails with the reason, and a stop by hand ends it rolled back', () =>
    withStage({ address, scenario: 'copied-directory' }, async (stage) => {
      await stage.start();
      await stage.decide();
      const { stop, revert } = await untilFailed(stage);
      expect(stop?.tried).toMatchObject({ verified: false, code: 'wrong_directory', attempt: 1 });
      expect(stop?.byHand.join('\n')).toMatch(/^cd \S*elsewhere && \S+ .*--gateway-service-stop /);
      expect(revert).toMatchObject({ tried: { verified: true }, byHand: [] });
      // Also without a worker.
      expect((await stage.handle.describe()).memo?.['rollback']).toEqual([stop, revert]);

      const tip = branchTip(stage);
      stopGateway(stage);
      await stage.order('retry-rollback');
      const { end, evidence } = await stage.result();
      expect(end).toBe('rolled-back');
      await expectRolledBack(stage);
      expect(branchTip(stage)).toBe(tip);
      const report = await reportOf(stage, evidence);
      expect(report).toContain(String.raw`gateway-stop, attempt 1: **not verified** (wrong\_directory)`);
      expect(report).toContain(String.raw`gateway-stop, attempt 2: **verified**`);
      expect(report).toMatch(/\n {4}git revert --no-edit [0-9a-f]{40}\n/);
      expect(report).toMatch(/\n {4}cd \S+ && \S+ .*--gateway-service-start\n/);
      expect(report).not.toContain('Left to do by hand');
    }));
});

test('a gateway that does not answer is never taken for stopped; what is left to do stays in the report', () =>
  withStage({ address, scenario: 'gateway-lost' }, async (stage) => {
    await stage.start();
    await stage.decide();
    const { stop, revert } = await untilFailed(stage);
    expect(stop?.tried).toMatchObject({ verified: false, code: 'unreachable' });
    expect(revert?.tried).toMatchObject({ verified: true });
    expect(treeOf(stage, branchTip(stage))).toBe(treeOf(stage, stage.rehearsal.formerTip));
    await stage.order('acknowledge');
    const { end, evidence } = await stage.result();
    expect(end).toBe('rollback-acknowledged');
    const report = await reportOf(stage, evidence);
    expect(report).toMatch(/Left to do by hand:\n\n {4}cd \S+ && \S+ .*--gateway-service-stop /);
  }));

test('a remote that takes no push is never taken for reverted; a later attempt stops nothing twice', () =>
  withStage({ address, timings: { ...LONG_WATCH, rollbackDeadlineMs: 15_000 } }, async (stage) => {
    const hook = join(stage.rehearsal.remote, 'hooks/pre-receive');
    await stage.start();
    await stage.decide();
    await stage.until((seen) => seen.phase === 'watching');
    await writeFile(hook, '#!/bin/sh\necho "read-only today" >&2\nexit 1\n');
    await chmod(hook, 0o755);
    await stage.order('rollback');
    const { stop, revert } = await untilFailed(stage);
    expect(stop?.tried).toMatchObject({ verified: true });
    expect(revert?.tried).toMatchObject({ verified: false });
    expect(branchTip(stage)).toBe(stage.rehearsal.commit);
    expect(revert?.byHand.at(-1)).toBe('git push origin HEAD:refs/heads/production');
    expect(revert?.byHand.join('\n')).toContain(stage.rehearsal.formerTip);

    const { service_last_transition_unix_ms: stoppedAt } = (await gatewayStatus(stage)).service;
    await rm(hook);
    await stage.order('retry-rollback');
    expect((await stage.result()).end).toBe('rolled-back');
    await expectRolledBack(stage);
    expect((await gatewayStatus(stage)).service['service_last_transition_unix_ms']).toBe(stoppedAt);
  }));
