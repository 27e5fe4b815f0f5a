import { execFileSync } from 'node:child_process';
import { mkdir, readdir, readFile, rename, rm, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, inject, test, vi } from 'vitest';
import { parseDocument } from 'yaml';

import { withStage, type Stage } from '../support/stage.js';
import { branchTip, expectRolledBack, stopGateway } from '../support/tau-controls.js';

/**
 * Proves that no fault of our own machinery promotes or loses a rollback: a journal that another history wrote to, a
 * workflow reset, evidence that went away, a full disk, an order that was overtaken. On the real server.
 */
const address = inject('temporalAddress');
const WAIT = { timeout: 30_000, interval: 50 };
const LONG_WATCH = { watchWindowMs: 600_000 };

async function untilWatching(stage: Stage): Promise<void> {
  await stage.start();
  await stage.decide();
  await stage.until((seen) => seen.phase === 'watching');
}

/** Writes the entry that the run's journal would write next, as another history of the run does. */
async function forkJournal({ config }: Stage, folder: string, seq: number): Promise<void> {
  await writeFile(join(config.evidenceDir, folder, `journal/${String(seq).padStart(8, '0')}.json`), '{}');
}

describe('a journal that another history wrote to', () => {
  test('stops a promotion before it promotes', () =>
    withStage({ address }, async (stage) => {
      await stage.start();
      const { evidence, head } = await stage.until((seen) => seen.approval !== undefined);
      await forkJournal(stage, evidence, head.seq + 1);
      await stage.decide().catch(() => undefined);
      expect(await stage.result()).toMatchObject({ end: 'stopped', reason: 'journal_fork', manifest: null });
      expect(branchTip(stage)).toBe(stage.rehearsal.formerTip);
    }));

  test('lets no watch end promoted', () =>
    withStage({ address, timings: { watchWindowMs: 3_000 } }, async (stage) => {
      await untilWatching(stage);
      const { evidence, head } = await stage.view();
      await forkJournal(stage, evidence, head.seq + 1);
      expect(await stage.result()).toMatchObject({
        end: 'promoted-with-warnings',
        reason: 'evidence_not_sealed',
      });
    }));
});

describe('a workflow reset', () => {
  test('of a watched promotion to a point before its approval promotes nothing more and rolls back', () =>
    withStage({ address, timings: LONG_WATCH }, async (stage) => {
      await untilWatching(stage);
      await stage.resetBeforeApproval();
      expect(await stage.result()).toMatchObject({ end: 'rolled-back', trigger: 'internal_fault' });
      await expectRolledBack(stage);
    }));
});

test('a workflow reset to where people are asked again, and cancelled while the evidence is away, rolls back what is watched', () =>
  withStage({ address, timings: LONG_WATCH }, async (stage) => {
    await untilWatching(stage);
    const { evidence } = await stage.view();
    const folder = join(stage.config.evidenceDir, evidence);
    await stage.stopWorker();
    await rename(folder, `${folder}.lost`);
    await stage.resetBeforeAsking();
    await stage.startWorker();
    await vi.waitFor(
      async () => {
        const { raw } = await stage.handle.describe();
        const failed = raw.pendingActivities?.filter(({ lastFailure }) => lastFailure);
        expect(failed?.map(({ activityType }) => activityType?.name)).toContain('recordAndRequestApproval');
      },
      { timeout: 30_000, interval: 50 },
    );
    await stage.handle.cancel();
    await stage.until((seen) => seen.phase === 'aborted');
    await rename(`${folder}.lost`, folder);
    expect(await stage.result()).toMatchObject({ end: 'rolled-back', trigger: 'internal_fault' });
    await expectRolledBack(stage);
  }));

describe('a workflow reset whose rollback could not be verified', () => {
  test('waits for people, and takes their order', () =>
    withStage(
      { address, timings: { ...LONG_WATCH, rollbackDeadlineMs: 2_000 }, prepare: stopElsewhere },
      async (stage) => {
        await untilWatching(stage);
        await stage.resetBeforeApproval();
        await stage.until((seen) => seen.phase === 'rollback-failed');
        const { historyLength } = await stage.handle.describe();
        stopGateway(stage);
        expect(await stage.order('retry-rollback')).toMatchObject({ accepted: true });
        await stage.until((seen) => seen.phase === 'rolled-back');
        await expectRolledBack(stage);
        // It waited: only the order and the second rollback stand between.
        expect((await stage.handle.describe()).historyLength - historyLength).toBeLessThan(80);
      },
    ));
});

describe('a rollback', () => {
  test('is not taken for done where the evidence of what was promoted went away', () =>
    withStage({ address, timings: { ...LONG_WATCH, rollbackDeadlineMs: 3_000 } }, async (stage) => {
      await untilWatching(stage);
      const { evidence } = await stage.view();
      const folder = join(stage.config.evidenceDir, evidence);
      await rename(folder, `${folder}.lost`);
      await stage.order('rollback');
      const failed = await stage.until((seen) => seen.phase === 'rollback-failed');
      expect(failed.unverified.join()).toContain('deployment-revert');
      expect(branchTip(stage)).toBe(stage.rehearsal.commit);
      // What was sampled meanwhile began a folder of its own, and may be writing to it still.
      await vi.waitFor(async () => {
        await rm(folder, { recursive: true, force: true });
        await rename(`${folder}.lost`, folder);
      });
      await stage.order('retry-rollback');
      await stage.until((seen) => seen.phase === 'rolled-back');
      await expectRolledBack(stage);
    }));

  test('that is ordered while a step is failing is overtaken by the step’s own, and nothing hangs', () =>
    withStage({ address, scenario: 'half-promoted', prepare: slowSecondStep }, async (stage) => {
      await stage.start();
      await stage.decide();
      await stage.until((seen) => seen.log.some(({ text }) => text === 'promoting: second-site'));
      expect(await stage.order('rollback')).toMatchObject({ accepted: true });
      expect(await stage.result()).toMatchObject({ end: 'rolled-back', trigger: 'promotion_step_failed' });
      await expectRolledBack(stage);
    }));

  test.skipIf(process.getuid?.() !== 0)(
    'goes first on a full disk, and its records follow when there is room',
    () =>
      withStage({ address, timings: LONG_WATCH, prepare: smallDisk }, async (stage) => {
        try {
          await untilWatching(stage);
          const filler = await fillDisk(stage);
          await stage.order('rollback');
          await stage.until((seen) => seen.phase === 'rolled-back');
          await expectRolledBack(stage);
          await rm(filler);
          const result = await stage.result();
          expect(result).toMatchObject({ end: 'rolled-back' });
          expect(result.manifest).toMatch(/^sha256:/);
        } finally {
          execFileSync('umount', ['--lazy', stage.config.evidenceDir]);
        }
      }),
  );
});

test.skipIf(process.getuid?.() !== 0)(
  'a promotion that waits for room before it opens is ended by cancelling, and lets go of its target',
  () =>
    withStage({ address, prepare: smallDisk }, async (stage) => {
      try {
        const filler = await fillDisk(stage);
        await stage.start();
        await vi.waitFor(async () => {
          const { raw } = await stage.handle.describe();
          expect(raw.pendingActivities?.map(({ lastFailure }) => lastFailure?.message).join()).toContain(
            'full: put',
          );
        }, WAIT);
        await stage.handle.cancel();
        expect(await stage.result()).toMatchObject({ end: 'aborted', reason: 'cancelled', run: '' });
        await rm(filler);
        await stage.start();
        await stage.decide('reject');
        expect(await stage.result()).toMatchObject({ end: 'rejected' });
      } finally {
        execFileSync('umount', ['--lazy', stage.config.evidenceDir]);
      }
    }),
);

test('a workflow ID that is not the lock of its target is refused', () =>
  withStage({ address }, async (stage) => {
    const handle = await stage.client.workflow.start('promotion', {
      workflowId: `promotion/${stage.target}-2026-01-01T00:00:00Z`,
      taskQueue: stage.config.taskQueue,
      args: [
        {
          target: stage.target,
          commit: stage.rehearsal.commit,
          requester: 'requester@rehearsal',
          reason: '',
        },
      ],
    });
    expect(await handle.result()).toMatchObject({ end: 'stopped', run: '' });
  }));

/** The second step takes two seconds before it fails, so that an order can come in between. */
async function slowSecondStep({ rehearsal }: Stage): Promise<void> {
  const runbook = parseDocument(await readFile(rehearsal.runbookFile, 'utf8'));
  runbook.setIn(['promotion', 'steps', 1, 'command', 'argv'], ['sh', '-c', 'sleep 2; exit 1']);
  await writeFile(rehearsal.runbookFile, runbook.toString());
}

/** The stop command runs where no gateway lives, though a state file is there. */
async function stopElsewhere({ folder, rehearsal }: Stage): Promise<void> {
  const runbook = parseDocument(await readFile(rehearsal.runbookFile, 'utf8'));
  const elsewhere = join(folder, 'rehearsal', 'elsewhere');
  runbook.setIn(['rollback', 'steps', 0, 'command', 'workingDirectory'], elsewhere);
  await writeFile(rehearsal.runbookFile, runbook.toString());
}

async function smallDisk({ config }: Stage): Promise<void> {
  await mkdir(config.evidenceDir, { recursive: true });
  execFileSync('mount', ['-t', 'tmpfs', '-o', 'size=2m,mode=0700', 'tmpfs', config.evidenceDir]);
}

/** Leaves no block free. */
async function fillDisk({ config }: Stage): Promise<string> {
  const filler = join(config.evidenceDir, '.tmp-filler');
  for (let size = 2_048; size > 0; size = Math.floor(size / 2))
    await writeFile(filler, Buffer.alloc(size * 1_024), { flag: 'a' }).catch(() => undefined);
  expect(await readdir(config.evidenceDir)).toContain('.tmp-filler');
  return filler;
}
