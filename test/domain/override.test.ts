// Proves what overriding an expectation can and can't do: what is taken, what an overridden gate comes to, and that the
// rules count it as nothing but that. That the worker asks them is for the server suite.
import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import type { Observation } from '../../src/domain/observation.js';
import {
  asAsked,
  letsGoOn,
  overriddenGates,
  overrideOf,
  overrideText,
  parseOverride,
  resolveOverrides,
  type ExpectationOverride,
  type OverridableGate,
} from '../../src/domain/override.js';
import { HEALTHS, ROLLOUT_GATES, type Health, type RolloutGate } from '../../src/domain/posture.js';
import { begin, type Move } from '../../src/domain/move.js';
import { transition } from '../../src/domain/transition.js';
import { triggersAfterLastRound } from '../../src/domain/triggers.js';
import { judge, type Expectation, type GateResult } from '../../src/domain/verdict.js';
import { gradeSample } from '../../src/domain/watch.js';
import { PROPERTY_RUNS } from '../support/property-runs.js';
import { tauPlan } from '../support/plans.js';

const HEALTHY: Expectation = { health: 'healthy', gate: 'pass' };
const SPARSE: Expectation = { health: 'failing', gate: 'hold' };
const answered = (health: Health, gate: RolloutGate, ...reasonCodes: string[]): Observation => ({
  kind: 'answered',
  posture: { health, gate, reasonCodes },
  recommendations: [],
});

describe('an overridden gate', () => {
  const CASES: readonly [sentence: string, Observation, GateResult['verdict'], codes: readonly string[]][] = [
    [
      'answers exactly what is expected',
      answered('failing', 'hold', 'voice:state_unavailable'),
      'overridden',
      ['voice:state_unavailable', 'expectation_overridden'],
    ],
    [
      'answers better than expected',
      answered('healthy', 'pass', 'all_checks_passing'),
      'hold',
      ['all_checks_passing', 'health_not_expected', 'gate_not_expected', 'expectation_overridden'],
    ],
    [
      'answers with another health',
      answered('degraded', 'hold', 'c'),
      'hold',
      ['c', 'health_not_expected', 'expectation_overridden'],
    ],
    [
      'answers with another gate',
      answered('failing', 'pass', 'c'),
      'hold',
      ['c', 'gate_not_expected', 'expectation_overridden'],
    ],
    [
      'gives no reason code',
      answered('failing', 'hold'),
      'hold',
      ['reason_codes_missing', 'expectation_overridden'],
    ],
    ['does not answer', { kind: 'unreachable', code: 'http_refused', detail: '' }, 'hold', ['http_refused']],
    [
      'answers outside the contract',
      { kind: 'malformed', code: 'answer_not_json', detail: '' },
      'hold',
      ['answer_not_json'],
    ],
    [
      'is asked wrongly',
      { kind: 'misconfigured', code: 'http_status_401', detail: '' },
      'hold',
      ['http_status_401'],
    ],
  ];
  it.each(CASES)('that %s', (_, observation, verdict, reasonCodes) => {
    const result = judge('g', observation, HEALTHY, SPARSE);
    expect(result).toMatchObject({ verdict, reasonCodes, failing: false });
  });

  it('is never an earned pass, and goes on with nothing but the very answer that was expected', () => {
    const expectation = fc.record({
      health: fc.constantFrom(...HEALTHS),
      gate: fc.constantFrom(...ROLLOUT_GATES),
    });
    const silence = fc
      .constantFrom('unreachable', 'malformed', 'misconfigured')
      .map((kind): Observation => ({ kind, code: 'http_failed', detail: '' }));
    const answer = fc
      .tuple(expectation, fc.array(fc.string({ minLength: 1 }), { maxLength: 2 }))
      .map(([{ health, gate }, codes]) => answered(health, gate, ...codes));
    fc.assert(
      fc.property(fc.oneof(silence, answer), expectation, expectation, (observation, runbook, override) => {
        const { verdict } = judge('g', observation, runbook, override);
        const exact =
          observation.kind === 'answered' &&
          observation.posture.health === override.health &&
          observation.posture.gate === override.gate &&
          observation.posture.reasonCodes.length > 0;
        expect(verdict).toBe(exact ? 'overridden' : 'hold');
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  it('lets a promotion go on only where the plan of the run overrides it, or what it is derived from', () => {
    const strict = tauPlan();
    const plan = overriding('operator-summary');
    expect(overriddenGates(plan)).toEqual(['operator-summary', 'readiness']);
    expect(overriddenGates(strict)).toEqual([]);
    for (const gate of ['operator-summary', 'readiness']) {
      expect(letsGoOn(plan, gate, 'overridden')).toBe(true);
      expect(letsGoOn(strict, gate, 'overridden')).toBe(false);
    }
    expect(letsGoOn(plan, 'gateway-status', 'overridden')).toBe(false);
    expect(letsGoOn(plan, 'gateway-status', 'pass')).toBe(true);
    expect(letsGoOn(plan, 'operator-summary', 'hold')).toBe(false);
    expect(letsGoOn(plan, 'operator-summary', undefined)).toBe(false);
  });
});

describe('the rules', () => {
  it('ask for a decision where the only gates that do not pass are overridden', () => {
    const plan = overriding('deployment-status');
    expect(afterFirstRound(plan, sparseRound(plan)).effect).toMatchObject({ do: 'await-decision' });
  });

  it('hold where a result says overridden and the plan does not', () => {
    const plan = overriding('deployment-status');
    expect(afterFirstRound(tauPlan(), sparseRound(plan)).effect).toMatchObject({ do: 'remediate' });
  });

  it('count failing where failing is expected for no trigger', () => {
    const plan = overriding('deployment-status');
    const holding = plan.gates.map(({ id, expect: runbook, override }) =>
      // Failing as expected, and holding all the same: it gives no reason code.
      judge(
        id,
        id === 'deployment-status' ? answered('failing', 'hold') : answered('healthy', 'pass', 'c'),
        runbook,
        override,
      ),
    );
    expect(triggersAfterLastRound(plan, [holding, holding], [])).toEqual([]);
    const strict = holding.map((result) =>
      result.gate === 'deployment-status' ? judge(result.gate, answered('failing', 'hold'), HEALTHY) : result,
    );
    expect(triggersAfterLastRound(tauPlan(), [strict, strict], [])).toEqual(['repeated_failing']);
  });

  it('count failing where failing is expected for no streak of the watch', () => {
    const failing = answered('failing', 'hold', 'c');
    const of = (override?: Expectation) => gradeSample([judge('g', failing, HEALTHY, override)]);
    expect([of(), of(SPARSE), of({ health: 'failing', gate: 'pass' })]).toEqual(['failing', 'pass', 'hold']);
  });
});

function of(gate: string, health: Health | null, rolloutGate: RolloutGate | null): ExpectationOverride {
  return { gate, health, rolloutGate };
}

describe('what is asked for', () => {
  const gates: readonly OverridableGate[] = [
    { id: 'readiness', expect: HEALTHY, readiness: { gateway: 'g', cortex: 'c', operator: 'o' } },
    { id: 'g', expect: HEALTHY },
    { id: 'c', expect: HEALTHY },
    { id: 'o', expect: HEALTHY },
  ];

  it.each<[sentence: string, asked: ExpectationOverride[], allowed: string[] | 'all', taken: unknown]>([
    ['by the gate', [of('o', 'failing', 'hold')], ['o'], [{ gate: 'o', expect: SPARSE }]],
    [
      "by the part's name",
      [of('readiness:operator', 'failing', 'hold')],
      ['o'],
      [{ gate: 'o', expect: SPARSE }],
    ],
    [
      'in part: the rest stays',
      [of('o', null, 'hold')],
      'all',
      [{ gate: 'o', expect: { health: 'healthy', gate: 'hold' } }],
    ],
    ['as the runbook says it, which is none', [of('o', 'healthy', 'pass'), of('c', null, 'pass')], [], []],
    ['not at all', [], [], []],
  ])('%s is taken', (_, asked, allowed, overrides) => {
    expect(resolveOverrides(gates, asked, allowed)).toEqual({ ok: true, overrides });
  });

  it.each<[sentence: string, asked: ExpectationOverride[], allowed: string[] | 'all', says: RegExp]>([
    [
      'without leave',
      [of('o', 'failing', 'hold')],
      [],
      /^failing\/hold can't be expected of o .*overridable names no gate$/,
    ],
    ['with leave for another gate', [of('o', 'failing', 'hold')], ['g'], /overridable names g$/],
    ['of no gate', [of('x', 'failing', 'hold')], 'all', /"x": the runbook has no such gate: one of g, c, o$/],
    ['of what is derived', [of('readiness', 'failing', 'hold')], 'all', /readiness is derived/],
    [
      'of what is derived, with leave',
      [of('readiness', 'failing', 'hold')],
      ['readiness'],
      /readiness is derived/,
    ],
    [
      'unknown',
      [of('o', 'unknown', 'hold')],
      'all',
      /unknown can't be expected of o: no data is never a pass/,
    ],
    ['twice', [of('o', 'failing', 'hold'), of('readiness:operator', null, 'hold')], 'all', /o is said twice/],
  ])('%s is refused on one line', (_, asked, allowed, says) => {
    const refused = resolveOverrides(gates, asked, allowed);
    expect(refused).toEqual({ ok: false, problems: [expect.stringMatching(says)] });
  });

  it('of a part where the runbook has no readiness gate, or two, is refused', () => {
    const [readiness, ...rest] = gates;
    const asked = [of('readiness:operator', 'failing', 'hold')];
    for (const other of [rest, [...gates, { ...readiness, id: 'r', expect: HEALTHY }]])
      expect(resolveOverrides(other, asked, 'all')).toMatchObject({
        ok: false,
        problems: [expect.stringMatching(/^--expect-operator-….*one readiness gate/)],
      });
  });

  it('takes none where one of several is refused', () => {
    const asked = [of('o', 'failing', 'hold'), of('c', 'failing', 'hold')];
    expect(resolveOverrides(gates, asked, ['o']).ok).toBe(false);
  });

  it.each([
    undefined,
    null,
    'o',
    {},
    { gate: 1, health: null, rolloutGate: null },
    { gate: 'o', health: 'fine', rolloutGate: 'hold' },
    { gate: 'o', health: 'failing' },
    { gate: 'o', rolloutGate: 'hold' },
    { gate: 'o'.repeat(65), health: null, rolloutGate: null },
  ])('from outside, %j is none', (value) => {
    expect(parseOverride(value)).toBeUndefined();
  });

  it('from outside, is read as it stands, and nothing beside it', () => {
    const value = { gate: 'o', health: 'failing', rolloutGate: null, allowed: true };
    expect(parseOverride(value)).toEqual({ gate: 'o', health: 'failing', rolloutGate: null });
    const longest = { ...value, gate: 'o'.repeat(64) };
    expect(parseOverride(longest)).toMatchObject({ gate: 'o'.repeat(64) });
  });
});

describe('what is taken', () => {
  const taken = [
    { gate: 'a', expect: SPARSE },
    { gate: 'b', expect: { health: 'degraded', gate: 'hold' } as const },
  ];

  it('is said in words', () => {
    expect(taken.map(overrideText)).toEqual(['a expected failing/hold', 'b expected degraded/hold']);
  });

  it('is found by its gate', () => {
    expect(overrideOf(taken, 'b')).toEqual({ health: 'degraded', gate: 'hold' });
    expect(overrideOf(taken, 'c')).toBeUndefined();
  });

  it('is taken again by another reading of the same runbook', () => {
    const gates = taken.map(({ gate }) => ({ id: gate, expect: HEALTHY }));
    expect(resolveOverrides(gates, asAsked(taken), 'all')).toEqual({ ok: true, overrides: taken });
  });
});

/** Tau's plan where one gate is expected to be failing and to hold. */
function overriding(gate: string) {
  const plan = tauPlan();
  return {
    ...plan,
    gates: plan.gates.map((each) => (each.id === gate ? { ...each, override: SPARSE } : each)),
  };
}

/** Every gate as it is expected to be. */
function sparseRound(plan: ReturnType<typeof overriding>): GateResult[] {
  return plan.gates.map(({ id, expect: runbook, override }) => {
    const { health, gate } = override ?? runbook;
    return judge(id, answered(health, gate, 'c'), runbook, override);
  });
}

function afterFirstRound(plan: ReturnType<typeof tauPlan>, results: readonly GateResult[]): Move {
  const asked = transition(plan, begin(plan).state, { type: 'prerequisites-checked', problems: [] });
  return transition(plan, asked.state, { type: 'round-closed', round: 'validation-1', results });
}
