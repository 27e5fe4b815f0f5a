import { z } from 'zod';

const UNITS_MS = { ms: 1, s: 1_000, m: 60_000, h: 3_600_000, d: 86_400_000 } as const;
const DURATION = /^(\d{1,9})(ms|s|m|h|d)$/;
const MAX_MS = 366 * UNITS_MS.d;

/** A duration as people write it, e.g. `500ms`, `15s`, `10m`, `24h`, `7d`; parsed to milliseconds. At most 366 days. */
export const duration = z.string().transform((text, context): number => {
  const [, count, unit] = DURATION.exec(text) ?? [];
  const ms = count === undefined ? Number.NaN : Number(count) * UNITS_MS[unit as keyof typeof UNITS_MS];
  if (Number.isSafeInteger(ms) && ms <= MAX_MS) return ms;
  context.addIssue({
    code: 'custom',
    message: `not a duration: write a whole number and a unit (ms, s, m, h, d), e.g. 15s or 10m, at most 366d`,
  });
  return z.NEVER;
});
