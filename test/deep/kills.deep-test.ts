import { afterAll, describe, expect, inject, test } from 'vitest';

import { startPart, surroundingsOf, type Part } from '../support/command-line.js';
import { withStage, type Stage } from '../support/stage.js';
import { expectRolledBack } from '../support/tau-controls.js';
import { chooseMoment, momentText, Watcher, type Moment } from './moments.js';
import { expectPromotedOnce, expectRevertedOnce, expectWholeEvidence, keepMoves } from './proofs.js';
import { seeded } from '../support/seeded.js';

/**
 * Proves that a worker killed with -9 at any moment between the beginning of promoting and the end, and started again,
 * ends the promotion as the rules say, promotes at most once, reverts exactly once, and leaves its evidence whole: real
 * processes, a real server, a real git remote. KILLS=n rounds, SEED=n repeats the choices of a run; the machine's own
 * timing still differs. It ends at one worker and one kill a round; the server stays up.
 */
const address = inject('temporalAddress');
const KILLS = Number(process.env['KILLS'] ?? 8);
const SEED = Number(process.env['SEED'] ?? Date.now() % 1_000_000);

const TIMINGS = { watchWindowMs: 4_000, watchIntervalMs: 250, confirmAfterMs: 500 };

interface Figures {
  readonly round: number;
  readonly moment: string;
  readonly killed: boolean;
  readonly end: string;
  readonly entries: number;
  /** From the kill until the new worker polls, and from then to the next sign of progress and to the end. */
  readonly readyMs: number;
  readonly resumedMs: number;
  readonly endedMs: number;
  /** Workflow tasks that died with their worker: each costs Temporal's workflow task timeout. */
  readonly tasksLost: number;
}

const figures: Figures[] = [];
say(`kills: SEED=${SEED} KILLS=${KILLS}`);

afterAll(() => {
  const killed = figures.filter((figure) => figure.killed);
  const most = (of: 'readyMs' | 'resumedMs' | 'endedMs'): number =>
    Math.max(0, ...killed.map((figure) => figure[of]));
  say(
    `kills: ${killed.length} in ${figures.length} rounds with SEED=${SEED}; at most ${most('readyMs')} ms to a new worker, ${most('resumedMs')} ms from there to progress, ${most('endedMs')} ms to the end`,
  );
});

const choices = seeded(SEED);
const rounds = Array.from({ length: KILLS }, (_, index) => {
  const rollsBack = index % 2 === 1;
  const moment = chooseMoment(choices, rollsBack);
  const scenario = rollsBack ? 'failing-after-promotion' : 'healthy';
  return { round: index + 1, scenario, rollsBack, moment, at: momentText(moment) };
});

describe('a worker that is killed while a promotion is under way', () => {
  test.each(rounds)(
    'round $round, $scenario, killed at $at: ends as the rules say, each effect once',
    ({ round, scenario, rollsBack, moment }) =>
      withStage({ address, scenario, worker: false, timings: TIMINGS, prepare: keepMoves }, async (stage) => {
        const { result, ...met } = await promoteWithKill(stage, moment);
        expect(result.end).toBe(rollsBack ? 'rolled-back' : 'promoted');
        expect(result.trigger).toBe(rollsBack ? 'repeated_failing' : null);
        if (rollsBack) {
          expectRevertedOnce(stage);
          await expectRolledBack(stage);
        } else expectPromotedOnce(stage);
        const entries = await expectWholeEvidence(stage, result.evidence, result.run);
        const tasksLost = await lostTasks(stage);
        const figure = { round, moment: momentText(moment), end: result.end, entries, tasksLost, ...met };
        figures.push(figure);
        say(JSON.stringify(figure));
      }),
    120_000,
  );
});

type Met = Pick<Figures, 'killed' | 'readyMs' | 'resumedMs' | 'endedMs'>;
type Result = Awaited<ReturnType<Stage['result']>>;

async function promoteWithKill(stage: Stage, moment: Moment): Promise<Met & { readonly result: Result }> {
  const surroundings = await surroundingsOf(stage);
  let worker: Part = await startPart(surroundings, 'worker');
  try {
    await stage.start();
    const { evidence } = await stage.until((seen) => seen.approval !== undefined);
    const watcher = new Watcher(stage, evidence);
    try {
      await stage.decide();
      let ended = false;
      const result = stage.result().finally(() => (ended = true));
      if (!(await watcher.until(moment, () => ended)))
        return { result: await result, killed: false, readyMs: 0, resumedMs: 0, endedMs: 0 };
      await worker.kill();
      const before = watcher.progress();
      const killedAt = Date.now();
      worker = await startPart(surroundings, 'worker');
      const readyAt = Date.now();
      await watcher.untilNews(before, () => ended);
      const resumedAt = Date.now();
      return {
        result: await result,
        killed: true,
        readyMs: readyAt - killedAt,
        resumedMs: resumedAt - readyAt,
        endedMs: Date.now() - readyAt,
      };
    } finally {
      watcher.close();
    }
  } finally {
    await worker.kill();
  }
}

/** Begun and not ended; one that no worker took from the dead one's sticky queue is passed on within a second. */
async function lostTasks({ handle }: Stage): Promise<number> {
  const { events } = await handle.fetchHistory();
  const timedOut = (events ?? []).flatMap((event) => event.workflowTaskTimedOutEventAttributes ?? []);
  return timedOut.filter(({ startedEventId }) => Number(startedEventId ?? 0) > 0).length;
}

function say(line: string): void {
  process.stderr.write(`${line}\n`);
}
