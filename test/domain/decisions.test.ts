import { describe, expect, it } from 'vitest';
import type { Move } from '../../src/domain/move.js';
import type { Plan } from '../../src/domain/plan.js';
import { gradeSample } from '../../src/domain/watch.js';
import { tauPlan } from '../support/plans.js';
import { ALL_STATES, roundOfTau, type SurfaceState, type TauState } from '../support/tau-states.js';
import { after, approved, prerequisitesMet, repairsAttempted, round, type Happening } from './events.js';

// The decision for every way in which Tau's five surfaces can stand (each healthy, hold, degraded, failing, unreachable,
// malformed or misconfigured: 16,807 combinations), in every situation in which a round is judged. What is expected is
// written by hand, a class a sentence, with the number of combinations worked out beside it; each combination falls in
// exactly one class. Answers go through the real readers. Not here: other expectations than the runbook's (transition.test.ts).

interface Class {
  readonly says: string;
  readonly when: (states: TauState) => boolean;
  readonly decision: string;
  readonly combinations: number;
}

/** Every combination, in one situation. */
function situation(decide: (states: TauState) => string, classes: readonly Class[]): void {
  it.each(classes)('$says → $decision', ({ when, decision, combinations }) => {
    const members = ALL_STATES.filter(when);
    expect(members).toHaveLength(combinations);
    expect(members.filter((states) => decide(states) !== decision).slice(0, 3)).toEqual([]);
  });

  it('no combination falls between the classes, and none in two', () => {
    const astray = ALL_STATES.filter((states) => classes.filter(({ when }) => when(states)).length !== 1);
    expect(astray.slice(0, 3)).toEqual([]);
    expect(ALL_STATES).toHaveLength(7 ** 5);
  });
}

const all = ({ gateway, cortex, operator, transport, deployment }: TauState): readonly SurfaceState[] => [
  gateway,
  cortex,
  operator,
  transport,
  deployment,
];
const inOrder = (state: SurfaceState): boolean => state === 'healthy';
const holdsAndIsNotMisconfigured = (state: SurfaceState): boolean =>
  state !== 'healthy' && state !== 'misconfigured';

const everythingPasses = (states: TauState): boolean => all(states).every(inOrder);
const onlyWrongQuestions = (states: TauState): boolean =>
  !everythingPasses(states) && !all(states).some(holdsAndIsNotMisconfigured);
const somethingHolds = (states: TauState): boolean => all(states).some(holdsAndIsNotMisconfigured);
/** "health_state=failing on gateway/deployment/operator summary": cortex is not named there. */
const oneOfTheFourIsFailing = ({ gateway, operator, transport, deployment }: TauState): boolean =>
  [gateway, operator, transport, deployment].includes('failing');
/** Cortex says `cortex_observer_events_missing`. */
const artifactIsMissing = ({ cortex }: TauState): boolean => cortex === 'failing';
/** The readiness gate holds, and not only because its questions are wrong. */
const readinessHolds = ({ gateway, cortex, operator }: TauState): boolean =>
  [gateway, cortex, operator].some(holdsAndIsNotMisconfigured);

const isFailing = (states: TauState): boolean => all(states).includes('failing');
const isSilent = (states: TauState): boolean =>
  all(states).includes('unreachable') || all(states).includes('malformed');

function decisionOf({ state, effect }: Move): string {
  if (effect.do === 'end') return `${effect.end}, ${effect.reason}`;
  return state.phase === 'rolling-back' ? `rollback: ${state.triggers.join(', ')}` : state.phase;
}

function decided(plan: Plan, ...happenings: readonly Happening[]): string {
  return decisionOf(after(plan, ...happenings));
}

const asked = (states: TauState): Happening => round(...roundOfTau(states));
const preflighted =
  (states: TauState): Happening =>
  (effect) => ({
    type: 'preflight-closed',
    round: effect.do === 'preflight' ? effect.round : 'unasked',
    results: roundOfTau(states),
    notRollbackable: [],
  });
const nothingAttempted: Happening = () => ({ type: 'remediation-done', attempted: [] });
const everywhere = (state: SurfaceState): TauState => ({
  gateway: state,
  cortex: state,
  operator: state,
  transport: state,
  deployment: state,
});

const PLAN = tauPlan();
const HEALTHY = everywhere('healthy');
const ALL_THREE = 'cortex_artifact_unrepaired, repeated_failing, readiness_failed_after_remediation';

/** Two rounds that find the same; where the first one decides there is no second. */
const twice =
  (remediation: Happening) =>
  (states: TauState): string =>
    somethingHolds(states)
      ? decided(PLAN, prerequisitesMet, asked(states), remediation, asked(states))
      : decided(PLAN, prerequisitesMet, asked(states));

describe('after round 1, while a retry is left', () => {
  situation(
    (states) => decided(PLAN, prerequisitesMet, asked(states)),
    [
      {
        says: 'all gates pass',
        when: everythingPasses,
        decision: 'awaiting-approval',
        combinations: 1,
      },
      {
        says: 'every gate that holds is misconfigured',
        when: onlyWrongQuestions,
        decision: 'stopped, misconfigured',
        combinations: 2 ** 5 - 1,
      },
      {
        says: 'a gate holds that is not misconfigured, whatever else there is',
        when: somethingHolds,
        decision: 'remediating',
        combinations: 7 ** 5 - 2 ** 5,
      },
    ],
  );
});

describe('after the only round of a runbook without remediation, to which one failing round is enough', () => {
  const plan = tauPlan({ retries: 0, rounds: 1 });
  situation(
    (states) => decided(plan, prerequisitesMet, asked(states)),
    [
      { says: 'all gates pass', when: everythingPasses, decision: 'awaiting-approval', combinations: 1 },
      {
        says: 'every gate that holds is misconfigured',
        when: onlyWrongQuestions,
        decision: 'stopped, misconfigured',
        combinations: 2 ** 5 - 1,
      },
      {
        says: 'gateway, operator summary, transport or deployment status is failing',
        when: oneOfTheFourIsFailing,
        decision: 'rollback: repeated_failing',
        combinations: 7 * (7 ** 4 - 6 ** 4),
      },
      {
        says: 'none of the four is failing, but a gate holds: without a repair nothing else is a trigger',
        when: (states) => somethingHolds(states) && !oneOfTheFourIsFailing(states),
        decision: 'stopped, gate_hold',
        combinations: 7 * 6 ** 4 - 2 ** 5,
      },
    ],
  );
});

describe('after round 2, which found the same as round 1, with every repair attempted', () => {
  situation(twice(repairsAttempted), [
    {
      says: 'all gates pass: there is no round 2',
      when: everythingPasses,
      decision: 'awaiting-approval',
      combinations: 1,
    },
    {
      says: 'every gate that holds is misconfigured: there is no round 2',
      when: onlyWrongQuestions,
      decision: 'stopped, misconfigured',
      combinations: 2 ** 5 - 1,
    },
    {
      says: 'the artifact is still missing, and one of the four is still failing',
      when: (states) => artifactIsMissing(states) && oneOfTheFourIsFailing(states),
      decision: `rollback: ${ALL_THREE}`,
      combinations: 7 ** 4 - 6 ** 4,
    },
    {
      says: 'the artifact is still missing, and none of the four is failing',
      when: (states) => artifactIsMissing(states) && !oneOfTheFourIsFailing(states),
      decision: 'rollback: cortex_artifact_unrepaired, readiness_failed_after_remediation',
      combinations: 6 ** 4,
    },
    {
      says: 'one of the four is still failing, and readiness holds, but no artifact is missing',
      when: (states) => !artifactIsMissing(states) && oneOfTheFourIsFailing(states) && readinessHolds(states),
      decision: 'rollback: repeated_failing, readiness_failed_after_remediation',
      combinations: 6 * (7 ** 4 - 6 ** 4) - 2 ** 3 * (7 ** 2 - 6 ** 2),
    },
    {
      says: 'transport or deployment status is still failing, and readiness passes or asks wrong questions',
      when: (states) => oneOfTheFourIsFailing(states) && !readinessHolds(states),
      decision: 'rollback: repeated_failing',
      combinations: 2 ** 3 * (7 ** 2 - 6 ** 2),
    },
    {
      says: 'readiness still holds, but none of the four is failing and no artifact is missing',
      when: (states) =>
        !artifactIsMissing(states) && !oneOfTheFourIsFailing(states) && readinessHolds(states),
      decision: 'rollback: readiness_failed_after_remediation',
      combinations: 6 ** 5 - 2 ** 3 * 6 ** 2,
    },
    {
      says: 'transport or deployment status holds without failing, and readiness passes or asks wrong questions',
      when: (states) => somethingHolds(states) && !oneOfTheFourIsFailing(states) && !readinessHolds(states),
      decision: 'stopped, gate_hold',
      combinations: 2 ** 3 * 6 ** 2 - 2 ** 5,
    },
  ]);
});

describe('after round 2, which found the same as round 1, with no repair attempted', () => {
  situation(twice(nothingAttempted), [
    {
      says: 'all gates pass: there is no round 2',
      when: everythingPasses,
      decision: 'awaiting-approval',
      combinations: 1,
    },
    {
      says: 'every gate that holds is misconfigured: there is no round 2',
      when: onlyWrongQuestions,
      decision: 'stopped, misconfigured',
      combinations: 2 ** 5 - 1,
    },
    {
      says: 'one of the four is still failing',
      when: oneOfTheFourIsFailing,
      decision: 'rollback: repeated_failing',
      combinations: 7 * (7 ** 4 - 6 ** 4),
    },
    {
      says: 'none of the four is failing: the other triggers need a repair that was attempted',
      when: (states) => somethingHolds(states) && !oneOfTheFourIsFailing(states),
      decision: 'stopped, gate_hold',
      combinations: 7 * 6 ** 4 - 2 ** 5,
    },
  ]);
});

describe('after round 2, where in round 1 every gate held without failing, and every repair was attempted', () => {
  const before = asked(everywhere('hold'));
  const decide = (states: TauState): string =>
    decided(PLAN, prerequisitesMet, before, repairsAttempted, asked(states));
  situation(decide, [
    { says: 'all gates pass', when: everythingPasses, decision: 'awaiting-approval', combinations: 1 },
    {
      says: 'every gate that holds is misconfigured',
      when: onlyWrongQuestions,
      decision: 'stopped, misconfigured',
      combinations: 2 ** 5 - 1,
    },
    {
      says: 'the artifact is missing after cortex was repaired; to be failing once is not to be failing repeatedly',
      when: artifactIsMissing,
      decision: 'rollback: cortex_artifact_unrepaired, readiness_failed_after_remediation',
      combinations: 7 ** 4,
    },
    {
      says: 'readiness holds, but no artifact is missing',
      when: (states) => !artifactIsMissing(states) && readinessHolds(states),
      decision: 'rollback: readiness_failed_after_remediation',
      combinations: 6 * 7 ** 4 - 2 ** 3 * 7 ** 2,
    },
    {
      says: 'transport or deployment status holds, failing or not, and readiness passes or asks wrong questions',
      when: (states) => somethingHolds(states) && !readinessHolds(states),
      decision: 'stopped, gate_hold',
      combinations: 2 ** 3 * 7 ** 2 - 2 ** 5,
    },
  ]);
});

describe('after round 2, where in round 1 transport alone held, and only its repair was attempted', () => {
  const before = asked({ ...HEALTHY, transport: 'failing' });
  const decide = (states: TauState): string =>
    decided(PLAN, prerequisitesMet, before, repairsAttempted, asked(states));
  situation(decide, [
    { says: 'all gates pass', when: everythingPasses, decision: 'awaiting-approval', combinations: 1 },
    {
      says: 'every gate that holds is misconfigured',
      when: onlyWrongQuestions,
      decision: 'stopped, misconfigured',
      combinations: 2 ** 5 - 1,
    },
    {
      says: 'transport is still failing',
      when: ({ transport }) => transport === 'failing',
      decision: 'rollback: repeated_failing',
      combinations: 7 ** 4,
    },
    {
      says: 'transport is no longer failing: nothing else was failing before, or repaired',
      when: (states) => somethingHolds(states) && states.transport !== 'failing',
      decision: 'stopped, gate_hold',
      combinations: 6 * 7 ** 4 - 2 ** 5,
    },
  ]);
});

const APPROVED: readonly Happening[] = [prerequisitesMet, asked(HEALTHY), approved];

describe('in the preflight', () => {
  situation(
    (states) => decided(PLAN, ...APPROVED, preflighted(states)),
    [
      { says: 'all gates pass', when: everythingPasses, decision: 'promoting', combinations: 1 },
      {
        says: 'every gate that holds is misconfigured',
        when: onlyWrongQuestions,
        decision: 'stopped, misconfigured',
        combinations: 2 ** 5 - 1,
      },
      {
        says: 'a gate holds that is not misconfigured: the approval is void',
        when: somethingHolds,
        decision: 'remediating',
        combinations: 7 ** 5 - 2 ** 5,
      },
    ],
  );
});

describe('in the preflight of the second approval', () => {
  const again = [...APPROVED, preflighted(everywhere('hold')), repairsAttempted, asked(HEALTHY), approved];
  situation(
    (states) => decided(PLAN, ...again, preflighted(states)),
    [
      { says: 'all gates pass', when: everythingPasses, decision: 'promoting', combinations: 1 },
      {
        says: 'every gate that holds is misconfigured',
        when: onlyWrongQuestions,
        decision: 'stopped, misconfigured',
        combinations: 2 ** 5 - 1,
      },
      {
        says: 'a gate holds a second time',
        when: somethingHolds,
        decision: 'stopped, gate_hold',
        combinations: 7 ** 5 - 2 ** 5,
      },
    ],
  );
});

describe('in a sample of the watch', () => {
  situation(
    (states) => gradeSample(roundOfTau(states)),
    [
      { says: 'all gates pass', when: everythingPasses, decision: 'pass', combinations: 1 },
      {
        says: 'a surface is failing, cortex too',
        when: isFailing,
        decision: 'failing',
        combinations: 7 ** 5 - 6 ** 5,
      },
      {
        says: 'none is failing, but one is unreachable or malformed',
        when: (states) => !isFailing(states) && isSilent(states),
        decision: 'unreachable',
        combinations: 6 ** 5 - 4 ** 5,
      },
      {
        says: 'all answer or are misconfigured, none is failing, and one holds, is degraded or misconfigured',
        when: (states) => !everythingPasses(states) && !isFailing(states) && !isSilent(states),
        decision: 'hold',
        combinations: 4 ** 5 - 1,
      },
    ],
  );
});
