import { mkdtemp, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import { afterAll, beforeAll, expect, inject, test } from 'vitest';

import { explain, labelOf, type Observed } from '../support/race-model.js';
import { planOfRace, racePlan, REQUESTER, type RacePlan } from '../support/race-plan.js';
import { runRace, type Raced } from '../support/race.js';
import { seeded } from '../support/seeded.js';
import { setStage, type Play, type Stage } from '../support/stage.js';
import { replay } from '../replay/replaying.js';
import { expectWholeEvidence } from './proofs.js';
import { acceptedIn, askedIn, expectQuorum, journalOf } from './race-evidence.js';

/**
 * Proves that whatever people say at the same moments comes out as if they had said it one after the other: every answer,
 * every record and the end fit one order that the rules alone explain, and nothing is promoted without a quorum for the
 * digest that stood. Approvals, rejects, repetitions, strangers, decisions on other digests, aborts, cancellations, deadlines
 * and preflights that fail, by update and by signal. RACE_SEED sets the first seed, RACES how many. The same seed says the
 * same things at moments that are the machine's own: how they interleaved stands in what is printed. No signature is raced.
 */
const address = inject('temporalAddress');
const FIRST_SEED = Number(process.env['RACE_SEED'] ?? 1 + Math.floor(Math.random() * 1_000_000));
const RACES = Number(process.env['RACES'] ?? 200);
const AT_ONCE = 8;
const OVERDUE_MS = 240_000;
/** One history in so many is replayed. */
const REPLAYED = 20;

let host: Stage<Play>;
beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'promote-races-'));
  const play: Play = { runbookFile: '', commit: 'a'.repeat(40), environment: {}, close: async () => {} };
  host = await setStage(folder, play, { address, runbookFor: (target) => join(folder, `${target}.json`) });
  // A watch's time passes at once.
  host.watchClock = (scheduledAt) => {
    let now = scheduledAt;
    return { now: () => now, until: async (dueAt) => void (now = Math.max(now, dueAt)) };
  };
  await host.startWorker();
});
afterAll(() => host.close());

interface Seen {
  readonly seed: number;
  readonly stage: Stage<Play>;
  readonly raced: Raced;
}

const FACTS = {
  ends: new Map<string, number>(),
  refusals: new Map<string, number>(),
  said: 0,
};

test(
  `${RACES} races, the first of seed ${FIRST_SEED}, each come out as some order of what was said explains`,
  { timeout: 900_000 },
  async () => {
    const begunAt = Date.now();
    const seeds = Array.from({ length: RACES }, (_, index) => FIRST_SEED + index);
    const seen: Seen[] = [];
    const runner = async (): Promise<void> => {
      for (let seed = seeds.shift(); seed !== undefined; seed = seeds.shift()) {
        seen.push(await raceOf(seed));
        if (seen.length % 25 === 0)
          process.stderr.write(`${seen.length} races in ${Date.now() - begunAt} ms\n`);
      }
    };
    // One that is not explained fails the test once the others are over: they still use the server.
    const runners = await Promise.allSettled(Array.from({ length: AT_ONCE }, runner));
    for (const ran of runners) if (ran.status === 'rejected') throw ran.reason;
    const racedMs = Date.now() - begunAt;
    await expectReplayed(seen.filter((_, index) => index % REPLAYED === 0));
    print(racedMs, Date.now() - begunAt);
    expect(seen).toHaveLength(RACES);
  },
);

async function raceOf(seed: number): Promise<Seen> {
  const race = racePlan(seeded(seed));
  const stage = host.another();
  const over = new AbortController();
  try {
    const raced = await Promise.race([
      runRace(stage, race, stage.config.runbookFor(stage.target)),
      overdue(stage, over.signal),
    ]);
    await expectExplained(stage, race, raced);
    return { seed, stage, raced };
  } catch (cause) {
    const history = join(tmpdir(), `race-${seed}-history.json`);
    await writeFile(history, JSON.stringify(await stage.handle.fetchHistory().catch(() => null)));
    const inputs = JSON.stringify(race);
    throw new Error(`the race of RACE_SEED=${seed} RACES=1, history in ${history}, of ${inputs}`, { cause });
  } finally {
    over.abort();
  }
}

/** One that hangs is named by its seed, which the test's own time limit could not. */
async function overdue(stage: Stage<Play>, over: AbortSignal): Promise<never> {
  await sleep(OVERDUE_MS, undefined, { ref: false, signal: over });
  const { phase, doing, log } = await stage.view();
  throw new Error(`still ${phase}, ${doing}: ${JSON.stringify(log)}`);
}

async function expectExplained(stage: Stage<Play>, race: RacePlan, raced: Raced): Promise<void> {
  const { view, end, spoken, promoted } = raced;
  await expectWholeEvidence(stage, view.evidence, view.run);
  await expectQuorum(stage, view.evidence, { approvers: race.approvers, promoted });
  const observed: Observed = {
    plan: planOfRace(race),
    run: view.run,
    deployment: view.deployment,
    target: stage.target,
    requester: REQUESTER,
    rounds: race.rounds,
    asked: await askedIn(stage, view.evidence),
    spoken,
    refusals: view.refusals,
    votes: acceptedIn(await journalOf(stage, view.evidence)),
    end,
  };
  if (explain(observed) === undefined)
    throw new Error(`no order explains ${JSON.stringify(end)}:\n${linesOf(observed).join('\n')}`);
  FACTS.ends.set(end.end, (FACTS.ends.get(end.end) ?? 0) + 1);
  for (const { reason } of view.refusals) FACTS.refusals.set(reason, (FACTS.refusals.get(reason) ?? 0) + 1);
  FACTS.said += spoken.length;
}

function linesOf({ spoken, refusals, votes, asked }: Observed): readonly string[] {
  const from = Math.min(...spoken.map(({ saidAt }) => saidAt));
  return [
    ...spoken.map(
      (said) =>
        `  ${said.saidAt - from} to ${said.answeredAt - from} ms: ${labelOf(said)} ${JSON.stringify(said.says)}`,
    ),
    ...asked.map(
      ({ epoch, subject, expiresAt }) => `  request ${epoch}: ${subject} until ${expiresAt - from} ms`,
    ),
    ...votes.map(({ by, verdict, subject }) => `  recorded: ${by}: ${verdict} ${subject}`),
    ...refusals.map(({ by, what, reason }) => `  recorded: ${by}: ${what} refused: ${reason}`),
  ];
}

/** A worker that starts anew replays a history to answer: it sees the same end, votes, refusals and records. */
async function expectReplayed(seen: readonly Seen[]): Promise<void> {
  const histories = await Promise.all(seen.map(({ stage }) => stage.handle.fetchHistory()));
  for (const { error } of await replay(histories)) expect(error).toBeUndefined();
  await host.stopWorker();
  await host.startWorker();
  for (const { seed, stage, raced } of seen)
    expect(await stage.view(), `RACE_SEED=${seed}`).toEqual(raced.view);
}

function listed(counts: ReadonlyMap<string, number>): string {
  return [...counts]
    .sort(([, a], [, b]) => b - a)
    .map(([what, count]) => `${count} ${what}`)
    .join(', ');
}

function print(racedMs: number, wholeMs: number): void {
  process.stderr.write(
    `${RACES} races from seed ${FIRST_SEED}, ${FACTS.said} messages, in ${racedMs} ms, with replays ${wholeMs} ms; ` +
      `ends: ${listed(FACTS.ends)}; refused: ${listed(FACTS.refusals)}\n`,
  );
}
