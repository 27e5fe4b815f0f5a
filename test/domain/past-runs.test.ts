// Proves what a target remembers of its runs: which one left it rolled back, which commit needs to be asked for again, and
// which run nobody has settled. How runs are read back from their evidence is not part of it.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { ENDS } from '../../src/domain/phase.js';
import {
  endThatCounts,
  leftRolledBack,
  leftUnsealed,
  rolledBackWith,
  unsettled,
  type PastRun,
} from '../../src/domain/past-runs.js';

const A = 'a'.repeat(40);
const B = 'b'.repeat(40);

/** `commit:end`, newest first. */
function runs(...lines: readonly string[]): PastRun[] {
  return lines.map((line, index) => {
    const [commit = '', end = ''] = line.split(':');
    const shared = { run: `r${lines.length - index}`, requester: 'r', commit: commit === 'a' ? A : B };
    return { ...shared, end: end === '' ? undefined : end, touched: end === '', sealed: end !== '' };
  });
}

describe('the run that left the target rolled back', () => {
  test.each([
    { past: [], names: undefined },
    { past: ['a:rolled-back'], names: 'r1' },
    { past: ['a:rollback-acknowledged'], names: 'r1' },
    { past: ['b:stopped', 'b:aborted', 'b:abandoned', 'a:rolled-back'], names: 'r1' },
    { past: ['b:promoted', 'a:rolled-back'], names: undefined },
    { past: ['b:promoted-with-warnings', 'a:rolled-back'], names: undefined },
    { past: ['a:rolled-back', 'b:rolled-back'], names: 'r2' },
  ])('of $past is $names', ({ past, names }) => {
    expect(leftRolledBack(runs(...past))?.run).toBe(names);
  });
});

describe('the same commit', () => {
  test.each([
    { past: ['a:rolled-back'], names: 'r1' },
    { past: ['b:promoted', 'a:rolled-back'], names: 'r1' },
    { past: ['a:stopped', 'a:rolled-back'], names: 'r1' },
    { past: ['a:promoted', 'a:rolled-back'], names: undefined },
    { past: ['b:rolled-back'], names: undefined },
  ])('after $past was rolled back by $names', ({ past, names }) => {
    expect(rolledBackWith(runs(...past), A)?.run).toBe(names);
  });

  test('once rolled back needs to be asked for again, whatever other commits did since', () => {
    const others = fc.array(fc.constantFrom(...ENDS).map((end) => `b:${end}`));
    fc.assert(
      fc.property(others, others, (after, before) => {
        expect(rolledBackWith(runs(...after, 'a:rolled-back', ...before), A)?.commit).toBe(A);
      }),
    );
  });
});

test('a run that began and has no end is unsettled; one that never began is not', () => {
  const [open] = runs('a:');
  if (open === undefined) throw new Error('no run');
  expect(unsettled([open, { ...open, touched: false }, ...runs('b:promoted')])).toEqual([open]);
});

test.each<{ sealed?: string; noted: readonly string[]; counts: string | undefined }>([
  { noted: [], counts: undefined },
  { noted: ['stopped'], counts: 'stopped' },
  { noted: ['stopped', 'promoted', 'rolled-back'], counts: 'rolled-back' },
  { noted: ['promoted', 'promoted-with-warnings'], counts: 'promoted-with-warnings' },
  { noted: ['aborted', 'promoted'], counts: 'promoted' },
  { sealed: 'promoted', noted: ['promoted-with-warnings'], counts: 'promoted' },
  { sealed: 'stopped', noted: ['promoted'], counts: 'stopped' },
  { sealed: 'promoted', noted: ['rolled-back'], counts: 'rolled-back' },
  { sealed: 'rollback-acknowledged', noted: ['rolled-back'], counts: 'rollback-acknowledged' },
])(
  'of $sealed that was sealed and $noted that histories noted, $counts counts',
  ({ sealed, noted, counts }) => {
    expect(endThatCounts({ sealed, noted })).toBe(counts);
    expect(endThatCounts({ sealed, noted: noted.toReversed() })).toBe(counts);
  },
);

describe('a run whose evidence was never sealed', () => {
  test.each<{ sealed: readonly boolean[]; names: string | undefined }>([
    { sealed: [], names: undefined },
    { sealed: [true, false], names: undefined },
    { sealed: [false, true], names: 'r2' },
  ])(
    'of runs that are sealed or not, $sealed, is $names: what is older has others after it',
    ({ sealed, names }) => {
      const past = runs(...sealed.map(() => 'a:stopped')).map((run, index) => ({
        ...run,
        sealed: sealed[index] === true,
      }));
      expect(leftUnsealed(past)?.run).toBe(names);
    },
  );
});
