import { describe, expect, it } from 'vitest';
import {
  ACTIONS,
  ENDS,
  hearsCancellation,
  isBeforePromoting,
  isEnd,
  PHASES,
  refuseAction,
  type Action,
  type Phase,
} from '../../src/domain/phase.js';

// The whole table: which order is taken in which phase. `+` is taken, `.` is refused.
const TABLE: Readonly<Record<Phase, string>> = {
  //                   abort rollback remediated retry-rollback acknowledge
  validating: '        +     .        .          .              .',
  remediating: '       +     .        +          .              .',
  'awaiting-approval': '+    .        .          .              .',
  promoting: '         .     +        .          .              .',
  watching: '          .     +        .          .              .',
  'rolling-back': '    .     .        .          .              .',
  'rollback-failed': ' .     .        .          +              +',
};
const COLUMNS: readonly Action[] = ['abort', 'rollback', 'remediated', 'retry-rollback', 'acknowledge'];

const cases = PHASES.flatMap((phase) =>
  TABLE[phase]
    .replaceAll(' ', '')
    .split('')
    .map((mark, column) => ({
      action: COLUMNS[column] ?? 'abort',
      phase,
      outcome: mark === '+' ? 'taken' : 'refused',
    })),
);

describe('an order', () => {
  it('stands in the table for every phase', () => {
    expect(cases).toHaveLength(PHASES.length * ACTIONS.length);
    expect(new Set(COLUMNS)).toEqual(new Set(ACTIONS));
  });

  it.each(cases)('to $action is $outcome while $phase', ({ action, phase, outcome }) => {
    expect(refuseAction(action, phase) === undefined ? 'taken' : 'refused').toBe(outcome);
  });

  it.each(ENDS)('is refused once the promotion is %s', (end) => {
    for (const action of ACTIONS) expect(refuseAction(action, end)).toBeDefined();
  });

  it('that is refused says in which phase, and what would work', () => {
    expect(refuseAction('abort', 'watching')).toBe(
      'abort is refused while watching: abort ends a promotion before it promotes; from promoting on use rollback',
    );
    expect(refuseAction('rollback', 'validating')).toBe(
      'rollback is refused while validating: rollback works while promoting or watching; before that use abort',
    );
    expect(refuseAction('remediated', 'validating')).toBe(
      'remediated is refused while validating: remediated answers a manual repair, which only a remediating promotion waits for',
    );
    expect(refuseAction('retry-rollback', 'rolling-back')).toBe(
      'retry-rollback is refused while rolling-back: retry-rollback works after a rollback failed',
    );
    expect(refuseAction('acknowledge', 'promoted')).toBe(
      'acknowledge is refused while promoted: acknowledge works after a rollback failed',
    );
  });
});

const ALL = [...PHASES, ...ENDS];

describe('where a promotion is', () => {
  it('is an end or a phase, and never both', () => {
    expect(ALL.filter(isEnd)).toEqual([...ENDS]);
  });

  it('is before promoting while nothing was promoted', () => {
    expect(ALL.filter(isBeforePromoting)).toEqual(['validating', 'remediating', 'awaiting-approval']);
  });

  it('is where a cancellation is heard, but in a rollback, which is never cancelled', () => {
    expect(ALL.filter((phase) => !hearsCancellation(phase))).toEqual(['rolling-back', 'rollback-failed']);
  });
});
