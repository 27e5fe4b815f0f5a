import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { deadline, duration, shownDuration } from '../../src/contracts/duration.js';
import { PROPERTY_RUNS } from '../support/property-runs.js';

describe('a duration', () => {
  const good: readonly (readonly [string, number])[] = [
    ['0s', 0],
    ['1ms', 1],
    ['500ms', 500],
    ['15s', 15_000],
    ['015s', 15_000],
    ['10m', 600_000],
    ['24h', 86_400_000],
    ['7d', 604_800_000],
    ['366d', 31_622_400_000],
    ['8784h', 31_622_400_000],
  ];
  it.each(good)('%s is %d ms', (text, ms) => {
    expect(duration.parse(text)).toBe(ms);
  });

  const bad: readonly unknown[] = [
    '',
    's',
    '10',
    '1.5h',
    '-1s',
    '+1s',
    '1e3s',
    '10 s',
    ' 10s',
    '10s ',
    '10s\n',
    '10S',
    '10min',
    '1h30m',
    '1w',
    '١٠s',
    '367d',
    '8785h',
    '31622400001ms',
    '999999999d',
    'Infinityd',
    '0x10s',
    'P1D',
  ];
  it.each(bad)('%j is none, and is told how to write one', (text) => {
    const { error } = duration.safeParse(text);
    expect(error?.issues.map(({ message }) => message)).toEqual([
      'not a duration: write a whole number and a unit (ms, s, m, h, d), e.g. 15s or 10m, at most 366d',
    ]);
  });

  it.each([15, null, undefined, ['15s'], { s: 15 }])('%j is no text', (value) => {
    expect(duration.safeParse(value).success).toBe(false);
  });

  it('is never anything but a whole number of ms from 0 to 366 days', () => {
    const unit = fc.constantFrom('ms', 's', 'm', 'h', 'd', '', 'y');
    const text = fc.oneof(
      fc.string(),
      fc.tuple(fc.nat({ max: 2_000_000_000 }), unit).map(([n, unit]) => `${n}${unit}`),
    );
    fc.assert(
      fc.property(text, (text) => {
        const { success, data } = duration.safeParse(text);
        if (!success) return;
        expect(Number.isInteger(data)).toBe(true);
        expect(data).toBeGreaterThanOrEqual(0);
        expect(data).toBeLessThanOrEqual(366 * 24 * 60 * 60 * 1_000);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });
});

describe('a deadline', () => {
  it.each([
    ['1ms', 1],
    ['20s', 20_000],
    ['24d', 2_073_600_000],
  ])('%s is %d ms', (text, ms) => {
    expect(deadline.parse(text)).toBe(ms);
  });

  it.each(['0ms', '0d', '25d', '577h'])('%s is none: a timer could not wait for it', (text) => {
    const { error } = deadline.safeParse(text);
    expect(error?.issues.map(({ message }) => message)).toEqual([
      'a deadline is more than 0 and at most 24d',
    ]);
  });
});

describe('a duration that is shown', () => {
  it.each([
    [0, '0ms'],
    [1_500, '1500ms'],
    [20_000, '20s'],
    [900_000, '15m'],
    [86_400_000, '1d'],
  ])('of %d ms is %s, in the greatest unit that fits', (ms, text) => {
    expect(shownDuration(ms)).toBe(text);
  });

  it('is read as the same again', () => {
    fc.assert(
      fc.property(fc.nat({ max: 366 * 86_400_000 }), (ms) => {
        // What is not whole seconds has more digits than a duration may have only beyond 11 days.
        fc.pre(ms < 1_000_000_000 || ms % 1_000 === 0);
        expect(duration.parse(shownDuration(ms))).toBe(ms);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });
});
