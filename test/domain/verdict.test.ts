import { describe, expect, it } from 'vitest';
import { worstHealth, type Health, type Posture } from '../../src/domain/posture.js';
import { judge, type Expectation } from '../../src/domain/verdict.js';

// Proves the verdict on one observation. That a round needs every gate's pass is transition.test.ts's to prove.

const HEALTHY: Expectation = { health: 'healthy', gate: 'pass' };
const answer = (posture: Posture) => ({ kind: 'answered', posture, recommendations: [] }) as const;

describe('an answered gate', () => {
  it('passes with the expected health, the expected gate and a reason code', () => {
    const observation = answer({ health: 'healthy', gate: 'pass', reasonCodes: ['ready', 'calm'] });
    expect(judge('gateway-status', { ...observation, recommendations: ['none'] }, HEALTHY)).toEqual({
      gate: 'gateway-status',
      kind: 'answered',
      verdict: 'pass',
      health: 'healthy',
      rolloutGate: 'pass',
      reasonCodes: ['ready', 'calm'],
      failing: false,
      detail: '',
      recommendations: ['none'],
    });
  });

  const held: readonly (readonly [string, Posture, readonly string[]])[] = [
    ['no reason code', { health: 'healthy', gate: 'pass', reasonCodes: [] }, ['reason_codes_missing']],
    [
      'another health',
      { health: 'degraded', gate: 'pass', reasonCodes: ['slow'] },
      ['slow', 'health_not_expected'],
    ],
    [
      'unknown health',
      { health: 'unknown', gate: 'pass', reasonCodes: ['new'] },
      ['new', 'health_not_expected'],
    ],
    [
      'another gate',
      { health: 'healthy', gate: 'hold', reasonCodes: ['frozen'] },
      ['frozen', 'gate_not_expected'],
    ],
    [
      'nothing as expected',
      { health: 'failing', gate: 'hold', reasonCodes: [] },
      ['reason_codes_missing', 'health_not_expected', 'gate_not_expected'],
    ],
  ];
  it.each(held)('holds with %s, its own codes first and then ours', (_, posture, reasonCodes) => {
    expect(judge('g', answer(posture), HEALTHY)).toMatchObject({ verdict: 'hold', reasonCodes });
  });

  it('counts as failing where failing is not expected, whatever its gate says', () => {
    const posture: Posture = { health: 'failing', gate: 'pass', reasonCodes: ['down'] };
    expect(judge('g', answer(posture), HEALTHY)).toMatchObject({ verdict: 'hold', failing: true });
    expect(judge('g', answer({ ...posture, health: 'degraded' }), HEALTHY).failing).toBe(false);
  });

  it('passes and is not failing where a sparse environment expects it to fail and hold', () => {
    const sparse: Expectation = { health: 'failing', gate: 'hold' };
    const posture: Posture = { health: 'failing', gate: 'hold', reasonCodes: ['sparse'] };
    expect(judge('g', answer(posture), sparse)).toMatchObject({ verdict: 'pass', failing: false });
  });

  it('holds where failing is expected and it is healthy', () => {
    const posture: Posture = { health: 'healthy', gate: 'pass', reasonCodes: ['ready'] };
    expect(judge('g', answer(posture), { health: 'failing', gate: 'hold' })).toMatchObject({
      verdict: 'hold',
      failing: false,
      reasonCodes: ['ready', 'health_not_expected', 'gate_not_expected'],
    });
  });

  it('holds without failing where failing is expected and only its gate is another', () => {
    const posture: Posture = { health: 'failing', gate: 'pass', reasonCodes: ['x'] };
    expect(judge('g', answer(posture), { health: 'failing', gate: 'hold' })).toMatchObject({
      verdict: 'hold',
      failing: false,
    });
  });
});

describe('a gate without an answer', () => {
  it.each(['unreachable', 'malformed', 'misconfigured'] as const)(
    'holds when %s, with our code, and is never failing',
    (kind) => {
      const result = judge('g', { kind, code: 'http_timeout', detail: 'one line' }, HEALTHY);
      expect(result).toEqual({
        gate: 'g',
        kind,
        verdict: 'hold',
        health: 'unknown',
        rolloutGate: 'hold',
        reasonCodes: ['http_timeout'],
        failing: false,
        detail: 'one line',
        recommendations: [],
      });
    },
  );

  it.each(['unreachable', 'malformed', 'misconfigured'] as const)(
    'never passes when %s, even where unknown health and a hold are expected',
    (kind) => {
      const expected: Expectation = { health: 'unknown', gate: 'hold' };
      expect(judge('g', { kind, code: 'http_refused', detail: '' }, expected).verdict).toBe('hold');
    },
  );
});

describe('the worst of several healths', () => {
  const cases: readonly (readonly [readonly Health[], Health])[] = [
    [['healthy', 'degraded', 'unknown', 'failing'], 'failing'],
    [['healthy', 'degraded', 'unknown'], 'unknown'],
    [['healthy', 'degraded'], 'degraded'],
    [['healthy', 'healthy'], 'healthy'],
    [[], 'unknown'],
  ];
  it.each(cases)('of %j is %s', (healths, worst) => {
    expect(worstHealth(healths)).toBe(worst);
  });
});
