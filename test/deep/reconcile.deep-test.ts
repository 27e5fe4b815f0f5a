import { expect, inject, test } from 'vitest';
import { z } from 'zod';

import { promotionId } from '../../workflows/messages.js';
import { openSite, type Site } from '../support/command-line.js';

/**
 * Proves what a person sees and does after a terminate, by the command line alone, and that a worker's schedule does it
 * without anybody: real processes, the real server, the rehearsal Tau and a real git remote.
 */
const LIMIT_MS = 150_000;
const WAIT = { timeout: 60_000, interval: 200 };

async function watchedSite(): Promise<Site> {
  const site = await openSite({
    environment: { TEMPORAL_ADDRESS: inject('temporalAddress') },
    timings: { watchWindowMs: 600_000 },
  });
  await site.startPart('worker');
  expect(await site.startPromotion()).toMatchObject({ exitCode: 0, stderr: '' });
  await site.awaitsApproval();
  expect(await site.approve()).toMatchObject({ exitCode: 0 });
  await site.status(z.object({ phase: z.literal('watching') }));
  return site;
}

async function terminate({ target, withTemporal }: { target: string; withTemporal: Site['withTemporal'] }) {
  await withTemporal((client) => client.workflow.getHandle(promotionId(target)).terminate('by mistake'));
}

const scheduleOf = ({ environment }: Site): string => `reconcile-${environment['PROMOTE_TASK_QUEUE'] ?? ''}`;

test(
  'status says what to check and do, start is refused until reconcile has rolled it back',
  async () => {
    const site = await watchedSite();
    const { target, rehearsal } = site;
    // The schedule would be there first.
    expect(await site.promote('reconcile', '--stop')).toMatchObject({ exitCode: 0 });
    await terminate({ target, withTemporal: (use) => site.withTemporal(use) });

    const shown = await site.promote('status', target);
    expect(shown.stdout).toContain('while watching');
    expect(shown.stdout).toContain(`${target} may be half promoted`);
    expect(shown.stdout).toContain(`promote reconcile --target ${target}`);
    const refused = await site.startPromotion();
    expect(refused).toMatchObject({ exitCode: 2, stdout: '' });
    expect(refused.stderr).toMatch(/^promote: [^\n]+\n$/);
    for (const told of [rehearsal.commit, `promote reconcile --target ${target}`])
      expect(refused.stderr).toContain(told);

    const dry = await site.promote('--json', 'reconcile', '--target', target, '--dry-run');
    expect(JSON.parse(dry.stdout)).toMatchObject({ dryRun: true, runs: [{ target, action: 'rolls-back' }] });
    const done = await site.promote('--json', 'reconcile', '--target', target, '--reason', 'ticket 4711');
    expect(JSON.parse(done.stdout)).toMatchObject({
      dryRun: false,
      runs: [{ target, action: 'rolls-back' }],
    });
    expect(await site.promote('follow', target)).toMatchObject({ exitCode: 3 });
    expect(JSON.parse((await site.promote('--json', 'reconcile')).stdout)).toEqual({
      dryRun: false,
      runs: [],
      unreadable: [],
    });

    const same = await site.startPromotion();
    expect(same.exitCode).toBe(2);
    expect(same.stderr).toContain('--again --reason');
    const names = ['--target', target, '--commit', rehearsal.commit, '--as', 'requester@rehearsal'];
    const again = await site.promote('start', ...names, '--again', '--reason', 'terminated by mistake');
    expect(again).toMatchObject({ exitCode: 0, stderr: '' });
    expect(again.stdout).toContain(`${target} was left rolled back by the run`);
    expect(again.stdout).toContain('--gateway-service-start');
  },
  LIMIT_MS,
);

test(
  'a worker makes the schedule, and what it starts rolls back without anybody',
  async () => {
    const site = await watchedSite();
    await terminate({ target: site.target, withTemporal: (use) => site.withTemporal(use) });
    // Due within a minute; the test does not wait for it.
    await site.withTemporal((client) => client.schedule.getHandle(scheduleOf(site)).trigger());
    await expect
      .poll(async () => (await site.promote('--json', 'status', site.target)).stdout, WAIT)
      .toContain('"phase":"rolled-back"');
  },
  LIMIT_MS,
);

test(
  'the schedule stays stopped when another worker comes, until somebody sets it',
  async () => {
    const site = await openSite({ environment: { TEMPORAL_ADDRESS: inject('temporalAddress') } });
    expect((await site.promote('reconcile', '--stop')).exitCode).toBe(2);
    const worker = await site.startPart('worker');
    const state = () =>
      site.withTemporal(async (client) => {
        const { state, spec, policies } = await client.schedule.getHandle(scheduleOf(site)).describe();
        return { paused: state.paused, every: spec.intervals?.[0]?.every, overlap: policies.overlap };
      });
    expect(await state()).toEqual({ paused: false, every: 60_000, overlap: 'SKIP' });
    expect(await site.promote('reconcile', '--stop')).toMatchObject({ exitCode: 0, stderr: '' });
    await worker.end();
    await site.startPart('worker');
    expect(await state()).toMatchObject({ paused: true });
    expect(await site.promote('reconcile', '--every', '5m')).toMatchObject({ exitCode: 0, stderr: '' });
    expect(await state()).toMatchObject({ paused: false, every: 300_000 });
  },
  LIMIT_MS,
);
