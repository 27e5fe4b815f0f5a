import type { OwnReasonCode } from './reason-codes/catalogue.js';
import type { Effect } from './effect.js';
import type { PromotionEvent } from './event.js';
import { end, type Move, type PromotionState } from './move.js';
import { isEnd, type End, type Phase } from './phase.js';
import type { Sample, SampleGrade } from './watch.js';

/**
 * How an event comes into the journal. `append`: durably, before the next step; `owe`: queued, and not waited for;
 * `gather`: in one entry with the samples before and after it.
 */
export type Recording = 'append' | 'owe' | 'gather';

/**
 * "No record, no next step (a rollback alone goes first and owes the record; so does a watch's sampling)"; nor does what
 * is half promoted wait for a record: it is finished or rolled back. A fault of our own may be the journal's.
 */
export function recordingOf(before: PromotionState, event: PromotionEvent, after: PromotionState): Recording {
  if (event.type === 'sampled' && isCalm(before, event) && after.phase === 'watching') return 'gather';
  if (event.type === 'faulted') return 'owe';
  return before.phase === 'promoting' || goesFirst(before.phase) || goesFirst(after.phase) ? 'owe' : 'append';
}

/**
 * What stands in the evidence in files of its own already (answers, votes) goes into the journal together with what follows.
 * Before people are asked, and before anything acts, all of it is written.
 */
export function isHeld(event: PromotionEvent, after: PromotionState): boolean {
  return STAND_BY_THEMSELVES.has(event.type) && !isEnd(after.phase);
}

const STAND_BY_THEMSELVES: ReadonlySet<PromotionEvent['type']> = new Set([
  'prerequisites-checked',
  'round-closed',
  'approved',
  'preflight-closed',
]);

function goesFirst(phase: Phase | End): boolean {
  return phase === 'watching' || phase === 'rolling-back' || phase === 'rollback-failed';
}

/** Samples that pass like the one before them, each of them kept in the evidence already. */
function isCalm(
  { watch }: PromotionState,
  { samples, recorded }: Extract<PromotionEvent, { type: 'sampled' }>,
): boolean {
  return recorded && (watch?.last ?? 'pass') === 'pass' && samples.every(({ grade }) => grade === 'pass');
}

/** A day of calm at 15 s is a dozen entries. */
const SAMPLES_AN_ENTRY = 500;

/** No more samples share this entry. */
export function isFullEntry(samples: readonly Sample[]): boolean {
  return samples.length >= SAMPLES_AN_ENTRY;
}

export interface SampleRange {
  readonly from: number;
  readonly to: number;
  readonly fromAt: number;
  readonly toAt: number;
  readonly grade: SampleGrade;
}

/** Consecutive samples of one grade are one range. Each has a file of its own. */
export function sampleRanges(samples: readonly Sample[]): readonly SampleRange[] {
  const ranges: SampleRange[] = [];
  for (const { n, at, grade } of samples) {
    const range = ranges.at(-1);
    if (range?.grade === grade) ranges[ranges.length - 1] = { ...range, to: n, toAt: at };
    else ranges.push({ from: n, to: n, fromAt: at, toAt: at, grade });
  }
  return ranges;
}

/** Without its evidence no promotion is clean: what could not be sealed ends promoted with warnings at best. */
export function unsealed(state: PromotionState, effect: Extract<Effect, { do: 'end' }>): Move {
  return effect.end === 'promoted'
    ? end(state, 'promoted-with-warnings', 'evidence_not_sealed' satisfies OwnReasonCode)
    : { state, effect };
}
