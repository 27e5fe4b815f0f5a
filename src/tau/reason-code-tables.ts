import type { ReasonCodeEntry } from '../domain/reason-codes/entry.js';

const CHAT = 'cortex-chat-probe';
const PERSON = 'manual';

function passes(owner: string, means: string): ReasonCodeEntry {
  return { means, todo: '', repair: undefined, owner };
}

function holds(owner: string, means: string, todo: string, repair: string = PERSON): ReasonCodeEntry {
  return { means, todo, repair, owner };
}

const STATE_FILES = 'repair or restore its state file, or start what writes it';

/** What Tau itself says (docs/reference/tau.md). Repairs are those of the shipped runbook. */
export const TAU_REASON_CODES = {
  guardrail_checks_passing: passes('gateway', 'the gateway lets a rollout go on'),
  service_stopped: holds('gateway', 'the gateway is stopped', 'start the gateway', 'gateway-start'),
  failure_streak_threshold_exceeded: holds(
    'gateway',
    'the gateway failed too often in a row',
    "see the gateway's log",
  ),
  events_not_configured: passes('gateway events', 'no events are scheduled, which is no fault'),
  events_state_parse_failed: holds('gateway events', 'the events state can not be read', STATE_FILES),
  events_malformed_definitions: holds(
    'gateway events',
    'a definition of an event is malformed',
    'correct the definition',
  ),
  heartbeat_cycle_ok: passes('gateway heartbeat', 'the last cycle was in order'),
  heartbeat_maintenance_backlog: holds(
    'gateway heartbeat',
    'maintenance is behind',
    'let it catch up, or find what holds it up',
  ),
  queue_backlog_detected: holds(
    'gateway heartbeat',
    'a queue is behind',
    'let it catch up, or find what holds it up',
  ),
  memory_lifecycle_maintenance_executed: passes('gateway heartbeat', 'maintenance of the memory ran'),
  healthy_cycle: passes('transport', 'the last cycle was in order'),
  openai_models_listed: passes('gateway', 'the models were listed'),
  cortex_ready: passes('cortex', 'fresh events, a chat among them'),
  cortex_chat_activity_missing: holds(
    'cortex',
    'no chat was observed',
    'send one message to the cortex chat',
    CHAT,
  ),
  cortex_chat_llm_error_fallback: holds(
    'cortex',
    'the model behind the chat failed, and a fallback answered',
    'see the model and its key',
  ),
  cortex_observer_events_stale: holds(
    'cortex',
    'the newest observed event is older than six hours',
    'send one message to the cortex chat',
    CHAT,
  ),
  cortex_observer_events_empty: holds(
    'cortex',
    'no event was observed',
    'send one message to the cortex chat',
    CHAT,
  ),
  cortex_observer_events_missing: holds(
    'cortex',
    "the observer's file is not there",
    'send one message to the cortex chat, which writes it',
    CHAT,
  ),
  cortex_observer_events_malformed: holds(
    'cortex',
    "the observer's file has lines that can not be read",
    'move the file away, then send one message to the cortex chat',
  ),
  cortex_observer_events_read_failed: holds(
    'cortex',
    "the observer's file can not be read",
    'see its owner and rights, and the disk',
  ),
  all_checks_passing: passes('operator summary', 'every component is in order'),
  state_unavailable: holds('operator summary', 'the state of the component can not be read', STATE_FILES),
  no_cycle_reports: holds(
    'operator summary',
    'the component has not reported a cycle',
    'start the component',
  ),
  daemon_running: passes('daemon', 'the daemon runs'),
  daemon_not_running: holds('daemon', 'the daemon is installed and does not run', 'start the daemon'),
  daemon_not_installed: holds('daemon', 'the daemon is not installed', 'install and start the daemon'),
  release_channel_loaded: passes('release channel', 'the release channel is known'),
  release_channel_missing: holds('release channel', 'no release channel is set', 'set the release channel'),
  profile_local_only: passes('gateway remote profile', 'the gateway serves this machine alone'),
  local_only_auth_token: passes('gateway remote profile', 'a token guards the local gateway'),
  local_only_loopback_bind: passes('gateway remote profile', 'the gateway listens on loopback alone'),
  server_disabled_inspect_only: passes('gateway remote profile', 'asked by a command that starts no server'),
  cloud_rollout_applied: passes('deployment', 'the last cloud rollout went through'),
  wasm_rollout_applied: passes('deployment', 'the last wasm rollout went through'),
  case_processing_failed: holds(
    'deployment',
    'a case of the last deployment cycle failed',
    "see the deployment's log",
  ),
} as const satisfies Readonly<Record<string, ReasonCodeEntry>>;

/** What the readers add where Tau gives no code of its own. */
export const DERIVED_REASON_CODES = {
  service_not_running: holds(
    'gateway',
    'the gateway does not run, and says no code for it',
    'start the gateway',
  ),
  stopped_by_emergency_rollback: holds(
    'gateway',
    'a rollback stopped the gateway, and a start would undo it',
    'a person decides: see how service is brought back after a rollback',
  ),
  transport_healthy: passes('deployment', 'no failure is counted'),
  transport_degraded: holds('deployment', 'a failure is counted', "see the deployment's log"),
  transport_failing: holds('deployment', 'three failures in a row or more', "see the deployment's log"),
  transport_no_data: holds(
    'deployment',
    'nothing was ever counted: no data is no pass',
    'run a deployment cycle',
  ),
  deployment_no_data: holds(
    'deployment',
    'the state was never written: no data is no pass',
    'run a deployment cycle',
  ),
} as const satisfies Readonly<Record<string, ReasonCodeEntry>>;
/** A code that a reader gives where Tau gives none. */
export type DerivedReasonCode = keyof typeof DERIVED_REASON_CODES;
