import { describe, expect, it } from 'vitest';
import {
  recordingOf,
  isFullEntry,
  sampleRanges,
  unsealed,
  type Recording,
} from '../../src/domain/records.js';
import { transition } from '../../src/domain/transition.js';
import type { Sample, SampleGrade } from '../../src/domain/watch.js';
import { holding, tauPlan } from '../support/plans.js';
import {
  after,
  approved,
  cancelled,
  faulted,
  lastSample,
  ordered,
  preflight,
  prerequisitesMet,
  rejected,
  repairsAttempted,
  rolledBack,
  round,
  sampled,
  stepFailed,
  stepPromoted,
  stillRolledBack,
  TO_APPROVAL,
  TO_PREFLIGHT,
  TO_PROMOTING,
  TO_ROLLBACK_FAILED,
  TO_ROLLING_BACK,
  TO_WATCHING,
  type Happening,
} from './events.js';

// "No record, no next step", case by case. That the workflow waits for what is appended, and owes what is owed, is proven
// on a full disk in test/workflows.

const PLAN = tauPlan();
const CALM = [...TO_WATCHING, sampled('pass')];
const HELD = [...TO_WATCHING, sampled('hold')];

const cases: readonly (readonly [string, readonly Happening[], Happening, Recording])[] = [
  ['met prerequisites are recorded before a round is asked', [], prerequisitesMet, 'append'],
  ['a round is recorded before anyone is asked', [prerequisitesMet], round(), 'append'],
  [
    'a round that declares a rollback is owed: the rollback goes first',
    [prerequisitesMet, round(holding('readiness'), holding('cortex-status')), repairsAttempted],
    round(holding('readiness'), holding('cortex-status')),
    'owe',
  ],
  [
    'what was repaired is recorded before the next round',
    [prerequisitesMet, round(holding('cortex-status'))],
    repairsAttempted,
    'append',
  ],
  ['an approval is recorded before the preflight', TO_APPROVAL, approved, 'append'],
  ['a rejection is recorded before it ends', TO_APPROVAL, rejected, 'append'],
  ['the preflight is recorded before anything is promoted', TO_PREFLIGHT, preflight(), 'append'],
  ['an abort is recorded before it ends', TO_APPROVAL, ordered('abort'), 'append'],
  ['a step that was promoted is owed: it is watched or goes on at once', TO_PROMOTING, stepPromoted, 'owe'],
  ['a step that failed is owed', TO_PROMOTING, stepFailed('x', 'possible'), 'owe'],
  ['a first step that changed nothing is owed', TO_PROMOTING, stepFailed('x', 'none'), 'owe'],
  ['a first sample that passes is gathered', TO_WATCHING, sampled('pass'), 'gather'],
  ['samples that pass like those before are gathered', CALM, sampled('pass', 'pass'), 'gather'],
  ['a sample that holds is owed', CALM, sampled('hold'), 'owe'],
  ['samples of which one holds are owed', CALM, sampled('pass', 'hold'), 'owe'],
  ['a first pass after a hold is owed', HELD, sampled('pass'), 'owe'],
  ['samples that could not be kept are owed', CALM, notKept, 'owe'],
  ['the sample that ends the watch is owed', CALM, lastSample('pass'), 'owe'],
  ['samples that roll back are owed', CALM, sampled('failing', 'failing'), 'owe'],
  ['an order to roll back is owed', TO_WATCHING, ordered('rollback'), 'owe'],
  ['a cancelled watch is owed', TO_WATCHING, cancelled, 'owe'],
  ['a rollback that was tried is owed', TO_ROLLING_BACK, rolledBack, 'owe'],
  ['a rollback that still holds is owed', [...TO_ROLLING_BACK, rolledBack], stillRolledBack, 'owe'],
  ['an order to try the rollback again is owed', TO_ROLLBACK_FAILED, ordered('retry-rollback'), 'owe'],
  ['an acknowledgement is owed', TO_ROLLBACK_FAILED, ordered('acknowledge'), 'owe'],
  ['a fault of ours is owed anywhere: it may be the journal\u2019s', [], faulted, 'owe'],
];

function notKept(effect: Parameters<Happening>[0]): ReturnType<Happening> {
  const event = sampled('pass')(effect);
  return event.type === 'sampled' ? { ...event, recorded: false } : event;
}

describe('a record', () => {
  it.each(cases)('%s', (_, when, happening, expected) => {
    const before = after(PLAN, ...when);
    const event = happening(before.effect);
    const { state } = transition(PLAN, before.state, event);
    expect(recordingOf(before.state, event, state)).toBe(expected);
  });
});

const samplesOf = (...grades: readonly SampleGrade[]): Sample[] =>
  grades.map((grade, index) => ({ n: index + 1, at: 1_000 * (index + 1), grade }));

describe('an entry for samples', () => {
  it('is full at 500 samples, and not before', () => {
    const samples = Array.from({ length: 500 }, (_, index): Sample => ({
      n: index,
      at: index,
      grade: 'pass',
    }));
    expect(isFullEntry(samples.slice(1))).toBe(false);
    expect(isFullEntry(samples)).toBe(true);
  });

  it('holds one range for samples of one grade that follow each other', () => {
    expect(sampleRanges(samplesOf('pass', 'pass', 'pass', 'hold', 'pass'))).toEqual([
      { from: 1, to: 3, fromAt: 1_000, toAt: 3_000, grade: 'pass' },
      { from: 4, to: 4, fromAt: 4_000, toAt: 4_000, grade: 'hold' },
      { from: 5, to: 5, fromAt: 5_000, toAt: 5_000, grade: 'pass' },
    ]);
  });

  it('holds none for no samples', () => {
    expect(sampleRanges([])).toEqual([]);
  });
});

describe('an end that could not be sealed', () => {
  it('is never a clean promotion', () => {
    const { state } = after(PLAN, ...TO_WATCHING, lastSample('pass'));
    const move = unsealed(state, { do: 'end', end: 'promoted', reason: 'promoted' });
    expect(move.state.phase).toBe('promoted-with-warnings');
    expect(move.effect).toEqual({
      do: 'end',
      end: 'promoted-with-warnings',
      reason: 'evidence_not_sealed',
    });
  });

  it('stands as it is where nothing was promoted, or it was rolled back', () => {
    for (const when of [
      [ordered('abort')],
      [...TO_ROLLING_BACK, rolledBack, stillRolledBack],
      [...TO_WATCHING, lastSample('hold')],
    ]) {
      const { state, effect } = after(PLAN, ...when);
      if (effect.do !== 'end') throw new Error('the case has not ended');
      expect(unsealed(state, effect)).toEqual({ state, effect });
    }
  });
});
