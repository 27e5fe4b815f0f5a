import { ok, warning, wrong, type DoctorFinding } from './finding.js';

/** The longest that a promotion may wait for its decision and be watched, over all targets. */
export interface LongestPromotion {
  readonly target: string;
  readonly expiresMs: number;
  readonly windowMs: number;
}

/** "nobody looks" over a long weekend. */
const LOOKED_AFTER_MS = 3 * 86_400_000;

/**
 * Whether closed runs stay long enough. Open ones are never deleted. A promotion that outgrows its history goes on in a new
 * one, and the earlier, closed part must outlive what may follow: the rest of the wait for approval and the watch. A run that
 * was terminated must be there until somebody reconciles it, which a worker that runs does within minutes.
 *
 * @param retentionMs of the namespace
 */
export function judgeRetention(
  namespace: string,
  retentionMs: number,
  { target, expiresMs, windowMs }: LongestPromotion,
): DoctorFinding {
  const where = `namespace ${namespace}`;
  const longestMs = expiresMs + windowMs;
  const wantedHours = Math.ceil((longestMs + LOOKED_AFTER_MS) / HOUR_MS);
  const kept = `closed runs are kept ${shown(retentionMs)}`;
  const longest = `${target} may wait ${shown(expiresMs)} for approval and be watched ${shown(windowMs)}`;
  const todo = `temporal operator namespace update --namespace ${namespace} --retention ${wantedHours}h`;
  if (retentionMs < longestMs)
    return wrong(
      'retention',
      where,
      `${kept}, and ${longest}: its first part could be deleted while it is open`,
      todo,
    );
  return retentionMs < longestMs + LOOKED_AFTER_MS
    ? warning(
        'retention',
        where,
        `${kept}, and ${longest}: what is terminated meanwhile is gone before a long weekend is over`,
        todo,
      )
    : ok('retention', where, `${kept}; ${longest}`);
}

const HOUR_MS = 3_600_000;
const UNITS = [
  ['d', 86_400_000],
  ['h', HOUR_MS],
  ['m', 60_000],
  ['s', 1_000],
] as const;

function shown(ms: number): string {
  const [unit, unitMs] = UNITS.find(([, each]) => ms >= each && ms % each === 0) ?? ['ms', 1];
  return `${ms / unitMs}${unit}`;
}
