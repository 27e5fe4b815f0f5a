/** A run of a target as its evidence remembers it, whatever Temporal has forgotten. */
export interface PastRun {
  readonly run: string;
  readonly commit: string;
  readonly requester: string;
  /** How it ended; undefined where nobody has said. */
  readonly end: string | undefined;
  /** It began to promote or to roll back: where it has no end, the target may be half promoted. */
  readonly touched: boolean;
  /** Its evidence is closed by a manifest, which the next run follows. */
  readonly sealed: boolean;
}

/** The newest run, where its evidence was never closed: what came after it would have nothing to follow. */
export function leftUnsealed<Run extends PastRun>(newestFirst: readonly Run[]): Run | undefined {
  const [newest] = newestFirst;
  return newest?.sealed === false ? newest : undefined;
}

/** The run that the target was last left rolled back by; undefined where it was promoted since, or never rolled back. */
export function leftRolledBack<Run extends PastRun>(newestFirst: readonly Run[]): Run | undefined {
  const last = newestFirst.find(({ end }) => isRolledBack(end) || isPromoted(end));
  return isRolledBack(last?.end) ? last : undefined;
}

/** "starting the same commit again" after it was rolled back needs to be asked for by name. */
export function rolledBackWith<Run extends PastRun>(
  newestFirst: readonly Run[],
  commit: string,
): Run | undefined {
  return leftRolledBack(newestFirst.filter((run) => run.commit === commit));
}

/** Runs that may have left the target half promoted, and that nobody has settled. */
export function unsettled<Run extends PastRun>(runs: readonly Run[]): readonly Run[] {
  return runs.filter(({ end, touched }) => end === undefined && touched);
}

/** How a run ended, by each of its histories: after a workflow reset another one may have ended too. */
export interface ToldEnds {
  readonly sealed: string | undefined;
  readonly noted: readonly string[];
}

/**
 * The end that counts: that it was rolled back, whatever was sealed; what was sealed; of what was noted alone, that something was
 * promoted.
 */
export function endThatCounts({ sealed, noted }: ToldEnds): string | undefined {
  const all = sealed === undefined ? noted : [sealed, ...noted];
  return (
    all.find(isRolledBack) ?? sealed ?? PROMOTED.find((end) => noted.includes(end)) ?? noted.toSorted()[0]
  );
}

/** The one with more doubt first. */
const PROMOTED: readonly string[] = ['promoted-with-warnings', 'promoted'];

export function isRolledBack(end: string | undefined): boolean {
  return end === 'rolled-back' || end === 'rollback-acknowledged';
}

/** It was promoted and stayed. */
export function isPromoted(end: string | undefined): boolean {
  return end !== undefined && PROMOTED.includes(end);
}
