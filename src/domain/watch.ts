import type { Plan, WatchLimits } from './plan.js';
import type { TriggerCode } from './triggers.js';
import type { GateResult } from './verdict.js';

/** A sample's worst gate names it; misconfigured is a hold. */
export type SampleGrade = 'failing' | 'unreachable' | 'hold' | 'pass';

export interface Sample {
  readonly n: number;
  /** When it was asked, ms since the epoch. */
  readonly at: number;
  readonly grade: SampleGrade;
}

export interface WatchState {
  readonly endsAt: number;
  readonly samples: number;
  /** When the next sample is due, ms since the epoch. */
  readonly nextAt: number;
  readonly failingStreak: number;
  readonly unreachableStreak: number;
  readonly last: SampleGrade | undefined;
  /** Samples whose record could not be written; such a watch can't end promoted. */
  readonly unrecorded: number;
}

export type WatchDecision =
  | { readonly decision: 'go-on' }
  | { readonly decision: 'roll-back'; readonly trigger: TriggerCode }
  | { readonly decision: 'ended'; readonly end: 'promoted' | 'promoted-with-warnings' };

/** failing > unreachable or malformed > hold > pass. No answer at all is unreachable. */
export function gradeSample(results: readonly GateResult[]): SampleGrade {
  if (results.some(({ failing }) => failing)) return 'failing';
  if (results.length === 0 || results.some(({ kind }) => kind === 'unreachable' || kind === 'malformed'))
    return 'unreachable';
  return results.some(({ verdict }) => verdict === 'hold') ? 'hold' : 'pass';
}

export function beginWatch(limits: WatchLimits, promotedAt: number): WatchState {
  return {
    endsAt: promotedAt + limits.windowMs,
    samples: 0,
    nextAt: promotedAt + Math.min(limits.intervalMs, limits.windowMs),
    failingStreak: 0,
    unreachableStreak: 0,
    last: undefined,
    unrecorded: 0,
  };
}

/** The window's last sample is asked at its end, not an interval later; a window that is prolonged goes on at the interval. */
export function nextDue({ intervalMs }: WatchLimits, at: number, endsAt: number): number {
  const due = at + intervalMs;
  return at < endsAt ? Math.min(due, endsAt) : due;
}

const SEGMENT_SAMPLES = 20;

/** How many samples may be taken before these rules look at them: while nothing changes several, in a streak each alone. */
export function segmentLength({ failingStreak, unreachableStreak }: WatchState): number {
  return failingStreak === 0 && unreachableStreak === 0 ? SEGMENT_SAMPLES : 1;
}

/** A sample that these rules have to look at before another is taken: trouble, a change, or the window's last. */
export function endsSegment(sample: Sample, before: SampleGrade, endsAt: number): boolean {
  const trouble = sample.grade === 'failing' || sample.grade === 'unreachable';
  return trouble || sample.grade !== before || sample.at >= endsAt;
}

export interface WatchRules extends WatchLimits {
  /** How late a sample may be because the one before it was still being asked, ms. What is later was not watched. */
  readonly slackMs: number;
}

/** When at the latest the sample after one that was taken then must have been: one interval more than its due time, or as much as the slowest gate may take. ms */
export function sampleDueBy(plan: Plan, takenAt: number): number {
  return takenAt + plan.watch.intervalMs + watchRules(plan).slackMs;
}

export function watchRules({ watch, gates }: Plan): WatchRules {
  return { ...watch, slackMs: Math.max(watch.intervalMs, ...gates.map(({ deadlineMs }) => deadlineMs)) };
}

/**
 * A hold or pass resets the failing streak; an unreachable sample neither resets nor advances it. Time in which nobody
 * asked (no worker, no server, no store) is added to the window: a window is watched whole, or it has not ended.
 */
export function addSample(
  rules: WatchRules,
  watch: WatchState,
  sample: Sample,
  recorded: boolean,
): WatchState {
  const lateMs = sample.at - watch.nextAt;
  const endsAt = watch.endsAt + (lateMs > rules.slackMs ? lateMs : 0);
  const bad = sample.grade === 'failing' || sample.grade === 'unreachable';
  return {
    ...watch,
    endsAt,
    samples: sample.n,
    nextAt: nextDue(rules, sample.at, endsAt),
    failingStreak:
      sample.grade === 'failing'
        ? watch.failingStreak + 1
        : sample.grade === 'unreachable'
          ? watch.failingStreak
          : 0,
    unreachableStreak: bad ? watch.unreachableStreak + 1 : 0,
    last: sample.grade,
    unrecorded: watch.unrecorded + (recorded ? 0 : 1),
  };
}

/** An open failing or unreachable streak prolongs the window: a doubt is neither a pass nor a rollback. */
export function decideWatch(limits: WatchLimits, watch: WatchState, lastSampleAt: number): WatchDecision {
  if (watch.failingStreak >= limits.repeatedFailing)
    return { decision: 'roll-back', trigger: 'repeated_failing' };
  if (watch.unreachableStreak >= limits.unreachableLimit)
    return { decision: 'roll-back', trigger: 'unreachable' };
  const open = watch.failingStreak > 0 || watch.unreachableStreak > 0;
  if (lastSampleAt < watch.endsAt || open) return { decision: 'go-on' };
  const clean = watch.last === 'pass' && watch.unrecorded === 0;
  return { decision: 'ended', end: clean ? 'promoted' : 'promoted-with-warnings' };
}
