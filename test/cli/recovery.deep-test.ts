import { execFileSync } from 'node:child_process';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test, vi } from 'vitest';
import { z } from 'zod';

import { openSite, type Asked, type Site, type TauAnswer } from '../support/command-line.js';

/**
 * Proves that a promotion outlives its processes: worker and Temporal server, own ones with their state on disk, are
 * killed with -9 while it waits, while it asks and while it watches. It ends where the machine itself goes: what a disk
 * lost, and a worker on another host, are not shown.
 */
const LIMIT_MS = 150_000;

test(
  'a promotion that waits for approval goes on after worker and server were killed with -9 and started again',
  async () => {
    const site = await openSite();
    const server = await site.startPart('server');
    const worker = await site.startPart('worker');
    expect(await site.startPromotion()).toMatchObject({ exitCode: 0, stderr: '' });
    await site.awaitsApproval();
    const asked = await site.status(waiting);

    await worker.kill();
    await server.kill();
    await site.killTemporal();
    expect(await site.promote('status', site.target)).toMatchObject({ exitCode: 5 });
    await site.startPart('server');
    await site.startPart('worker');

    await site.awaitsApproval();
    expect(await site.status(waiting)).toEqual(asked);
    expect(await site.approve()).toMatchObject({ exitCode: 0, stderr: '' });
    await expectPromoted(site);
  },
  LIMIT_MS,
);

test(
  'a gate that was being asked when the worker was killed with -9 is asked again after its return',
  async () => {
    const gateway = new Gateway();
    gateway.script.push('hold');
    const site = await openSite({ gateway: (asked) => gateway.answer(asked) });
    await site.startPart('server');
    const worker = await site.startPart('worker');
    expect(await site.startPromotion()).toMatchObject({ exitCode: 0 });
    await gateway.held();

    await worker.kill();
    await site.startPart('worker');
    const readyAt = performance.now();
    const againAt = await gateway.asked(2);
    // oxlint-disable-next-line no-console -- the figure that a person wants to see
    console.info(`gate asked again after ${Math.round(againAt - readyAt)} ms`);
    await site.awaitsApproval();
  },
  LIMIT_MS,
);

test(
  'a watch goes on after each kill -9 of its worker: no sample is missing or twice, and its streak is the same',
  async () => {
    const gateway = new Gateway();
    const site = await openSite({
      gateway: (asked) => gateway.answer(asked),
      // A question that is held must not run out of time on a slow machine.
      timings: { watchWindowMs: 6_000, watchIntervalMs: 250, httpGateDeadlineMs: 60_000 },
    });
    await site.startPart('server');
    const calmWorker = await site.startPart('worker');
    expect(await site.startPromotion()).toMatchObject({ exitCode: 0 });
    await site.awaitsApproval();
    expect(await site.approve()).toMatchObject({ exitCode: 0 });

    // Within a segment: its first samples are in the evidence, and Temporal knows of none.
    await vi.waitFor(async () => expect(await samplesOf(site)).not.toEqual([]), WAIT);
    gateway.script.push('hold');
    await gateway.held();
    const kept = await samplesOf(site);
    // Only a dead worker asks nothing more that could take the next answer.
    await calmWorker.kill();
    gateway.script.push('garble', 'hold');

    // Within a streak: the sample that is asked again turns out unreachable, and the one after it is being asked.
    const worriedWorker = await site.startPart('worker');
    await gateway.held();
    const streak = await site.status(watching);
    expect(streak.watch).toMatchObject({ unreachableStreak: 1, last: 'unreachable' });
    await worriedWorker.kill();
    gateway.script.push('hold');

    await site.startPart('worker');
    const release = await gateway.held();
    expect(await site.status(watching)).toEqual(streak);
    release();
    await expectPromoted(site);

    const samples = await samplesOf(site);
    expect(samples.slice(0, kept.length)).toEqual(kept);
    const numbers = samples.map((_, index) => index + 1);
    expect(samples.map(({ n }) => n)).toEqual(numbers);
    const times = samples.map(({ at }) => at);
    expect(times).toEqual([...new Set(times)].sort((one, other) => one - other));
    expect(samples.filter(({ grade }) => grade !== 'pass')).toMatchObject([{ n: streak.watch.samples }]);
    expect(await sampledInJournal(site)).toEqual(numbers);
  },
  LIMIT_MS,
);

test(
  'a worker that loses its server says so on stderr, and leaves stdout to documents',
  async () => {
    const site = await openSite();
    const server = await site.startPart('server');
    const worker = await site.startPart('worker');
    await server.kill();
    await site.killTemporal();
    await vi.waitFor(() => expect(worker.stderr()).toMatch(/worker: (warn|error): /), WAIT);
    const documents = worker.stdout().trimEnd().split('\n');
    expect(documents.map((line): unknown => JSON.parse(line))).toMatchObject([{ namespace: 'default' }]);
  },
  LIMIT_MS,
);

const WAIT = { timeout: 30_000, interval: 50 };

const waiting = z.object({ runId: z.string(), digest: z.string(), deadline: z.string() });
const watching = z.object({
  watch: z.object({
    samples: z.int(),
    failingStreak: z.int(),
    unreachableStreak: z.int(),
    last: z.string(),
    endsAt: z.string(),
  }),
});

async function expectPromoted(site: Site): Promise<void> {
  const { exitCode, stdout, stderr } = await site.promote('--json', 'follow', site.target);
  const told: unknown = JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? '');
  expect(told, stderr).toMatchObject({ type: 'result', end: 'promoted', exitCode: 0 });
  expect(exitCode).toBe(0);
  const { remote, branch, commit } = site.rehearsal;
  const tip = execFileSync('git', ['-C', remote, 'rev-parse', `refs/heads/${branch}`], { encoding: 'utf8' });
  expect(tip.trim()).toBe(commit);
}

/** In Tau's place: it answers each question about the gateway's status as its script says, then as Tau does. */
class Gateway {
  readonly script: ('hold' | 'garble')[] = [];
  readonly #askedAt: number[] = [];
  #held: (() => void) | undefined;

  async answer({ path, tau }: Asked): Promise<TauAnswer> {
    if (path !== '/gateway/status') return tau();
    this.#askedAt.push(performance.now());
    const does = this.script.shift();
    if (does === 'garble') return { status: 200, type: 'text/plain', text: 'nothing that could be read' };
    if (does === 'hold') await new Promise<void>((release) => (this.#held = release));
    return tau();
  }

  /** Waits until a question is held. It is then the caller's, to release or to lose. */
  held(): Promise<() => void> {
    return vi.waitFor(() => {
      const held = this.#held;
      if (held === undefined) throw new Error('no question is held');
      this.#held = undefined;
      return held;
    }, WAIT);
  }

  /** Waits for the nth question; when it came, on the clock of performance.now(). */
  asked(nth: number): Promise<number> {
    return vi.waitFor(() => {
      const at = this.#askedAt[nth - 1];
      if (at === undefined) throw new Error(`${this.#askedAt.length} of ${nth} questions were asked`);
      return at;
    }, WAIT);
  }
}

const sampleFile = z.object({ n: z.int(), at: z.int(), grade: z.string() });

/** The watch's samples as the evidence has them, in the order of their files. */
async function samplesOf(site: Site): Promise<readonly z.infer<typeof sampleFile>[]> {
  const [run = ''] = await site.evidence();
  const folder = join(site.evidenceDir, run, 'watch');
  const names = (await readdir(folder).catch(() => [])).filter((name) => /^\d+\.json$/.test(name)).sort();
  return Promise.all(
    names.map(async (name) => sampleFile.parse(JSON.parse(await readFile(join(folder, name), 'utf8')))),
  );
}

const entry = z.object({
  kind: z.string(),
  body: z.object({ samples: z.array(z.object({ from: z.int(), to: z.int() })).default([]) }),
});

/** The numbers of all samples that the run was told of, as often as it was told. */
async function sampledInJournal(site: Site): Promise<readonly number[]> {
  const [run = ''] = await site.evidence();
  const lines = (await readFile(join(site.evidenceDir, run, 'journal.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines
    .map((line) => entry.parse(JSON.parse(line)))
    .filter(({ kind }) => kind === 'sampled')
    .flatMap(({ body }) => body.samples)
    .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
}
