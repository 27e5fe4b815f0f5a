import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import {
  addSample,
  beginWatch,
  decideWatch,
  endsSegment,
  gradeSample,
  nextDue,
  segmentLength,
  watchRules,
  type SampleGrade,
  type WatchDecision,
  type WatchState,
} from '../../src/domain/watch.js';
import {
  failing,
  holding,
  malformed,
  misconfigured,
  passing,
  roundOf,
  tauPlan,
  unreachable,
} from '../support/plans.js';
import { PROPERTY_RUNS } from '../support/property-runs.js';

// Proves the grade of a sample and the streak rules of the watch. That they are taken so: test/deep, test/workflows.

const LIMITS = { windowMs: 100, intervalMs: 10, repeatedFailing: 2, unreachableLimit: 4, slackMs: 90 };
const START = 1_000;
const END = 1_100;

/** Samples one interval apart, the first one interval after the promotion. */
function watched(grades: readonly SampleGrade[], recorded = true): WatchState {
  return grades.reduce(
    (watch, grade, index) =>
      addSample(LIMITS, watch, { n: index + 1, at: START + 10 * (index + 1), grade }, recorded),
    beginWatch(LIMITS, START),
  );
}

const decided = (grades: readonly SampleGrade[], lastSampleAt = START + 10 * grades.length): WatchDecision =>
  decideWatch(LIMITS, watched(grades), lastSampleAt);

const GO_ON: WatchDecision = { decision: 'go-on' };
const REPEATED: WatchDecision = { decision: 'roll-back', trigger: 'repeated_failing' };
const OUT_OF_REACH: WatchDecision = { decision: 'roll-back', trigger: 'unreachable' };
const PROMOTED: WatchDecision = { decision: 'ended', end: 'promoted' };
const WITH_WARNINGS: WatchDecision = { decision: 'ended', end: 'promoted-with-warnings' };

describe('a sample is named by its worst gate', () => {
  it('failing, over everything else', () => {
    const all = roundOf(
      failing('gateway-status'),
      unreachable('cortex-status'),
      malformed('operator-summary'),
      holding('deployment-status'),
    );
    expect(gradeSample(all)).toBe('failing');
  });

  it.each([
    { kind: 'unreachable', silent: unreachable },
    { kind: 'malformed', silent: malformed },
  ])('unreachable, over a hold, where a gate is $kind', ({ silent }) => {
    expect(gradeSample(roundOf(silent('cortex-status'), holding('deployment-status')))).toBe('unreachable');
  });

  it('hold, where a gate holds or is misconfigured', () => {
    expect(gradeSample(roundOf(holding('cortex-status')))).toBe('hold');
    expect(gradeSample(roundOf(misconfigured('cortex-status')))).toBe('hold');
  });

  it('hold, where a gate fails that is expected to and holds for another reason', () => {
    const expected = { ...holding('operator-summary'), health: 'failing', failing: false } as const;
    expect(gradeSample(roundOf(expected))).toBe('hold');
  });

  it('pass, where every gate passes', () => {
    expect(gradeSample(roundOf())).toBe('pass');
    expect(gradeSample([passing('gateway-status')])).toBe('pass');
  });

  it('unreachable, where there is no answer at all', () => {
    expect(gradeSample([])).toBe('unreachable');
  });
});

describe('the failing streak', () => {
  it('rolls back at the second consecutive failing sample', () => {
    expect(decided(['failing'])).toEqual(GO_ON);
    expect(decided(['failing', 'failing'])).toEqual(REPEATED);
  });

  it.each(['hold', 'pass'] as const)('is reset by a %s', (between) => {
    expect(watched(['failing', between]).failingStreak).toBe(0);
    expect(decided(['failing', between, 'failing'])).toEqual(GO_ON);
  });

  it('is neither reset nor advanced by an unreachable sample', () => {
    expect(watched(['failing', 'unreachable']).failingStreak).toBe(1);
    expect(decided(['failing', 'unreachable'])).toEqual(GO_ON);
    expect(decided(['failing', 'unreachable', 'failing'])).toEqual(REPEATED);
  });

  it('is as long as the runbook says', () => {
    const patient = { ...LIMITS, repeatedFailing: 3, unreachableLimit: 100 };
    expect(decideWatch(patient, watched(['failing', 'failing']), START)).toEqual(GO_ON);
    expect(decideWatch(patient, watched(['failing', 'failing', 'failing']), START)).toEqual(REPEATED);
  });
});

describe('the unreachable streak', () => {
  it('rolls back at the fourth consecutive sample that is failing, unreachable or malformed', () => {
    expect(decided(['unreachable', 'unreachable', 'unreachable'])).toEqual(GO_ON);
    expect(decided(['unreachable', 'unreachable', 'unreachable', 'unreachable'])).toEqual(OUT_OF_REACH);
    expect(decided(['unreachable', 'failing', 'unreachable', 'unreachable'])).toEqual(OUT_OF_REACH);
  });

  it.each(['hold', 'pass'] as const)('is reset by a %s', (between) => {
    expect(watched(['unreachable', 'unreachable', 'unreachable', between]).unreachableStreak).toBe(0);
    expect(decided(['unreachable', 'unreachable', 'unreachable', between, 'unreachable'])).toEqual(GO_ON);
  });

  it('gives way to repeated failing where both limits are reached at once', () => {
    expect(decided(['unreachable', 'failing', 'unreachable', 'failing'])).toEqual(REPEATED);
  });
});

describe('the window', () => {
  const nine = Array.from({ length: 9 }, () => 'pass' as const);

  it('ends promoted when a sample asked at its very end passes', () => {
    expect(decided([...nine, 'pass'], END)).toEqual(PROMOTED);
    expect(decided([...nine, 'pass'], END + 7)).toEqual(PROMOTED);
  });

  it('does not end on a sample asked before its end', () => {
    expect(decided([...nine, 'pass'], END - 1)).toEqual(GO_ON);
  });

  it('ends with warnings when its last sample holds', () => {
    expect(decided([...nine, 'hold'], END)).toEqual(WITH_WARNINGS);
  });

  it('ends promoted when only samples before its last held', () => {
    expect(decided(['hold', 'hold', 'pass'], END)).toEqual(PROMOTED);
  });

  it.each(['failing', 'unreachable'] as const)('is prolonged by an open %s streak', (doubt) => {
    expect(decided([...nine, doubt], END)).toEqual(GO_ON);
    expect(decided([...nine, doubt, 'pass'], END + 10)).toEqual(PROMOTED);
    expect(decided([...nine, doubt, 'hold'], END + 10)).toEqual(WITH_WARNINGS);
  });

  it('rolls back where a streak is completed after its end', () => {
    expect(decided([...nine, 'failing', 'failing'], END + 10)).toEqual(REPEATED);
  });

  it('can not end promoted when a sample was not recorded', () => {
    let watch = watched(nine);
    watch = addSample(LIMITS, watch, { n: 10, at: END - 1, grade: 'pass' }, false);
    watch = addSample(LIMITS, watch, { n: 11, at: END, grade: 'pass' }, true);
    expect(watch.unrecorded).toBe(1);
    expect(decideWatch(LIMITS, watch, END)).toEqual(WITH_WARNINGS);
  });

  it('rolls back also when nothing was recorded', () => {
    const watch = watched(['failing', 'failing'], false);
    expect(watch.unrecorded).toBe(2);
    expect(decideWatch(LIMITS, watch, START + 20)).toEqual(REPEATED);
  });
});

describe('the next sample', () => {
  it('is first due one interval after the promotion, and never after the window’s end', () => {
    expect(beginWatch(LIMITS, START)).toEqual({
      endsAt: END,
      samples: 0,
      nextAt: START + 10,
      failingStreak: 0,
      unreachableStreak: 0,
      last: undefined,
      unrecorded: 0,
    });
    expect(beginWatch({ ...LIMITS, intervalMs: 500 }, START).nextAt).toBe(END);
  });

  it('is due an interval after the one before was asked', () => {
    const watch = addSample(LIMITS, beginWatch(LIMITS, START), { n: 1, at: START + 13, grade: 'pass' }, true);
    expect(watch).toMatchObject({ samples: 1, nextAt: START + 23, last: 'pass' });
  });

  it('is due at the window’s end where an interval would pass it', () => {
    const watch = addSample(LIMITS, beginWatch(LIMITS, START), { n: 1, at: END - 1, grade: 'pass' }, true);
    expect(watch.nextAt).toBe(END);
  });

  it('is due an interval later again once the window is prolonged', () => {
    const watch = addSample(LIMITS, beginWatch(LIMITS, START), { n: 1, at: END, grade: 'failing' }, true);
    expect(watch.nextAt).toBe(END + 10);
  });
});

describe('time in which nobody asked', () => {
  const RULES = { ...LIMITS, slackMs: 25 };
  const sampleAt = (watch: WatchState, at: number): WatchState =>
    addSample(RULES, watch, { n: watch.samples + 1, at, grade: 'pass' }, true);

  it('is added to the window, which does not end at the first sample after it', () => {
    const watch = sampleAt(sampleAt(beginWatch(RULES, START), START + 10), START + 5_000);
    expect(watch).toMatchObject({ endsAt: END + 5_000 - 20, nextAt: START + 5_010 });
    expect(decideWatch(RULES, watch, START + 5_000)).toEqual(GO_ON);
  });

  it('is added as often as it comes', () => {
    const first = sampleAt(beginWatch(RULES, START), START + 60);
    expect(first.endsAt).toBe(END + 50);
    expect(sampleAt(first, START + 100).endsAt).toBe(END + 50 + 30);
  });

  it('is not what the sample before took: up to the slack nothing is added', () => {
    expect(sampleAt(beginWatch(RULES, START), START + 10 + 25).endsAt).toBe(END);
    expect(sampleAt(beginWatch(RULES, START), START + 10 + 26).endsAt).toBe(END + 26);
  });

  it('is told from a slow sample by the slowest gate, or by the interval where that is longer', () => {
    const plan = tauPlan();
    const slowest = Math.max(...plan.gates.map(({ deadlineMs }) => deadlineMs));
    expect(watchRules(plan)).toEqual({ ...plan.watch, slackMs: Math.max(slowest, plan.watch.intervalMs) });
    const seldom = { ...plan, watch: { ...plan.watch, intervalMs: slowest + 1 } };
    expect(watchRules(seldom).slackMs).toBe(slowest + 1);
  });

  it('however it is spread, samples an interval apart cover the window', () => {
    const outages = fc.array(fc.integer({ min: 0, max: 500 }), { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(outages, (late) => {
        let watch = beginWatch(RULES, START);
        let at = START;
        do {
          const outage = late[watch.samples] ?? 0;
          at = watch.nextAt + (outage > RULES.slackMs ? outage : 0);
          watch = sampleAt(watch, at);
        } while (decideWatch(RULES, watch, at).decision === 'go-on');
        expect(watch.samples).toBe(RULES.windowMs / RULES.intervalMs);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });
});

/** The same rules said otherwise: by looking back over the whole list. */
function trailing(grades: readonly SampleGrade[], counted: readonly SampleGrade[]): number {
  const breaks = grades.findLastIndex((each) => !counted.includes(each));
  return grades.length - 1 - breaks;
}

describe('whatever is sampled', () => {
  const grade = fc.constantFrom<SampleGrade[]>('failing', 'unreachable', 'hold', 'pass');
  const limits = fc.record({
    windowMs: fc.integer({ min: 1, max: 200 }),
    intervalMs: fc.integer({ min: 1, max: 50 }),
    repeatedFailing: fc.integer({ min: 1, max: 5 }),
    unreachableLimit: fc.integer({ min: 1, max: 6 }),
    slackMs: fc.integer({ min: 1, max: 100 }),
  });

  it('the streaks are what looking back over all samples gives', () => {
    fc.assert(
      fc.property(fc.array(grade, { maxLength: 30 }), (grades) => {
        const { failingStreak, unreachableStreak, samples } = watched(grades);
        const reached = grades.filter((each) => each !== 'unreachable');
        expect(failingStreak).toBe(trailing(reached, ['failing']));
        expect(unreachableStreak).toBe(trailing(grades, ['failing', 'unreachable']));
        expect(samples).toBe(grades.length);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  it('a watch ends: at the window’s end, or as many samples later as the limit allows', () => {
    fc.assert(
      fc.property(limits, fc.array(grade, { minLength: 1, maxLength: 40 }), (limits, grades) => {
        const most = Math.ceil(limits.windowMs / limits.intervalMs) + limits.unreachableLimit;
        let watch = beginWatch(limits, START);
        for (let n = 1; n <= most; n += 1) {
          const at = watch.nextAt;
          watch = addSample(limits, watch, { n, at, grade: grades[n % grades.length] ?? 'pass' }, true);
          if (decideWatch(limits, watch, at).decision !== 'go-on') return;
        }
        expect.fail(`still watching after ${most} samples`);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });
});

describe('when samples are taken', () => {
  it.each([
    ['an interval later', START, START + 10],
    ['at the window’s end, where that comes first', END - 4, END],
    ['an interval later again, where the window is prolonged', END, END + 10],
  ])('the next is due %s', (_, at, due) => {
    expect(nextDue(LIMITS, at, END)).toBe(due);
  });

  it('several go together while nothing is wrong', () => {
    expect(segmentLength(watched([]))).toBe(20);
    expect(segmentLength(watched(['failing', 'hold']))).toBe(20);
  });

  it.each(['failing', 'unreachable'] as const)('each goes alone in a streak that is %s', (grade) => {
    expect(segmentLength(watched(['pass', grade]))).toBe(1);
  });

  it('each goes alone while a failing streak is open behind one that had no answer', () => {
    expect(segmentLength(watched(['failing', 'unreachable']))).toBe(1);
  });

  it.each([
    ['a pass after a pass', 'pass', 'pass', START, false],
    ['a hold after a hold', 'hold', 'hold', START, false],
    ['a hold after a pass', 'hold', 'pass', START, true],
    ['a pass after a hold', 'pass', 'hold', START, true],
    ['failing after failing', 'failing', 'failing', START, true],
    ['no answer after no answer', 'unreachable', 'unreachable', START, true],
    ['a pass right before the end', 'pass', 'pass', END - 1, false],
    ['a pass at the end', 'pass', 'pass', END, true],
  ] as const)('%s is looked at at once, or not', (_, grade, before, at, expected) => {
    expect(endsSegment({ n: 1, at, grade }, before, END)).toBe(expected);
  });
});
