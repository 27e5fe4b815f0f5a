import { z } from 'zod';

import type { WatchLimits } from '../../../domain/plan.js';
import type { GateResult } from '../../../domain/verdict.js';
import type { JournalEntry } from '../journal.js';
import type { KnownRun, RunEvidence } from '../run-evidence.js';
import { read as readSample } from '../samples.js';
import { isoTime, orUnreadable, told } from './entries.js';

export interface ReportedWatch {
  readonly limits: WatchLimits;
  readonly from: string;
  readonly to: string;
  readonly grades: Readonly<Record<string, number>>;
  /** Longest, by the rules of the watch: an unreachable sample neither ends nor prolongs a failing streak. */
  readonly failingStreak: number;
  readonly unreachableStreak: number;
  /** Entries of samples that could not be kept. */
  readonly unrecorded: boolean;
  readonly trouble: readonly Trouble[];
}

/** Consecutive samples of one grade that is no pass. */
export interface Trouble {
  readonly from: number;
  readonly to: number;
  readonly fromAt: string;
  readonly toAt: string;
  readonly grade: string;
  /** What the first of them was told; empty where it is not kept. */
  readonly gates: readonly Pick<GateResult, 'gate' | 'health' | 'rolloutGate' | 'reasonCodes'>[];
}

const rangeSchema = z.object({
  from: z.int(),
  to: z.int(),
  fromAt: z.number(),
  toAt: z.number(),
  grade: z.string(),
});
type Range = z.infer<typeof rangeSchema>;
const sampledSchema = z.object({ samples: z.array(rangeSchema), recorded: z.boolean().default(true) });

/** As many as a person reads; all of them stand in the journal. */
const TROUBLE_SHOWN = 50;

export async function watchOf(
  evidence: RunEvidence,
  { folder, loaded }: KnownRun,
  entries: readonly JournalEntry[],
): Promise<ReportedWatch | undefined> {
  const sampled = told(entries, 'sampled', sampledSchema);
  const ranges = sampled.flatMap(({ samples }) => samples);
  const [first, last] = [ranges[0], ranges.at(-1)];
  if (first === undefined || last === undefined) return undefined;
  const trouble = joined(ranges).filter(({ grade }) => grade !== 'pass');
  return {
    limits: loaded.plan.watch,
    from: isoTime(first.fromAt),
    to: isoTime(last.toAt),
    grades: counted(ranges),
    ...streaks(ranges),
    unrecorded: sampled.some(({ recorded }) => !recorded),
    trouble: await Promise.all(
      trouble.map(async (range, index) => ({
        ...range,
        fromAt: isoTime(range.fromAt),
        toAt: isoTime(range.toAt),
        gates: index < TROUBLE_SHOWN ? await holdingIn(evidence, folder, range.from) : [],
      })),
    ),
  };
}

/** `7`, or `7 to 12`. */
export function samplesOf({ from, to }: { readonly from: number; readonly to: number }): string {
  return from === to ? `${from}` : `${from} to ${to}`;
}

function counted(ranges: readonly Range[]): Readonly<Record<string, number>> {
  const grades = new Map<string, number>();
  for (const { grade, from, to } of ranges) grades.set(grade, (grades.get(grade) ?? 0) + to - from + 1);
  return Object.fromEntries(grades);
}

/** Ranges of one grade that follow each other in several entries. */
function joined(ranges: readonly Range[]): readonly Range[] {
  const all: Range[] = [];
  for (const range of ranges) {
    const before = all.at(-1);
    if (before?.grade === range.grade && before.to + 1 === range.from)
      all[all.length - 1] = { ...before, to: range.to, toAt: range.toAt };
    else all.push(range);
  }
  return all;
}

function streaks(ranges: readonly Range[]): Pick<ReportedWatch, 'failingStreak' | 'unreachableStreak'> {
  const longest = { failingStreak: 0, unreachableStreak: 0 };
  let failing = 0;
  let unreachable = 0;
  for (const { grade, from, to } of ranges) {
    const samples = to - from + 1;
    failing = grade === 'failing' ? failing + samples : grade === 'unreachable' ? failing : 0;
    unreachable = grade === 'failing' || grade === 'unreachable' ? unreachable + samples : 0;
    longest.failingStreak = Math.max(longest.failingStreak, failing);
    longest.unreachableStreak = Math.max(longest.unreachableStreak, unreachable);
  }
  return longest;
}

async function holdingIn(evidence: RunEvidence, folder: string, n: number): Promise<Trouble['gates']> {
  const sample = await orUnreadable(readSample(evidence, folder, n));
  if (sample === undefined || sample === 'unreadable') return [];
  return sample.results.filter(({ verdict }) => verdict === 'hold');
}
