import { Context } from '@temporalio/activity';

import type { AskedGate } from '../src/adapters/gates/ask.js';
import { endsSegment, gradeSample, nextDue, type Sample, type SampleGrade } from '../src/domain/watch.js';
import type { GateResult } from '../src/domain/verdict.js';
import type { KnownRun } from '../src/adapters/evidence/run-evidence.js';
import { beating } from './beating.js';
import type { Dependencies } from './dependencies.js';
import { noteSample, noteVerdict, timed } from './figures.js';
import type { StartWatchClock, WatchClock } from './watch-clock.js';

export interface WatchRequest {
  readonly run: string;
  /** Number of the first sample. */
  readonly from: number;
  readonly count: number;
  /** When the first sample is due, and when the window ends, by the server's clock; ms since the epoch. */
  readonly nextAt: number;
  readonly endsAt: number;
  /** What the sample before was: while that goes on the segment does. */
  readonly last: SampleGrade;
}

export interface WatchSegment {
  readonly samples: readonly Sample[];
  /** The last sample's gates. */
  readonly results: readonly GateResult[];
  /** Whether every sample stands in the evidence. */
  readonly recorded: boolean;
}

/**
 * Samples all gates until one fails or is unreachable, the answer changes, the window ends, or the count is reached. Samples that an attempt
 * before this one has kept are taken from the evidence, so that nothing is asked twice as often.
 */
export function watchSegmentWith(dependencies: Dependencies, startClock: StartWatchClock) {
  return ({ run, from, count, nextAt, endsAt, last }: WatchRequest): Promise<WatchSegment> =>
    beating(async (signal) => {
      const known = await dependencies.evidence.known(run);
      const limits = known.loaded.plan.watch;
      const clock = startClock(Context.current().info.currentAttemptScheduledTimestampMs);
      const samples: Sample[] = [];
      let results: readonly GateResult[] = [];
      let recorded = true;
      for (let n = from, due = nextAt; n < from + count; n += 1) {
        const kept = await dependencies.samples.read(dependencies.evidence, known.folder, n);
        const taken = kept ?? (await takeSample(dependencies, known, { n, due, clock }, signal));
        results = taken.results;
        recorded &&= taken.recorded;
        samples.push(taken.sample);
        if (endsSegment(taken.sample, last, endsAt)) break;
        due = nextDue(limits, taken.sample.at, endsAt);
      }
      return { samples, results, recorded };
    });
}

async function takeSample(
  { gates, asking, samples, evidence }: Dependencies,
  known: KnownRun,
  { n, due, clock }: { readonly n: number; readonly due: number; readonly clock: WatchClock },
  signal: AbortSignal,
): Promise<{ sample: Sample; results: readonly GateResult[]; recorded: boolean }> {
  const { loaded, folder, record } = known;
  const { target } = record;
  await clock.until(due);
  const at = clock.now();
  const asked = await Promise.all(
    loaded.plan.gates
      .filter(({ derivedFrom }) => derivedFrom.length === 0)
      .map(({ id }) => timed(target, id, () => gates.askGate(loaded, id, asking(known, signal)))),
  );
  const answerOf = async (id: string) => asked.find(({ result }) => result.gate === id);
  const derived: AskedGate[] = [];
  for (const { id, derivedFrom } of loaded.plan.gates)
    if (derivedFrom.length > 0)
      derived.push(
        await gates.deriveGate(loaded, id, async (part) => {
          const answer = await answerOf(part);
          return answer === undefined
            ? undefined
            : {
                outcome: { ...answer.result, reasonCodes: [...answer.result.reasonCodes] },
                body: answer.files[0]?.bytes,
              };
        }),
      );
  const all = [...asked, ...derived];
  const results = loaded.plan.gates
    .flatMap(({ id }) => all.filter(({ result }) => result.gate === id))
    .map(({ result }) => result);
  const sample: Sample = { n, at, grade: gradeSample(results) };
  const taken = await samples.keep(evidence, folder, { sample, results }, all);
  results.forEach((result) => noteVerdict(target, result));
  noteSample({ target, run: record.run, plan: loaded.plan, ...taken });
  return taken;
}
