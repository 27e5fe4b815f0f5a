import { rmSync } from 'node:fs';
import { join } from 'node:path';

import { cortexChat, observerEvent } from './cortex-chat.js';
import { CHAT_EVENT, OBSERVER_EVENTS } from './cortex-status.js';
import { readGatewayService, started, stopped, writeGatewayService } from './gateway-service.js';
import { LAGGING } from './operator-components.js';
import { writeStateFile, writeTextFile, type JsonObject } from './state-files.js';
import { LOG_FILE, transportHealth, type TransportHealth } from './transport-state.js';

/** How state files differ from healthy ones. */
export interface Condition {
  /** The gateway is stopped, for this reason. */
  readonly gatewayStopped?: string;
  /** The gateway's server was started anew, once: it sets its state back to running. */
  readonly gatewayRestarted?: true;
  readonly events?: 'unparsable';
  readonly cortex?: 'chat-missing' | 'malformed' | 'missing' | 'stale';
  readonly deployment?: 'degraded' | 'failing' | 'missing';
  readonly daemon?: 'not-running';
  /** The operator summary still sees a healthy deployment. */
  readonly summaryLags?: true;
}

const TRANSPORTS = ['dashboard', 'multi-channel', 'multi-agent', 'custom-command', 'voice'] as const;
const FIRST_START = 1;
const STALE_MS = 8 * 60 * 60 * 1000;

/** The state of a Tau in which every gate passes. */
export function writeHealthyState(workspace: string, now: number): void {
  const tau = join(workspace, '.tau');
  writeGatewayService(join(tau, 'gateway'), {
    status: 'running',
    startupAttempts: FIRST_START,
    startedUnixMs: now,
    stoppedUnixMs: 0,
    transitionUnixMs: now,
    stopReason: '',
  });
  for (const name of TRANSPORTS)
    writeTransport(join(tau, name), transportHealth({ updated_unix_ms: now, last_cycle_completed: 1 }), [
      'healthy_cycle',
    ]);
  writeHealthyDeployment(join(tau, 'deployment'), now);
  writeStateFile(join(tau, 'daemon/state.json'), { schema_version: 1, installed: true, running: true });
  writeStateFile(join(tau, 'release-channel.json'), { schema_version: 1, release_channel: 'stable' });
  cortexChat(workspace, 'first chat', now);
}

/** Writes the same files again when it is applied twice, so two processes may apply it at once. */
export function applyCondition(workspace: string, condition: Condition, now: number): void {
  const tau = join(workspace, '.tau');
  const { gatewayStopped, gatewayRestarted, events, cortex, deployment, daemon, summaryLags } = condition;
  if (gatewayStopped !== undefined) {
    const gateway = join(tau, 'gateway');
    writeGatewayService(gateway, stopped(readGatewayService(gateway), now, gatewayStopped));
  }
  if (gatewayRestarted === true) {
    const gateway = join(tau, 'gateway');
    const service = readGatewayService(gateway);
    if (service.startupAttempts === FIRST_START) writeGatewayService(gateway, started(service, now));
  }
  if (events !== undefined) writeTextFile(join(tau, 'events/state.json'), '{unparsable');
  if (cortex !== undefined) writeCortex(join(workspace, OBSERVER_EVENTS), cortex, now);
  if (deployment !== undefined) writeDeployment(join(tau, 'deployment'), deployment, now);
  if (daemon !== undefined)
    writeStateFile(join(tau, 'daemon/state.json'), { schema_version: 1, installed: true, running: false });
  if (summaryLags === true) writeHealthyDeployment(join(workspace, LAGGING, 'deployment'), now);
}

function writeCortex(path: string, cortex: NonNullable<Condition['cortex']>, now: number): void {
  if (cortex === 'chat-missing') writeTextFile(path, observerEvent('session.append', now));
  else if (cortex === 'stale') writeTextFile(path, observerEvent(CHAT_EVENT, now - STALE_MS));
  else if (cortex === 'malformed') writeTextFile(path, '{unparsable\n');
  else rmSync(path, { force: true });
}

function writeHealthyDeployment(folder: string, now: number): void {
  const cycle = { last_cycle_discovered: 3, last_cycle_processed: 3, last_cycle_completed: 3 };
  writeTransport(
    folder,
    transportHealth({ updated_unix_ms: now, cycle_duration_ms: 1, ...cycle }),
    ['wasm_rollout_applied', 'cloud_rollout_applied'],
    ROLLOUTS,
  );
}

function writeDeployment(
  folder: string,
  deployment: NonNullable<Condition['deployment']>,
  now: number,
): void {
  if (deployment === 'missing') {
    rmSync(folder, { recursive: true, force: true });
    return;
  }
  const failing = deployment === 'failing';
  const health = transportHealth({
    updated_unix_ms: now,
    cycle_duration_ms: 12,
    queue_depth: failing ? 2 : 1,
    failure_streak: failing ? 4 : 1,
    last_cycle_discovered: failing ? 3 : 2,
    last_cycle_processed: failing ? 3 : 2,
    last_cycle_completed: 1,
    last_cycle_failed: failing ? 2 : 1,
  });
  writeTransport(folder, health, ['case_processing_failed']);
}

/** One cycle of a transport: its state and its log. */
function writeTransport(
  folder: string,
  health: TransportHealth,
  reasonCodes: readonly string[],
  rollouts: readonly JsonObject[] = [],
): void {
  writeTextFile(join(folder, LOG_FILE), `${JSON.stringify({ reason_codes: reasonCodes })}\n`);
  writeStateFile(join(folder, 'state.json'), { schema_version: 1, rollouts, health });
}

const ROLLOUTS: readonly JsonObject[] = [
  rollout('container', 'native', 'production', '202', 3),
  rollout('kubernetes', 'native', 'production', '202', 2),
  rollout('wasm', 'wasm_wasi', 'staging', '201', 1),
];

function rollout(
  target: string,
  profile: string,
  environment: string,
  code: string,
  replicas: number,
): JsonObject {
  return { target, runtime_profile: profile, environment, outcome: 'success', status_code: code, replicas };
}
