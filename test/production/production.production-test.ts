import { readdirSync } from 'node:fs';
import { join, relative } from 'node:path';

import { afterAll, beforeAll, describe, expect, test, vi } from 'vitest';
import { z } from 'zod';

import { readConfig } from '../../src/config.js';
import { expectPromotedOnce, expectRevertedOnce, expectWholeEvidence, keepMoves } from '../deep/proofs.js';
import { openSite, type Part, type Site } from '../support/command-line.js';
import { expectRolledBack } from '../support/tau-controls.js';
import { Installation, timed } from './installation.js';

/**
 * Proves that promotions end as the rules say on the installation of docker-compose.yml: Temporal's own server on PostgreSQL, two
 * worker processes that share evidence and data, and every part of it killed and started again in every phase. Each effect happened
 * once, and the evidence verifies. Real servers, processes, git and HTTP; a stand-in Tau. It ends at one machine and at one crash a
 * promotion, soon after its phase began; test/deep/kills.deep-test.ts chooses the instant. A disk that lies and a network that is cut in
 * two are not shown.
 */
let installation: Installation;

beforeAll(async () => {
  installation = await timed('set up', () => Installation.open());
}, 600_000);
afterAll(async () => {
  await (installation as Installation | undefined)?.close();
}, 120_000);

const PARTS: readonly { readonly part: string; readonly crash: (running: Running) => Promise<void> }[] = [
  {
    part: 'one worker, by kill -9',
    crash: async ({ site, workers }) => {
      await workers[0]?.kill();
      workers[0] = await site.startPart('worker');
    },
  },
  {
    part: 'both workers, by kill -9',
    crash: async ({ site, workers }) => {
      await Promise.all(workers.map((worker) => worker.kill()));
      workers.splice(0, workers.length, ...(await twoWorkers(site)));
    },
  },
  {
    part: 'both workers, by SIGTERM',
    crash: async ({ site, workers }) => {
      const codes = await timed('both workers ended', () =>
        Promise.all(workers.map((worker) => worker.end())),
      );
      expect(codes).toEqual([0, 0]);
      workers.splice(0, workers.length, ...(await twoWorkers(site)));
    },
  },
  {
    part: 'the Temporal server, by kill -9',
    crash: async () => {
      await installation.temporal.crash();
      await timed('Temporal is back', () => installation.temporal.start());
    },
  },
  {
    part: 'PostgreSQL, without a checkpoint',
    crash: async () => {
      await installation.postgresql.crash();
      await timed('PostgreSQL is back', () => installation.postgresql.start());
      await timed('Temporal is healthy again', () => installation.temporal.healthy());
    },
  },
  {
    part: 'all of it at once',
    crash: async ({ site, workers }) => {
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
  },
];

/** What a promotion comes to in each scenario, whatever is killed. */
const ENDS = {
  healthy: { end: 'promoted', trigger: null, exitCode: 0 },
  'failing-after-promotion': { end: 'rolled-back', trigger: 'repeated_failing', exitCode: 3 },
} as const;
type Scenario = keyof typeof ENDS;

/** When it is killed. */
const PHASES: readonly {
  readonly phase: string;
  readonly scenario: Scenario;
  readonly approved: boolean;
  readonly reached: (site: Site) => Promise<void>;
}[] = [
  {
    phase: 'waits for approval',
    scenario: 'healthy',
    approved: false,
    reached: async () => {},
  },
  {
    phase: 'promotes',
    scenario: 'healthy',
    approved: true,
    reached: (site) => filesIn(site, 'promotion', /\.intent\.json$/, 1),
  },
  {
    phase: 'watches',
    scenario: 'healthy',
    approved: true,
    reached: (site) => filesIn(site, 'watch', /^\d+\.json$/, 2),
  },
  {
    phase: 'watches what fails',
    scenario: 'failing-after-promotion',
    approved: true,
    reached: (site) => filesIn(site, 'watch', /^\d+\.json$/, 1),
  },
  {
    phase: 'rolls back',
    scenario: 'failing-after-promotion',
    approved: true,
    reached: (site) => filesIn(site, 'rollback', /./, 1),
  },
];
const CASES = PHASES.flatMap((phase) => PARTS.map((part) => ({ ...phase, ...part })));
type Case = (typeof CASES)[number];
const NAMED = CASES.map((played) => [`that ${played.phase} goes on after ${played.part}`, played] as const);

interface Running {
  readonly site: Site;
  readonly workers: Part[];
}

describe('a promotion on PostgreSQL with two workers', () => {
  test.each(NAMED)('%s', async (name, played) => {
    const running = await begin(played.scenario);
    const end = await timed(name, async () => {
      await crashIn(played, running);
      return running.end();
    });
    await expectEnd(running.site, played.scenario, end);
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

async function crashIn({ approved, reached, crash }: Case, running: Running): Promise<void> {
  const { site } = running;
  await site.status(waiting);
  const waits = await site.promote('--json', 'list', '--waiting-for', 'approver@rehearsal');
  expect(listed(waits.stdout)).toContainEqual({ target: site.target, phase: 'awaiting-approval' });
  if (approved) await approve(site);
  await reached(site);
  await crash(running);
  if (!approved) await approve(site);
}

async function approve(site: Site): Promise<void> {
  const approved = await site.approve();
  expect(approved, approved.stderr).toMatchObject({ exitCode: 0 });
}

async function expectEnd(site: Site, scenario: Scenario, told: Result): Promise<void> {
  const { end, trigger, exitCode, run, evidence } = told;
  expect({ end, trigger, exitCode }).toEqual(ENDS[scenario]);
  if (end === 'rolled-back') {
    expectRevertedOnce(site);
    await expectRolledBack(site);
  } else expectPromotedOnce(site);
  const config = await readConfig({ cwd: site.cwd, environment: site.environment });
  await expectWholeEvidence({ config }, relative(config.evidenceDir, evidence), run);
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
