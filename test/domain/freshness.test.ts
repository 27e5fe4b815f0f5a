import { describe, expect, it } from 'vitest';
import { judgePreflight, type AskedGate } from '../../src/domain/freshness.js';
import { tauPlan, type TauGate } from '../support/plans.js';

// How old a preflight may be when a promotion step begins. That the worker reads it from the evidence: test/activities.

const NOW = 1_000_000_000;
/** Tau's slowest gate may take 20 s, and a pass counts for a minute. */
const GOOD_FOR_MS = 80_000;
const passed = (askedAt: number): AskedGate => ({ verdict: 'pass', askedAt });

function judged(
  different: Partial<Record<TauGate, AskedGate | 'no answer'>>,
  { begun = false, askedAt = NOW }: { readonly begun?: boolean; readonly askedAt?: number } = {},
): string {
  const answers = new Map<string, AskedGate | 'no answer'>(Object.entries(different));
  const asked = (gate: string): AskedGate | undefined => {
    const answer = answers.get(gate) ?? passed(askedAt);
    return answer === 'no answer' ? undefined : answer;
  };
  return judgePreflight(tauPlan(), asked, { now: NOW, begun });
}

describe('a preflight', () => {
  it.each([
    ['that was just asked has passed', {}, {}, 'passed'],
    ['is good for a minute and the slowest deadline', {}, { askedAt: NOW - GOOD_FOR_MS }, 'passed'],
    ['is stale after that', {}, { askedAt: NOW - GOOD_FOR_MS - 1 }, 'stale'],
    ['is stale where one gate is', { readiness: passed(NOW - GOOD_FOR_MS - 1) }, {}, 'stale'],
    ['is stale where nobody knows when it was asked', { readiness: passed(Number.NaN) }, {}, 'stale'],
    ['is not judged by its age once something was promoted', {}, { askedAt: 0, begun: true }, 'passed'],
    [
      'has not passed where one gate holds',
      { 'cortex-status': { verdict: 'hold', askedAt: NOW } },
      {},
      'not_passed',
    ],
    ['has not passed where one gate gave no answer', { 'cortex-status': 'no answer' }, {}, 'not_passed'],
    [
      'has not passed where one gate holds, though something was promoted',
      { 'cortex-status': { verdict: 'hold', askedAt: NOW } },
      { begun: true },
      'not_passed',
    ],
  ] as const)('%s', (_, different, options, expected) => {
    expect(judged(different, options)).toBe(expected);
  });

  it('is good for as long as its slowest gate may take, whatever the others', () => {
    const plan = tauPlan();
    const gates = plan.gates.map((gate, index) => ({ ...gate, deadlineMs: index === 0 ? 50_000 : 1_000 }));
    const judgedAt = (now: number): string =>
      judgePreflight({ ...plan, gates }, () => passed(0), { now, begun: false });
    expect(judgedAt(110_000)).toBe('passed');
    expect(judgedAt(110_001)).toBe('stale');
  });

  it('of no gates at all has not passed: no data is never a pass', () => {
    const nothing = { ...tauPlan(), gates: [] };
    expect(judgePreflight(nothing, () => passed(NOW), { now: NOW, begun: true })).toBe('not_passed');
  });
});
