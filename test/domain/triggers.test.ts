import { describe, expect, it } from 'vitest';
import { triggersAfterLastRound } from '../../src/domain/triggers.js';
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

// Proves which of the runbook's three triggers hold on given rounds, and their order.

const PLAN = tauPlan();
const MISSING = 'cortex_observer_events_missing';

describe('cortex_artifact_unrepaired', () => {
  it.each([MISSING, 'cortex_observer_events_malformed'])(
    'holds when cortex still says %s after its repair',
    (code) => {
      const rounds = [roundOf(holding('cortex-status', code)), roundOf(holding('cortex-status', code))];
      expect(triggersAfterLastRound(PLAN, rounds, ['cortex-status'])).toEqual(['cortex_artifact_unrepaired']);
    },
  );

  it('does not hold before cortex was repaired, even if another gate was', () => {
    const rounds = [roundOf(holding('cortex-status', MISSING))];
    expect(triggersAfterLastRound(PLAN, rounds, ['deployment-status'])).toEqual([]);
  });

  it('does not hold for another reason code of cortex', () => {
    const rounds = [roundOf(holding('cortex-status', 'cortex_observer_events_stale'))];
    expect(triggersAfterLastRound(PLAN, rounds, ['cortex-status'])).toEqual([]);
  });

  it('does not hold for what cortex said in a round before', () => {
    const rounds = [roundOf(holding('cortex-status', MISSING)), roundOf(unreachable('cortex-status'))];
    expect(triggersAfterLastRound(PLAN, rounds, ['cortex-status'])).toEqual([]);
  });

  it('does not hold where cortex says so and passes, as it was expected to', () => {
    const rounds = [roundOf({ ...passing('cortex-status'), reasonCodes: [MISSING] })];
    expect(triggersAfterLastRound(PLAN, rounds, ['cortex-status'])).toEqual([]);
  });

  it('does not hold for another gate that says the same', () => {
    const rounds = [roundOf(holding('operator-summary', MISSING))];
    expect(triggersAfterLastRound(PLAN, rounds, ['cortex-status', 'operator-summary'])).toEqual([]);
  });

  it('never holds in a runbook without it', () => {
    const plan = tauPlan({ triggers: { artifactUnrepaired: undefined } });
    const rounds = [roundOf(holding('cortex-status', MISSING))];
    expect(triggersAfterLastRound(plan, rounds, ['cortex-status'])).toEqual([]);
  });
});

describe('repeated_failing', () => {
  it.each(['gateway-status', 'deployment-status', 'deployment-transport', 'operator-summary'] as const)(
    'holds when %s was failing in the last two rounds',
    (gate) => {
      const rounds = [roundOf(failing(gate)), roundOf(failing(gate))];
      expect(triggersAfterLastRound(PLAN, rounds, [])).toEqual(['repeated_failing']);
    },
  );

  it.each(['readiness', 'cortex-status'] as const)(
    'does not count %s, which the runbook does not name',
    (gate) => {
      const rounds = [roundOf(failing(gate)), roundOf(failing(gate))];
      expect(triggersAfterLastRound(PLAN, rounds, [])).toEqual([]);
    },
  );

  it('needs the same gate in each round', () => {
    const rounds = [roundOf(failing('gateway-status')), roundOf(failing('deployment-status'))];
    expect(triggersAfterLastRound(PLAN, rounds, [])).toEqual([]);
  });

  it('does not hold after a single round', () => {
    expect(triggersAfterLastRound(PLAN, [roundOf(failing('gateway-status'))], [])).toEqual([]);
  });

  it('is broken by a round in which the gate only held, was out of reach or was misconfigured', () => {
    const down = roundOf(failing('gateway-status'));
    for (const between of [holding, unreachable, malformed, misconfigured]) {
      const rounds = [down, roundOf(between('gateway-status')), down];
      expect(triggersAfterLastRound(PLAN, rounds, [])).toEqual([]);
    }
  });

  it('counts as many rounds as the runbook says', () => {
    const plan = tauPlan({ retries: 2, rounds: 3 });
    const down = roundOf(failing('gateway-status'));
    expect(triggersAfterLastRound(plan, [down, down], [])).toEqual([]);
    expect(triggersAfterLastRound(plan, [down, down, down], [])).toEqual(['repeated_failing']);
  });
});

describe('readiness_failed_after_remediation', () => {
  it.each(['gateway-status', 'cortex-status', 'operator-summary'])(
    'holds when readiness holds after a repair for %s, which it is derived from',
    (part) => {
      expect(triggersAfterLastRound(PLAN, [roundOf(holding('readiness'))], [part])).toEqual([
        'readiness_failed_after_remediation',
      ]);
    },
  );

  it('does not hold when only gates were repaired that readiness is not derived from', () => {
    const rounds = [roundOf(holding('readiness'))];
    expect(triggersAfterLastRound(PLAN, rounds, ['deployment-status', 'deployment-transport'])).toEqual([]);
  });

  it('does not hold when nothing was attempted', () => {
    expect(triggersAfterLastRound(PLAN, [roundOf(holding('readiness'))], [])).toEqual([]);
  });

  it('does not hold when readiness is misconfigured', () => {
    expect(triggersAfterLastRound(PLAN, [roundOf(misconfigured('readiness'))], ['gateway-status'])).toEqual(
      [],
    );
  });

  it('holds when readiness got no usable answer: no data is never a pass', () => {
    expect(triggersAfterLastRound(PLAN, [roundOf(unreachable('readiness'))], ['gateway-status'])).toEqual([
      'readiness_failed_after_remediation',
    ]);
  });

  it('never holds in a runbook without it', () => {
    const plan = tauPlan({ triggers: { readinessFailed: undefined } });
    expect(triggersAfterLastRound(plan, [roundOf(holding('readiness'))], ['gateway-status'])).toEqual([]);
  });
});

describe('several triggers', () => {
  it('are all told, the one that is named first', () => {
    const bad = roundOf(failing('gateway-status'), holding('cortex-status', MISSING), holding('readiness'));
    expect(triggersAfterLastRound(PLAN, [bad, bad], ['gateway-status', 'cortex-status'])).toEqual([
      'cortex_artifact_unrepaired',
      'repeated_failing',
      'readiness_failed_after_remediation',
    ]);
  });

  it('are none when every gate passes, or no round was asked', () => {
    const attempted = ['gateway-status', 'cortex-status'];
    expect(triggersAfterLastRound(PLAN, [roundOf()], attempted)).toEqual([]);
    expect(triggersAfterLastRound(PLAN, [], attempted)).toEqual([]);
  });
});
