import { expect, it } from 'vitest';
import { makesWay, type Effect } from '../../src/domain/effect.js';
import { tauPlan } from '../support/plans.js';
import { beginWatch } from '../../src/domain/watch.js';

const effects: readonly (readonly [Effect, boolean])[] = [
  [{ do: 'check-prerequisites' }, true],
  [{ do: 'ask-round', round: 'validation-1' }, true],
  [{ do: 'remediate', round: 'remediation-1', repairs: [] }, true],
  [{ do: 'await-decision', epoch: 1, round: 'validation-1' }, true],
  [{ do: 'preflight', epoch: 1, round: 'preflight-1' }, true],
  [{ do: 'promote', step: 'environment-branch' }, false],
  [{ do: 'watch', watch: beginWatch(tauPlan().watch, 0) }, true],
  [{ do: 'roll-back', attempt: 1 }, false],
  [{ do: 'confirm-rollback', attempt: 1 }, false],
  [{ do: 'await-orders' }, true],
];

it.each(effects)(
  'an order cuts into $do, unless it is a promotion step or a rollback',
  (effect, expected) => {
    expect(makesWay(effect)).toBe(expected);
  },
);
