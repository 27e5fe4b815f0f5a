/** The readiness gate, derived from a round's gateway, cortex and operator answers. */
import { expect, it } from 'vitest';
import { judge } from '../../src/domain/verdict.js';
import { body, observe, PASSING, recorded, silent, SPARSE } from './readiness-answers.js';

it('passes where every part is as it is expected to be', () => {
  expect(observe(recorded('healthy'))).toEqual({
    kind: 'answered',
    posture: { health: 'healthy', gate: 'pass', reasonCodes: ['readiness_passed'] },
    recommendations: [],
  });
});

it('passes in a sparse environment whose operator summary fails as expected', () => {
  const answers = { ...recorded('healthy'), operator: recorded('operator-failing').operator };
  expect(observe(answers, SPARSE)).toMatchObject({ posture: { gate: 'pass' } });
  expect(judge('readiness', observe(answers, SPARSE), PASSING).verdict).toBe('pass');
});

it('holds in a sparse environment whose operator summary passes against expectation', () => {
  expect(observe(recorded('healthy'), SPARSE)).toMatchObject({
    posture: { health: 'healthy', gate: 'hold', reasonCodes: ['operator:all_checks_passing'] },
  });
});

it('does not read failing because of a part that is expected to fail', () => {
  const operator = body({ health_state: 'failing', rollout_gate: 'hold', reason_codes: [] });
  expect(observe({ ...recorded('healthy'), operator }, SPARSE)).toMatchObject({
    posture: { health: 'degraded', gate: 'hold', reasonCodes: ['operator:reason_codes_missing'] },
  });
});

it.each([
  [
    'failing',
    'failing',
    [
      'gateway:guardrail_checks_passing',
      'cortex:cortex_observer_events_malformed',
      'operator:events:state_unavailable',
      'operator:deployment:case_processing_failed',
    ],
  ],
  ['hold', 'healthy', ['gateway:service_stopped', 'operator:gateway:service_stopped']],
  ['cortex-stale', 'degraded', ['cortex:cortex_observer_events_stale']],
  ['operator-hold', 'degraded', ['operator:daemon:daemon_not_running']],
])('in %s it is %s and names the holding parts', (state, health, reasonCodes) => {
  expect(observe(recorded(state))).toMatchObject({
    kind: 'answered',
    posture: { health, gate: 'hold', reasonCodes },
  });
});

it('a word outside the contract is an unknown health', () => {
  expect(
    observe({
      ...recorded('healthy'),
      cortex: body({ health_state: 'fine', rollout_gate: 'pass', reason_code: 'x' }),
    }),
  ).toMatchObject({
    posture: { health: 'unknown', gate: 'hold', reasonCodes: ['cortex:x'] },
  });
});

it('a holding part that answered outweighs those that did not, which are named too', () => {
  const answers = { ...recorded('hold'), cortex: silent('misconfigured', 'http_401') };
  expect(observe(answers)).toMatchObject({
    kind: 'answered',
    posture: {
      health: 'healthy',
      gate: 'hold',
      reasonCodes: ['gateway:service_stopped', 'cortex:http_401', 'operator:gateway:service_stopped'],
    },
  });
});

const { operator } = recorded('healthy');
it.each([
  [
    'misconfigured only if every holding part is',
    silent('misconfigured', 'http_401'),
    silent('misconfigured', 'http_404'),
    'misconfigured',
    'gateway:http_401',
  ],
  [
    'unreachable if one is',
    silent('misconfigured', 'http_401'),
    silent('unreachable', 'http_timeout'),
    'unreachable',
    'cortex:http_timeout',
  ],
  [
    'unreachable before malformed',
    silent('malformed', 'json_invalid'),
    silent('unreachable', 'http_timeout'),
    'unreachable',
    'cortex:http_timeout',
  ],
  [
    'malformed if one is and none is unreachable',
    silent('misconfigured', 'http_401'),
    silent('malformed', 'json_invalid'),
    'malformed',
    'cortex:json_invalid',
  ],
])('without an answer from a holding part it is %s', (_, gateway, cortex, kind, code) => {
  expect(observe({ gateway, cortex, operator })).toMatchObject({ kind, code });
});

it('its detail says what happened to each part', () => {
  const observation = observe({
    gateway: silent('unreachable', 'http_refused'),
    cortex: silent('misconfigured', 'http_401'),
    operator,
  });
  expect(observation).toMatchObject({
    detail: 'gateway: no answer: http_refused; cortex: no answer: http_401',
  });
});
