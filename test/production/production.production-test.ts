import { readdirSync } from 'node:fs';
import { join } from 'node:path';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';

import { readConfig } from '../../src/config.js';
import { expectPromotedOnce, expectRevertedOnce, expectWholeEvidence, keepMoves } from '../deep/proofs.js';
import { openSite, type Part, type Site } from '../support/command-line.js';
import { expectRolledBack } from '../support/tau-controls.js';
import { Installation, say, timed } from './installation.js';

/**
 * Proves that promotions end as the rules say on the installation of docker-compose.yml: Temporal's own server on PostgreSQL, two
 * worker processes that share evidence and data, and every part of it killed and started again in every phase. Each effect happened
 * once, and the evidence verifies. Real servers, processes, git and HTTP; a stand-in Tau. It ends at one machine, and at one crash a
 * promotion: a disk that lies and a network that is cut in two are not shown.
 */
let installation: Installation;

beforeAll(async () => {
  installation = await timed('set up', () => Installation.open());
}, 600_000);
afterAll(async () => {
  await (installation as Installation | undefined)?.close();
}, 120_000);

const PARTS = {
  'one worker, by kill -9': async ({ site, workers }: Running) => {
    await workers[0]?.kill();
    workers[0] = await site.startPart('worker');
  },
  'both workers, by kill -9': async ({ site, workers }: Running) => {
    await Promise.all(workers.map((worker) => worker.kill()));
    workers.splice(0, workers.length, ...(await twoWorkers(site)));
  },
  'both workers, by SIGTERM': async ({ site, workers }: Running) => {
    const codes = await timed('both workers ended', () => Promise.all(workers.map((worker) => worker.end())));
    expect(codes).toEqual([0, 0]);
    workers.splice(0, workers.length, ...(await twoWorkers(site)));
  },
  'the Temporal server, by kill -9': async () => {
    await installation.temporal.crash();
    await timed('Temporal is back', () => installation.temporal.start());
  },
  'PostgreSQL, without a checkpoint': async () => {
    await installation.postgresql.crash();
    await timed('PostgreSQL is back', () => installation.postgresql.start());
    await timed('Temporal is healthy again', () => installation.temporal.healthy());
  },
  'all of it at once': async ({ site, workers }: Running) => {
    await Promise.all([
      ...workers.map((worker) => worker.kill()),
      installation.temporal.crash(),
      installation.postgresql.crash(),
    ]);
    await timed('all is back', async () => {
      await installation.postgresql.start();
      await installation.temporal.start();
      workers.splice(0, workers.length, ...(await twoWorkers(site)));
    });
  },
} as const;

/** What a promotion comes to in each scenario, whatever is killed. */
const ENDS = {
  healthy: { end: 'promoted', trigger: null, exitCode: 0 },
  'failing-after-promotion': { end: 'rolled-back', trigger: 'repeated_failing', exitCode: 3 },
} as const;
type Scenario = keyof typeof ENDS;

/** When it is killed. */
const PHASES = {
  'waits for approval': { scenario: 'healthy', reached: (site: Site) => site.status(waiting) },
  promotes: {
    scenario: 'healthy',
    reached: (site: Site) => filesIn(site, 'promotion', /\.intent\.json$/, 1),
  },
  watches: { scenario: 'healthy', reached: (site: Site) => filesIn(site, 'watch', /^\d+\.json$/, 2) },
  'watches what fails': {
    scenario: 'failing-after-promotion',
    reached: (site: Site) => filesIn(site, 'watch', /^\d+\.json$/, 1),
  },
  'rolls back': {
    scenario: 'failing-after-promotion',
    reached: (site: Site) => filesIn(site, 'rollback', /./, 1),
  },
} as const;

type PartName = keyof typeof PARTS;
type PhaseName = keyof typeof PHASES;
const CASES = keysOf(PHASES).flatMap((phase) => keysOf(PARTS).map((part) => ({ phase, part })));

interface Running {
  readonly site: Site;
  readonly workers: Part[];
}

describe('a promotion on PostgreSQL with two workers', () => {
  test.each(CASES)('that $phase goes on after $part', async ({ phase, part }) => {
    const began = performance.now();
    const running = await begin(PHASES[phase].scenario);
    await crashIn(phase, part, running);
    const result = await running.end();
    await expectEnd(running.site, PHASES[phase].scenario, result);
    say(`${phase}, ${part}: ${result.end} after ${Math.round(performance.now() - began)} ms`);
  });
});

async function begin(scenario: Scenario): Promise<Running & { readonly end: () => Promise<Result> }> {
  const site = await openSite({
    scenario,
    // Long enough apart that a crash comes between two samples.
    timings: { watchWindowMs: 6_000, watchIntervalMs: 1_000, confirmAfterMs: 500 },
    environment: {
      TEMPORAL_ADDRESS: installation.temporal.address,
      TEMPORAL_NAMESPACE: installation.namespace,
    },
  });
  await keepMoves(site);
  const workers = await twoWorkers(site);
  const started = await site.startPromotion();
  expect(started, started.stderr).toMatchObject({ exitCode: 0 });
  // Throughout: it has patience with servers that go and come.
  const followed = site.promote('--json', 'follow', '--patience', '120', site.target);
  const end = async (): Promise<Result> => {
    const { stdout, stderr, exitCode } = await followed;
    const told = result.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''), {
      error: () => stderr,
    });
    expect(told.exitCode).toBe(exitCode);
    return told;
  };
  return { site, workers, end };
}

async function crashIn(phase: PhaseName, part: PartName, running: Running): Promise<void> {
  const { site } = running;
  await site.status(waiting);
  const waits = await site.promote('--json', 'list', '--waiting-for', 'approver@rehearsal');
  expect(listed(waits.stdout)).toContainEqual({ target: site.target, phase: 'awaiting-approval' });
  const approve = async (): Promise<void> => {
    const approved = await site.approve();
    expect(approved, approved.stderr).toMatchObject({ exitCode: 0 });
  };
  if (phase !== 'waits for approval') await approve();
  await PHASES[phase].reached(site);
  await PARTS[part](running);
  if (phase === 'waits for approval') await approve();
}

async function expectEnd(site: Site, scenario: Scenario, told: Result): Promise<void> {
  const { end, trigger, exitCode, run, evidence } = told;
  expect({ end, trigger, exitCode }).toEqual(ENDS[scenario]);
  if (end === 'rolled-back') {
    expectRevertedOnce(site);
    await expectRolledBack(site);
  } else expectPromotedOnce(site);
  const config = await readConfig({ cwd: site.cwd, environment: site.environment });
  await expectWholeEvidence({ config }, evidence, run);
  // By its search attributes, which PostgreSQL keeps; they come a moment after the end.
  await vi.waitFor(async () => {
    const all = await site.promote('--json', 'list', '--all', '--limit', '1000');
    expect(listed(all.stdout)).toContainEqual({ target: site.target, phase: end });
  }, WAIT);
}

async function twoWorkers(site: Site): Promise<Part[]> {
  return Promise.all([site.startPart('worker'), site.startPart('worker')]);
}

/** Waits until the run's evidence has so many: asking the worker would ask its next victim. */
async function filesIn(site: Site, folder: string, name: RegExp, least: number): Promise<void> {
  await vi.waitFor(
    async () => {
      const [run = ''] = await site.evidence();
      const found = readdirSync(join(site.evidenceDir, run, folder)).filter((file) => name.test(file));
      expect(found.length).toBeGreaterThanOrEqual(least);
    },
    { ...WAIT, interval: 5 },
  );
}

const WAIT = { timeout: 60_000, interval: 200 };
const waiting = z.object({ phase: z.literal('awaiting-approval'), digest: z.string() });
const result = z.object({
  type: z.literal('result'),
  end: z.string(),
  trigger: z.string().nullable(),
  exitCode: z.int(),
  run: z.string(),
  evidence: z.string(),
});
type Result = z.infer<typeof result>;
const listedPromotion = z.object({ target: z.string(), phase: z.string() });

function listed(stdout: string): readonly z.infer<typeof listedPromotion>[] {
  const lines = stdout.split('\n').filter((line) => line !== '');
  return lines.map((line) => listedPromotion.parse(JSON.parse(line)));
}

function keysOf<K extends string>(of: Readonly<Record<K, unknown>>): readonly K[] {
  return Object.keys(of) as K[];
}
