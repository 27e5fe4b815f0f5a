import { numberIn, objectIn, readStateFile, textIn, writeStateFile, type JsonObject } from './state-files.js';
import type { TransportHealth } from './transport-state.js';

/** Tau's gateway service as its state file tells it. The HTTP server runs on while the service is stopped. */
export interface GatewayService {
  readonly status: 'running' | 'stopped';
  readonly startupAttempts: number;
  readonly startedUnixMs: number;
  readonly stoppedUnixMs: number;
  readonly transitionUnixMs: number;
  /** Empty where it was never stopped; a start keeps it. */
  readonly stopReason: string;
}

/** A file that is missing or can't be parsed reads as a running service: one of Tau's misleading passes. */
export function readGatewayService(stateDir: string): GatewayService {
  const file = readStateFile(`${stateDir}/state.json`);
  const service = file.kind === 'present' ? objectIn(file.content, 'service') : {};
  return {
    status: textIn(service, 'status') === 'stopped' ? 'stopped' : 'running',
    startupAttempts: numberIn(service, 'startup_attempts'),
    startedUnixMs: numberIn(service, 'last_started_unix_ms'),
    stoppedUnixMs: numberIn(service, 'last_stopped_unix_ms'),
    transitionUnixMs: numberIn(service, 'last_transition_unix_ms'),
    stopReason: textIn(service, 'last_stop_reason'),
  };
}

/** Creates the state dir where there is none: this is why a stop in a wrong directory succeeds. */
export function writeGatewayService(stateDir: string, service: GatewayService): void {
  writeStateFile(`${stateDir}/state.json`, {
    schema_version: 1,
    service: {
      status: service.status,
      startup_attempts: service.startupAttempts,
      startup_failure_streak: 0,
      last_startup_error: '',
      last_started_unix_ms: service.startedUnixMs,
      last_stopped_unix_ms: service.stoppedUnixMs,
      last_transition_unix_ms: service.transitionUnixMs,
      last_stop_reason: service.stopReason,
    },
  });
}

export function started(service: GatewayService, now: number): GatewayService {
  return {
    ...service,
    status: 'running',
    startupAttempts: service.startupAttempts + 1,
    startedUnixMs: now,
    transitionUnixMs: now,
  };
}

/** Stopping twice is no error; the second reason counts. */
export function stopped(service: GatewayService, now: number, reason: string): GatewayService {
  return { ...service, status: 'stopped', stoppedUnixMs: now, transitionUnixMs: now, stopReason: reason };
}

export function gateOf(service: GatewayService): { gate: 'pass' | 'hold'; code: string } {
  return service.status === 'stopped'
    ? { gate: 'hold', code: 'service_stopped' }
    : { gate: 'pass', code: 'guardrail_checks_passing' };
}

/** The one line that start and stop print. */
export function statusLine(stateDir: string, service: GatewayService): string {
  const { gate, code } = gateOf(service);
  const pairs: Readonly<Record<string, string | number>> = {
    state_path: `${stateDir}/state.json`,
    service_status: service.status,
    rollout_gate: gate,
    rollout_reason_code: code,
    guardrail_gate: 'pass',
    guardrail_reason_code: 'guardrail_checks_passing',
    startup_attempts: service.startupAttempts,
    startup_failure_streak: 0,
    last_startup_error: 'none',
    last_started_unix_ms: service.startedUnixMs,
    last_stopped_unix_ms: service.stoppedUnixMs,
    last_transition_unix_ms: service.transitionUnixMs,
    last_stop_reason: service.stopReason === '' ? 'none' : service.stopReason,
    queue_depth: 0,
    failure_streak: 0,
    last_cycle_failed: 0,
    last_cycle_completed: 0,
  };
  const text = Object.entries(pairs).map(([key, value]) => `${key}=${value}`);
  return `gateway service status: ${text.join(' ')}\n`;
}

/** `.service` of the gateway's status answer. */
export function serviceSection(
  stateDir: string,
  service: GatewayService,
  health: TransportHealth,
): JsonObject {
  const { gate, code } = gateOf(service);
  return {
    guardrail_gate: 'pass',
    guardrail_reason_code: 'guardrail_checks_passing',
    health,
    rollout_gate: gate,
    rollout_reason_code: code,
    service_last_started_unix_ms: service.startedUnixMs,
    service_last_startup_error: '',
    service_last_stop_reason: service.stopReason,
    service_last_stopped_unix_ms: service.stoppedUnixMs,
    service_last_transition_unix_ms: service.transitionUnixMs,
    service_startup_attempts: service.startupAttempts,
    service_startup_failure_streak: 0,
    service_status: service.status,
    state_path: `${stateDir}/state.json`,
  };
}
