import { existsSync } from 'node:fs';

import { gateOf, readGatewayService } from './gateway-service.js';
import { readStateFile } from './state-files.js';
import { NO_ACTION, postureOf, readTransport } from './transport-state.js';

/** What the summary sees instead of `.tau/<component>` where it lags behind. */
export const LAGGING = '.tau/rehearsal/seen-by-summary';

export interface Part {
  readonly health_state: string;
  readonly rollout_gate: string;
  readonly reason_code: string;
  readonly recommendation: string;
}
export interface Component extends Part {
  readonly component: string;
  readonly health_reason: string;
  readonly queue_depth: number;
  readonly failure_streak: number;
  readonly state_path: string;
}

/** The eight components of the operator summary, from their state files under the working directory. */
export function components(): readonly Component[] {
  return [
    events(),
    transport('dashboard'),
    transport('multi-channel'),
    transport('multi-agent'),
    gateway(),
    transport('deployment'),
    transport('custom-command'),
    transport('voice'),
  ];
}

function events(): Component {
  const state_path = '.tau/events/state.json';
  if (readStateFile(state_path).kind === 'unparsable') return unavailable('events', 'unparsable', state_path);
  return {
    component: 'events',
    health_state: 'healthy',
    health_reason: 'events scheduler is not configured',
    rollout_gate: 'pass',
    reason_code: 'events_not_configured',
    recommendation: 'create event definition files under --events-dir to enable routine scheduling',
    queue_depth: 0,
    failure_streak: 0,
    state_path,
  };
}

function transport(component: string): Component {
  const state_path = `.tau/${component}/state.json`;
  const lagging = `${LAGGING}/${component}`;
  const read = readTransport(existsSync(lagging) ? lagging : `.tau/${component}`);
  if (typeof read === 'string') return unavailable(component, read, state_path);
  const posture = postureOf(read.health);
  return {
    component,
    health_state: posture.health,
    health_reason: posture.reason,
    rollout_gate: posture.gate,
    reason_code: read.cycles.at(-1)?.at(-1) ?? 'no_cycle_reports',
    recommendation: posture.recommendation,
    queue_depth: read.health.queue_depth,
    failure_streak: read.health.failure_streak,
    state_path,
  };
}

function gateway(): Component {
  const state_path = '.tau/gateway/state.json';
  const file = readStateFile(state_path);
  if (file.kind !== 'present') return unavailable('gateway', file.kind, state_path);
  const { gate, code } = gateOf(readGatewayService('.tau/gateway'));
  return {
    component: 'gateway',
    health_state: 'healthy',
    health_reason: 'no recent transport failures observed',
    rollout_gate: gate,
    reason_code: code,
    recommendation:
      gate === 'pass' ? NO_ACTION : 'start gateway service mode or clear stop reason before resuming traffic',
    queue_depth: 0,
    failure_streak: 0,
    state_path,
  };
}

function unavailable(component: string, problem: 'missing' | 'unparsable', state_path: string): Component {
  return {
    component,
    health_state: 'failing',
    health_reason: `status unavailable: failed to ${problem === 'missing' ? 'read' : 'parse'} ${state_path}`,
    rollout_gate: 'hold',
    reason_code: 'state_unavailable',
    recommendation: 'bootstrap or repair component state, then rerun operator summary',
    queue_depth: 0,
    failure_streak: 0,
    state_path,
  };
}
