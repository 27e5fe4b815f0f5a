// Proves where a run goes on whose workflow was ended from outside: rolling back what may have changed the target, once more
// after a rollback that was under way, and nowhere else. What its evidence says is read elsewhere.
import { describe, expect, test } from 'vitest';

import { takeOver, type LeftBehind } from '../../src/domain/take-over.js';
import { transition } from '../../src/domain/transition.js';
import { tauPlan } from '../support/plans.js';

const plan = tauPlan();
const LEFT: LeftBehind = {
  phase: 'watching',
  touched: true,
  steps: ['environment-branch'],
  triggers: [],
  rollbackAttempts: 0,
};

describe('a run whose workflow was ended from outside', () => {
  test('is rolled back as terminated where it may have changed the target', () => {
    expect(takeOver(plan, LEFT)).toMatchObject({
      state: { phase: 'rolling-back', trigger: 'terminated', triggers: ['terminated'], steps: LEFT.steps },
      effect: { do: 'roll-back', attempt: 1 },
    });
  });

  test('goes on with the trigger and the count of a rollback that was under way', () => {
    const left = { ...LEFT, triggers: ['unreachable', 'cancelled'] as const, rollbackAttempts: 2 };
    expect(takeOver(plan, left)).toMatchObject({
      state: { trigger: 'unreachable', triggers: ['unreachable', 'cancelled'] },
      effect: { do: 'roll-back', attempt: 3 },
    });
  });

  test('takes the rules’ own way from there: proven, and still so, it is rolled back', () => {
    const tried = transition(plan, takeOver(plan, LEFT).state, { type: 'rollback-tried', unverified: [] });
    expect(tried.effect).toEqual({ do: 'confirm-rollback', attempt: 1 });
    const confirmed = transition(plan, tried.state, { type: 'rollback-confirmed', unverified: [] });
    expect(confirmed.effect).toEqual({ do: 'end', end: 'rolled-back', reason: 'terminated' });
  });

  test('ends abandoned where it had changed nothing', () => {
    expect(takeOver(plan, { ...LEFT, phase: 'awaiting-approval', touched: false, steps: [] })).toMatchObject({
      state: { phase: 'abandoned', trigger: undefined },
      effect: { do: 'end', end: 'abandoned', reason: 'terminated' },
    });
  });
});
