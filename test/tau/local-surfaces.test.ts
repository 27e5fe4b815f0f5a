/** The operator summary, the two deployment surfaces and cortex, where they disagree with themselves or lack data. */
import { describe, expect, it } from 'vitest';
import { readCortexStatus } from '../../src/tau/cortex-status.js';
import { readDeploymentStatus } from '../../src/tau/deployment-status.js';
import { readDeploymentTransport } from '../../src/tau/deployment-transport.js';
import { readOperatorSummary } from '../../src/tau/operator-summary.js';
import { changed, recordedJson } from './recordings.js';

const summary = recordedJson('healthy/operator-control-summary.stdout');
const status = recordedJson('healthy/deployment-status.stdout');
const entry = (failureStreak: number, lastCycleFailed: number, updatedUnixMs = 1_795_414_473_123) => ({
  transport: 'deployment',
  health: {
    failure_streak: failureStreak,
    last_cycle_failed: lastCycleFailed,
    updated_unix_ms: updatedUnixMs,
  },
});

describe('operator summary', () => {
  it('a component that holds outweighs a top level that passes, and is named', () => {
    const voice = {
      component: 'voice',
      health_state: 'failing',
      rollout_gate: 'hold',
      reason_code: 'state_unavailable',
    };
    expect(readOperatorSummary(changed(summary, ['components'], [voice]))).toMatchObject({
      posture: { health: 'failing', gate: 'hold', reasonCodes: ['voice:state_unavailable'] },
    });
  });

  it('a daemon and a release channel that hold outweigh a top level that passes', () => {
    const daemon = { health_state: 'degraded', rollout_gate: 'hold', reason_code: 'daemon_not_running' };
    const channel = {
      health_state: 'degraded',
      rollout_gate: 'hold',
      reason_code: 'release_channel_missing',
    };
    const body = changed(changed(summary, ['daemon'], daemon), ['release_channel'], channel);
    expect(readOperatorSummary(body)).toMatchObject({
      posture: {
        health: 'degraded',
        gate: 'hold',
        reasonCodes: ['daemon:daemon_not_running', 'release-channel:release_channel_missing'],
      },
    });
  });

  it('a remote profile that holds outweighs a top level that passes, and has no health', () => {
    const policy = {
      gateway_remote_gate: 'hold',
      gateway_remote_reason_codes: ['remote_no_auth', 'another'],
    };
    expect(readOperatorSummary(changed(summary, ['policy_posture'], policy))).toMatchObject({
      posture: { health: 'healthy', gate: 'hold', reasonCodes: ['gateway-remote-profile:remote_no_auth'] },
    });
  });

  it('a hold that the top level names already is not named twice', () => {
    expect(readOperatorSummary(recordedJson('operator-hold/operator-control-summary.stdout'))).toMatchObject({
      posture: { reasonCodes: ['daemon:daemon_not_running'] },
    });
  });

  it('empty reason codes stay empty: the verdict holds them', () => {
    expect(
      readOperatorSummary({ health_state: 'healthy', rollout_gate: 'pass', reason_codes: [] }),
    ).toMatchObject({
      kind: 'answered',
      posture: { gate: 'pass', reasonCodes: [] },
    });
  });

  it.each([
    [['health_state'], undefined, '.health_state'],
    [['rollout_gate'], null, '.rollout_gate'],
    [['rollout_gate'], 'open', '.rollout_gate'],
    [['reason_codes'], 'all_checks_passing', '.reason_codes'],
    [['recommendations'], [1], '.recommendations[0]'],
    [['components'], {}, '.components'],
    [['components'], [{ component: 'voice', rollout_gate: 'maybe' }], '.components[0].rollout_gate'],
    [['daemon'], 'running', '.daemon'],
    [['daemon', 'health_state'], 'up', '.daemon.health_state'],
    [['policy_posture', 'gateway_remote_gate'], 'open', '.policy_posture.gateway_remote_gate'],
  ])('%j as %j is malformed, and the detail names the field', (path, value, field) => {
    const observation = readOperatorSummary(changed(summary, path, value));
    expect(observation.kind).toBe('malformed');
    expect(observation.kind === 'malformed' && observation.detail).toContain(`operator summary: ${field}: `);
  });
});

describe('deployment transport', () => {
  it.each([
    ['a clean cycle', [entry(0, 0)], 'healthy', 'pass', ['transport_healthy']],
    ['one failed cycle', [entry(1, 0)], 'degraded', 'hold', ['transport_degraded']],
    ['a failed case without a streak', [entry(0, 1)], 'degraded', 'hold', ['transport_degraded']],
    ['a streak of two', [entry(2, 5)], 'degraded', 'hold', ['transport_degraded']],
    ['a streak of three', [entry(3, 0)], 'failing', 'hold', ['transport_failing']],
    ['no transport at all', [], 'unknown', 'hold', ['transport_no_data']],
    ['a state that was never written', [entry(0, 0, 0)], 'unknown', 'hold', ['transport_no_data']],
    [
      'the worst of several',
      [entry(0, 0), entry(4, 1), entry(1, 0)],
      'failing',
      'hold',
      ['transport_failing', 'transport_degraded'],
    ],
    ['a second one without data', [entry(0, 0), entry(0, 0, 0)], 'unknown', 'hold', ['transport_no_data']],
  ] as const)('%s', (_, body, health, gate, reasonCodes) => {
    expect(readDeploymentTransport(body)).toMatchObject({ posture: { health, gate, reasonCodes } });
  });

  it.each([
    [{}, 'the answer'],
    [[{}], '[0].health'],
    [[{ health: { failure_streak: 0, last_cycle_failed: 0 } }], '[0].health.updated_unix_ms'],
    [[entry(0, 0), { health: { ...entry(0, 0).health, failure_streak: '0' } }], '[1].health.failure_streak'],
    [[entry(-1, 0)], '[0].health.failure_streak'],
    [[entry(Number.NaN, 0)], '[0].health.failure_streak'],
  ])('%j is malformed, and the detail names the field', (body, field) => {
    const observation = readDeploymentTransport(body);
    expect(observation.kind === 'malformed' && observation.detail).toContain(
      `deployment transport: ${field}: `,
    );
  });
});

describe('deployment status', () => {
  it('a state that was never written holds although it says healthy and pass', () => {
    const body = changed(changed(status, ['health', 'updated_unix_ms'], 0), ['last_reason_codes'], []);
    expect(readDeploymentStatus(body)).toMatchObject({
      posture: { health: 'unknown', gate: 'hold', reasonCodes: ['deployment_no_data'] },
    });
  });

  it('no data does not soften a failing health', () => {
    const failing = recordedJson('deployment-failing/deployment-status.stdout');
    expect(readDeploymentStatus(changed(failing, ['health', 'updated_unix_ms'], 0))).toMatchObject({
      posture: {
        health: 'failing',
        gate: 'hold',
        reasonCodes: ['case_processing_failed', 'deployment_no_data'],
      },
    });
  });

  it('empty reason codes stay empty: the verdict holds them', () => {
    expect(readDeploymentStatus(changed(status, ['last_reason_codes'], []))).toMatchObject({
      posture: { health: 'healthy', gate: 'pass', reasonCodes: [] },
    });
  });

  it.each([
    [{}, '.health_state'],
    [changed(status, ['rollout_gate'], false), '.rollout_gate'],
    [changed(status, ['health'], 'good'), '.health'],
    [changed(status, ['health', 'updated_unix_ms'], 'never'), '.health.updated_unix_ms'],
    [changed(status, ['last_reason_codes'], { 0: 'x' }), '.last_reason_codes'],
  ])('a wrong field is malformed and named: %#', (body, field) => {
    const observation = readDeploymentStatus(body);
    expect(observation.kind === 'malformed' && observation.detail).toContain(`deployment status: ${field}: `);
  });
});

describe('cortex status', () => {
  it('a missing reason code stays missing: the verdict holds it', () => {
    expect(
      readCortexStatus({ health_state: 'healthy', rollout_gate: 'pass', reason_code: null }),
    ).toMatchObject({
      posture: { health: 'healthy', gate: 'pass', reasonCodes: [] },
    });
  });

  it.each([
    [{ rollout_gate: 'pass', reason_code: 'cortex_ready' }, '.health_state'],
    [{ health_state: 'healthy', reason_code: 'cortex_ready' }, '.rollout_gate'],
    [{ health_state: 'healthy', rollout_gate: 'pass', reason_code: ['cortex_ready'] }, '.reason_code'],
    [{ health_state: 'unavailable', rollout_gate: 'hold' }, '.health_state'],
  ])('%j is malformed, and the detail names the field', (body, field) => {
    const observation = readCortexStatus(body);
    expect(observation.kind === 'malformed' && observation.detail).toContain(`cortex status: ${field}: `);
  });
});
