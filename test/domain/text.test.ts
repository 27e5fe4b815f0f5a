// Proves how texts from outside are cut for a reader: what was cut off is marked, what is not seen shows, and two texts that
// differ are never shown as the same.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { beside, shortLine, shownText, visibleJson, visibleText } from '../../src/domain/text.js';
import { PROPERTY_RUNS } from '../support/property-runs.js';

const UNSEEN = /(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/u;

describe('a text on one line', () => {
  test.each([
    ['abcd', 4, 'abcd'],
    ['abcde', 4, 'abc…'],
    ['ab\u001B\ncd', 9, 'abcd'],
    ['ab😀cd', 4, 'ab…'],
  ])('%j in %i characters is %j', (text, maxChars, shown) => {
    expect(shortLine(text, maxChars)).toBe(shown);
  });
});

describe('JSON in which everything shows', () => {
  test.each([
    ['a\u202Eb', String.raw`"a\u202eb"`],
    ['a\u00A0b c', String.raw`"a\u00a0b c"`],
    ['a\u3164b\u200B', String.raw`"a\u3164b\u200b"`],
    ['\u{E0041}', String.raw`"\udb40\udc41"`],
    ['\u009B1m\u001B', String.raw`"\u009b1m\u001b"`],
    ['grün 😀', '"grün 😀"'],
  ])('of %j is %s', (text, shown) => {
    expect(visibleJson(JSON.stringify(text))).toBe(shown);
  });

  test('means the same', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        const shown = visibleJson(JSON.stringify(text));
        expect(JSON.parse(shown)).toBe(text);
        expect(UNSEEN.test(shown)).toBe(false);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });
});

describe('a text on a page', () => {
  test.each([
    ['a\u202Eb', 9, 'a[U+202E]b'],
    ['a\n\t b\u00A0c', 9, 'a b c'],
    ['a\u001B[1m\u200Bb', 9, 'a[U+001B][1m[U+200B]b'],
    ['\u{E0041}', 9, '[U+E0041]'],
    ['\uD83D', 9, '[U+D83D]'],
    ['grün 😀 שלום', 20, 'grün 😀 שלום'],
    ['abcde', 4, 'abc…'],
  ])('%j in %i characters is %s', (text, maxChars, shown) => {
    expect(shownText(text, maxChars)).toBe(shown);
  });

  test('shows everything, and nothing twice', () => {
    fc.assert(
      fc.property(fc.string({ unit: 'binary' }), (text) => {
        expect(UNSEEN.test(visibleText(text))).toBe(false);
        expect(visibleText(visibleText(text))).toBe(visibleText(text));
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });
});

describe('two texts beside each other', () => {
  const long = 'x'.repeat(200);

  test.each([
    ['short ones stand whole', 'a', 'b', 'a', 'b'],
    [
      'where they differ late it is shown',
      `${long}a${long}`,
      `${long}b`,
      `…${'x'.repeat(20)}a${'x'.repeat(17)}…`,
      `…${'x'.repeat(20)}b`,
    ],
    [
      'one that goes on where the other ends is shown',
      long,
      `${long}b`,
      `…${'x'.repeat(20)}`,
      `…${'x'.repeat(20)}b`,
    ],
    [
      'where they differ soon they are shown from the start',
      `${'x'.repeat(19)}a${long}`,
      `${'x'.repeat(19)}b`,
      `${'x'.repeat(19)}a${'x'.repeat(19)}…`,
      `${'x'.repeat(19)}b`,
    ],
    [
      'where they differ at the first place that is too late',
      `${'x'.repeat(20)}a`,
      `${'x'.repeat(20)}b${long}`,
      `${'x'.repeat(20)}a`,
      `${'x'.repeat(20)}b${'x'.repeat(18)}…`,
    ],
    [
      'ones that fit stand whole however late they differ',
      `${'x'.repeat(39)}a`,
      `${'x'.repeat(39)}b`,
      `${'x'.repeat(39)}a`,
      `${'x'.repeat(39)}b`,
    ],
    [
      'where they differ right after that, some of the start is left out',
      `${'x'.repeat(25)}a`,
      `${'x'.repeat(25)}b${long}`,
      `…${'x'.repeat(20)}a`,
      `…${'x'.repeat(20)}b${'x'.repeat(17)}…`,
    ],
  ])('%s', (_, before, after, shownBefore, shownAfter) => {
    expect(beside(before, after, 40)).toEqual({ before: shownBefore, after: shownAfter });
  });

  test.each([
    [39, `${'x'.repeat(39)}b`],
    [40, `…${'x'.repeat(20)}b`],
  ])('that differ at %i begin so that enough of the difference is shown', (differsAt, shown) => {
    const same = 'x'.repeat(differsAt);
    expect(beside(`${same}a${long}`, `${same}b`, 60).after).toBe(shown);
  });

  test('fit, and are shown as different where they differ', () => {
    const text = fc.string({ unit: fc.constantFrom('a', 'b', 'é'), maxLength: 120 });
    fc.assert(
      fc.property(text, text, text, (start, before, after) => {
        const shown = beside(`"${start}${before}"`, `"${start}${after}"`, 60);
        expect(Math.max(shown.before.length, shown.after.length)).toBeLessThanOrEqual(60);
        expect(shown.before === shown.after).toBe(before === after);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });
});
