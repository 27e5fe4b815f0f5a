/**
 * Whatever comes, a reader returns a bounded, printable observation, never throws, and lets nothing pass that the answer
 * does not say. Bodies are decoded JSON, and worse than a server would send.
 */
import { describe, expect, it } from 'vitest';
import { judge } from '../../src/domain/verdict.js';
import { readers } from '../../src/tau/readers.js';
import { PASSING } from './readiness-answers.js';
import { readEverywhere, unbounded } from './read-everywhere.js';
import { recordedJson } from './recordings.js';

function nested(depth: number): unknown {
  let value: unknown = 'bottom';
  for (let level = 0; level < depth; level++) value = { health_state: value, events: value, health: [value] };
  return value;
}

const MANY = Array.from({ length: 100_000 }, (_, index) => `code_${index}`);
const LONG = 'x'.repeat(100_000);

describe('a hostile answer', () => {
  it.each<[string, unknown]>([
    ['nothing', undefined],
    ['null', null],
    ['a text', 'healthy'],
    ['a number', 1],
    ['a list of nulls', [null, null]],
    ['a list of lists', [[[[]]]]],
    [
      'every field null',
      { health_state: null, rollout_gate: null, reason_code: null, service: null, events: null },
    ],
    [
      'every field a list',
      { health_state: [], rollout_gate: [], reason_codes: [[]], service: [], events: [] },
    ],
    ['a deep one', nested(20_000)],
    [
      '100,000 sections',
      Object.fromEntries(MANY.map((name) => [name, { rollout_gate: 'hold', reason_code: name }])),
    ],
    ['100,000 wrong entries', MANY.map(() => ({ health: 0 }))],
    [
      'a prototype that passes',
      JSON.parse('{"__proto__":{"health_state":"healthy","rollout_gate":"pass","reason_code":"x"}}'),
    ],
    [
      'a constructor',
      JSON.parse('{"constructor":{"prototype":{"health_state":"healthy"}},"toString":1,"hasOwnProperty":1}'),
    ],
    ['a section with a name to print', { 'a\n\u001b[31m\u202e': { rollout_gate: 'maybe' } }],
    ['a section with an endless name', { [LONG]: { rollout_gate: 'maybe' } }],
  ])('%s passes nowhere', (_, body) => {
    const { observations, reported } = readEverywhere(body);
    expect(observations.flatMap(unbounded)).toEqual([]);
    expect(observations.filter((one) => judge('gate', one, PASSING).verdict === 'pass')).toEqual([]);
    expect(reported).toBe(false);
  });

  it('100,000 long codes and recommendations are cut, not refused', () => {
    const codes = MANY.map((code) => `${code}${LONG.slice(0, 500)}`);
    const observation = readers['tau-operator-summary']({
      health_state: 'degraded',
      rollout_gate: 'hold',
      reason_codes: codes,
      recommendations: codes,
    });
    expect(unbounded(observation)).toEqual([]);
    expect(observation.kind === 'answered' && observation.posture.reasonCodes).toHaveLength(32);
    expect(observation.kind === 'answered' && observation.recommendations).toHaveLength(16);
  });

  it('control characters are taken out of codes, and a code of nothing else is none', () => {
    const observation = readers['tau-cortex-status']({
      health_state: 'failing',
      rollout_gate: 'hold',
      reason_code: '\u001b[2Jcortex_\r\nobserver\u202e_events\u0000\ud800',
    });
    expect(observation).toMatchObject({ posture: { reasonCodes: ['[2Jcortex_observer_events'] } });
    expect(
      readers['tau-cortex-status']({
        health_state: 'healthy',
        rollout_gate: 'pass',
        reason_code: '\u0007\n ',
      }),
    ).toMatchObject({ posture: { reasonCodes: [] } });
  });

  it('a cut leaves no half of a character', () => {
    const observation = readers['tau-deployment-status']({
      health_state: 'failing',
      rollout_gate: 'hold',
      last_reason_codes: [`${'x'.repeat(127)}\u{1f600}`],
    });
    expect(observation).toMatchObject({ posture: { reasonCodes: ['x'.repeat(127)] } });
  });

  it('reading changes nothing in the answer', () => {
    const body = recordedJson('failing/gateway-status.json');
    const before = structuredClone(body);
    readEverywhere(body);
    expect(body).toEqual(before);
  });
});
