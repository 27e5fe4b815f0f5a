/** What the gateway's answer means when its parts disagree. Rules, on answers changed by hand from recorded ones. */
import { describe, expect, it } from 'vitest';
import { readGatewayStatus } from '../../src/tau/gateway-status.js';
import { changed, recordedJson } from './recordings.js';

const healthy = recordedJson('healthy/gateway-status.json');
const posture = (body: unknown) => {
  const observation = readGatewayStatus(body);
  return observation.kind === 'answered' ? observation.posture : observation;
};

describe('misleading passes', () => {
  it('failing events hold although the service says pass', () => {
    const body = recordedJson('gateway-failing/gateway-status.json');
    expect(body).toMatchObject({ service: { rollout_gate: 'pass', guardrail_gate: 'pass' } });
    expect(posture(body)).toEqual({
      health: 'failing',
      gate: 'hold',
      reasonCodes: ['events_state_parse_failed'],
    });
  });

  it('a held guardrail holds although the rollout gate passes, and only its reason is named', () => {
    const held = changed(healthy, ['service', 'guardrail_gate'], 'hold');
    const body = changed(held, ['service', 'guardrail_reason_code'], 'failure_streak_threshold_exceeded');
    expect(posture(body)).toEqual({
      health: 'healthy',
      gate: 'hold',
      reasonCodes: ['failure_streak_threshold_exceeded'],
    });
  });

  it('a service that does not run holds although its gates say pass', () => {
    const body = changed(healthy, ['service', 'service_status'], 'crashed');
    expect(posture(body)).toEqual({ health: 'healthy', gate: 'hold', reasonCodes: ['service_not_running'] });
  });

  it.each([
    [
      'holds for another reason',
      { rollout_gate: 'hold', rollout_reason_code: 'paused' },
      ['service_not_running', 'paused'],
    ],
    [
      'holds and says among others that the service stopped',
      { rollout_gate: 'hold', rollout_reason_code: 'paused', reason_code: 'service_stopped' },
      ['paused', 'service_stopped'],
    ],
    [
      'passes with a reason that sounds like it',
      { rollout_gate: 'pass', rollout_reason_code: 'service_fine' },
      ['service_not_running'],
    ],
  ])('a service that does not run, where its gate %s', (_, service, reasonCodes) => {
    const body = {
      service: { service_status: 'stopped', ...service },
      events: { health_state: 'healthy', rollout_gate: 'pass' },
    };
    expect(posture(body)).toEqual({ health: 'healthy', gate: 'hold', reasonCodes });
  });

  it('a section that this version does not know holds if it says so', () => {
    const body = changed(healthy, ['federation'], {
      health_state: 'degraded',
      rollout_gate: 'hold',
      reason_code: 'peer_lost',
    });
    expect(posture(body)).toEqual({ health: 'degraded', gate: 'hold', reasonCodes: ['peer_lost'] });
  });

  it.each([
    ['a gate of its own', { rollout_gate: 'hold', reason_code: 'x' }, 'healthy', 'hold'],
    ['a guardrail alone', { guardrail_gate: 'hold', guardrail_reason_code: 'x' }, 'healthy', 'hold'],
    ['a health alone', { health_state: 'failing', reason_code: 'x' }, 'failing', 'pass'],
  ])('a section that this version does not know is heard by %s', (_, section, health, gate) => {
    expect(posture(changed(healthy, ['federation'], section))).toEqual({ health, gate, reasonCodes: ['x'] });
  });

  it('a section that this version does not know and that says none of these is left alone', () => {
    expect(posture(changed(healthy, ['federation'], { reason_code: 7 }))).toEqual(posture(healthy));
  });

  it('a top level that passes does not outweigh a section that holds', () => {
    const top = { health_state: 'healthy', rollout_gate: 'pass', reason_code: 'all_well' };
    const stopped = recordedJson('hold/gateway-status.json');
    expect(posture(Object.assign({}, stopped, top))).toMatchObject({
      gate: 'hold',
      reasonCodes: ['stopped_by_emergency_rollback', 'service_stopped'],
    });
  });

  it('a hold without a reason code keeps no reason from a section that passes', () => {
    const body = changed(healthy, ['multi_channel'], { health_state: 'unknown', rollout_gate: 'hold' });
    expect(posture(body)).toEqual({ health: 'unknown', gate: 'hold', reasonCodes: [] });
  });
});

describe('the rollback, as the gateway tells it', () => {
  it('after the stop it is stopped by the emergency rollback', () => {
    expect(posture(recordedJson('rollback/after-stop.gateway-status.json'))).toEqual({
      health: 'healthy',
      gate: 'hold',
      reasonCodes: ['stopped_by_emergency_rollback', 'service_stopped'],
    });
  });

  it.each(['after-start', 'after-stop-in-wrong-dir'])('%s it passes', (state) => {
    expect(posture(recordedJson(`rollback/${state}.gateway-status.json`))).toEqual({
      health: 'healthy',
      gate: 'pass',
      reasonCodes: ['guardrail_checks_passing', 'events_not_configured', 'healthy_cycle'],
    });
  });

  it('a stop for another reason may be undone: no code forbids the start', () => {
    const stopped = recordedJson('hold/gateway-status.json');
    const body = changed(stopped, ['service', 'service_last_stop_reason'], 'operator_requested');
    expect(posture(body)).toMatchObject({ gate: 'hold', reasonCodes: ['service_stopped'] });
  });

  it('a service stopped by a rollback is named so even where its gates say pass', () => {
    const stopped = changed(healthy, ['service', 'service_status'], 'stopped');
    const body = changed(stopped, ['service', 'service_last_stop_reason'], 'emergency_rollback');
    expect(posture(body)).toMatchObject({
      gate: 'hold',
      reasonCodes: ['service_not_running', 'stopped_by_emergency_rollback'],
    });
  });
});

describe('the edges of the contract', () => {
  it('a running service is healthy where nothing else says a health', () => {
    const body = { service: { service_status: 'running', rollout_gate: 'pass', rollout_reason_code: 'ok' } };
    expect(posture(body)).toEqual({ health: 'healthy', gate: 'pass', reasonCodes: ['ok'] });
  });

  it('a running service does not hide a health that is said', () => {
    const body = {
      service: { service_status: 'running', rollout_gate: 'pass' },
      events: { health_state: 'failing' },
    };
    expect(posture(body)).toMatchObject({ health: 'failing', gate: 'pass' });
  });

  it('a stopped service without a gate of its own holds', () => {
    const body = { service: { service_status: 'stopped' }, events: { health_state: 'healthy' } };
    expect(posture(body)).toEqual({ health: 'healthy', gate: 'hold', reasonCodes: ['service_not_running'] });
  });

  it('null and false count as absent', () => {
    const body = {
      health_state: null,
      rollout_gate: false,
      events: null,
      service: {
        service_status: 'running',
        rollout_gate: 'pass',
        rollout_reason_code: null,
        reason_code: 'ok',
      },
    };
    expect(posture(body)).toEqual({ health: 'healthy', gate: 'pass', reasonCodes: ['ok'] });
  });

  it.each([
    ['no gate anywhere', { events: { health_state: 'healthy' } }, 'the answer: no rollout_gate in it'],
    ['no health anywhere', { service: { rollout_gate: 'pass' } }, 'the answer: no health_state in it'],
    ['an empty object', {}, 'the answer: no rollout_gate in it'],
    [
      'nothing but unknown sections',
      { x: { health_state: 'healthy', rollout_gate: 'pass' } },
      'the answer: no rollout_gate in it',
    ],
    ['a list', [healthy], 'the answer: expected an object'],
    ['nothing', null, 'the answer: expected an object'],
    ['an unknown health', changed(healthy, ['events', 'health_state'], 'fine'), '.events.health_state: '],
    ['an unknown gate', changed(healthy, ['service', 'rollout_gate'], 'open'), '.service.rollout_gate: '],
    [
      'a gate in capitals',
      changed(healthy, ['multi_channel', 'rollout_gate'], 'PASS'),
      '.multi_channel.rollout_gate: ',
    ],
    ['a wrong type', changed(healthy, ['service', 'service_status'], 1), '.service.service_status: '],
    ['a section that is no object', changed(healthy, ['events'], 'fine'), 'gateway status: .events: '],
    ['another section that is no object', changed(healthy, ['multi_channel'], 'fine'), '.multi_channel: '],
    ['an unknown word at the top', changed(healthy, ['health_state'], 'fine'), 'status: .health_state: '],
    ['a service that is no object', changed(healthy, ['service'], [1]), '.service: '],
    [
      'codes that are no list',
      changed(healthy, ['multi_channel', 'last_reason_codes'], 'x'),
      '.last_reason_codes: ',
    ],
    [
      'a code that is no text',
      changed(healthy, ['multi_channel', 'last_reason_codes'], [7]),
      '.last_reason_codes[0]: ',
    ],
    [
      'an unknown word in an unknown section',
      changed(healthy, ['x'], { rollout_gate: 'maybe' }),
      '.x.rollout_gate: ',
    ],
  ])('%s is malformed, and the detail names the field', (_, body, field) => {
    const observation = readGatewayStatus(body);
    expect(observation).toMatchObject({ kind: 'malformed', code: 'answer_outside_contract' });
    expect(observation.kind === 'malformed' && observation.detail).toContain(field);
  });

  it('a detail never shows the value', () => {
    const observation = readGatewayStatus(changed(healthy, ['events', 'health_state'], 'sk-secret'));
    expect(JSON.stringify(observation)).not.toContain('sk-secret');
  });
});
