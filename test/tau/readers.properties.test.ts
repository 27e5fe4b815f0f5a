/** Rules that hold for every answer, on answers made of Tau's own names and words with anything else strewn in. */
import * as fc from 'fast-check';
import { expect, it } from 'vitest';
import { HEALTHS, ROLLOUT_GATES, worstHealth } from '../../src/domain/posture.js';
import { readers } from '../../src/tau/readers.js';
import { readEverywhere, unbounded } from './read-everywhere.js';

const word = fc.constantFrom(
  'healthy',
  'degraded',
  'failing',
  'unknown',
  'pass',
  'hold',
  'running',
  'stopped',
  '',
  null,
  false,
);
const fieldName = fc.constantFrom(
  'health_state',
  'rollout_gate',
  'guardrail_gate',
  'reason_code',
  'rollout_reason_code',
  'reason_codes',
  'last_reason_codes',
  'recommendations',
  'service',
  'events',
  'multi_channel',
  'service_status',
  'health',
  'components',
  'daemon',
  'policy_posture',
  'failure_streak',
  'updated_unix_ms',
  '__proto__',
);
/** Trees of Tau's own names and words, with anything else strewn in. */
const { body: likeTau } = fc.letrec((tie) => ({
  leaf: fc.oneof(word, fc.string({ unit: 'binary' }), fc.integer(), fc.jsonValue()),
  body: fc.oneof(
    { depthSize: 'small' },
    tie('leaf'),
    fc.array(tie('body'), { maxLength: 4 }),
    fc.array(fc.tuple(fieldName, tie('body')), { maxLength: 8 }).map((fields) => Object.fromEntries(fields)),
  ),
}));

it('no reader throws, and every observation is bounded and printable', () => {
  fc.assert(
    fc.property(fc.oneof(likeTau, fc.jsonValue(), fc.anything()), (body) => {
      const { observations, reported, ready } = readEverywhere(body);
      expect(observations.flatMap(unbounded)).toEqual([]);
      expect(reported).toBe(ready);
    }),
    { numRuns: 1_000 },
  );
});

const health = fc.constantFrom(...HEALTHS);
const gate = fc.constantFrom(...ROLLOUT_GATES);
const section = fc.record(
  { health_state: health, rollout_gate: gate, reason_code: fc.constant('x') },
  { requiredKeys: [] },
);

it('a gateway passes only where every gate passes, and is as healthy as its worst section', () => {
  // The events say both words, so that every one of these is an answer.
  const events = fc.record({ health_state: health, rollout_gate: gate });
  const rest = fc.dictionary(fc.constantFrom('service', 'multi_channel', 'a', 'b'), section);
  fc.assert(
    fc.property(rest, events, (rest, events) => {
      const sections = [...Object.values(rest), events];
      const gates = sections.map(({ rollout_gate }) => rollout_gate);
      expect(readers['tau-gateway-status']({ ...rest, events })).toMatchObject({
        kind: 'answered',
        posture: {
          gate: gates.includes('hold') ? 'hold' : 'pass',
          health: worstHealth(sections.flatMap(({ health_state }) => health_state ?? [])),
        },
      });
    }),
    { numRuns: 500 },
  );
});

it('sections that the contract does not know are no answer by themselves', () => {
  fc.assert(
    fc.property(fc.dictionary(fc.constantFrom('a', 'b', '__proto__'), section), (body) => {
      expect(readers['tau-gateway-status'](body).kind).toBe('malformed');
    }),
    { numRuns: 100 },
  );
});

it('an operator summary is never better than its worst component', () => {
  const component = fc.record({ component: fc.string(), health_state: health, rollout_gate: gate });
  fc.assert(
    fc.property(fc.array(component), (components) => {
      const top = { health_state: 'healthy', rollout_gate: 'pass', reason_codes: ['all_checks_passing'] };
      expect(readers['tau-operator-summary']({ ...top, components })).toMatchObject({
        posture: {
          gate: components.some(({ rollout_gate }) => rollout_gate === 'hold') ? 'hold' : 'pass',
          health: worstHealth(['healthy', ...components.map(({ health_state }) => health_state)]),
        },
      });
    }),
    { numRuns: 300 },
  );
});
