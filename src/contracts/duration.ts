import { z } from 'zod';

const DAY_MS = 86_400_000;
const UNITS_MS = new Map([
  ['ms', 1],
  ['s', 1_000],
  ['m', 60_000],
  ['h', 3_600_000],
  ['d', DAY_MS],
]);
const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;
const MAX_MS = 366 * DAY_MS;

const NO_DURATION =
  'not a duration: write a whole number and a unit (ms, s, m, h, d), e.g. 15s or 10m, at most 366d';
const written = z
  .string({ error: ({ input }) => (input === undefined ? undefined : NO_DURATION) })
  // For the JSON Schema alone: what it means is told by the transformation.
  .meta({
    pattern: DURATION.source,
    description: 'a whole number and a unit, e.g. 500ms, 15s, 10m, 24h, 7d',
  });

/** A duration as people write it, e.g. `500ms`, `15s`, `10m`, `24h`, `7d`; parsed to milliseconds. At most 366 days. */
export const duration = written.transform((text, context): number => {
  const [, count, unit = ''] = DURATION.exec(text) ?? [];
  const ms = Number(count) * (UNITS_MS.get(unit) ?? Number.NaN);
  if (Number.isSafeInteger(ms) && ms <= MAX_MS) return ms;
  context.addIssue({
    code: 'custom',
    message: NO_DURATION,
  });
  return z.NEVER;
});

/** Longest that a timer of the worker can run: beyond 24 days it would fire at once. */
const MAX_DEADLINE_MS = 24 * DAY_MS;

/** How long something may take: more than nothing, at most 24 days. */
export const deadline = duration.refine(
  (ms) => ms > 0 && ms <= MAX_DEADLINE_MS,
  'a deadline is more than 0 and at most 24d',
);

/** A duration as people write it, in the greatest unit that it is a whole number of. */
export function shownDuration(ms: number): string {
  const units = Array.from(UNITS_MS).toReversed();
  const [unit, unitMs] = units.find(([, each]) => ms >= each && ms % each === 0) ?? ['ms', 1];
  return `${ms / unitMs}${unit}`;
}
