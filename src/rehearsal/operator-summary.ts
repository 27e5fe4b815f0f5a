import { components, type Part } from './operator-components.js';
import { readStateFile, textIn, type JsonObject } from './state-files.js';
import { NO_ACTION } from './transport-state.js';

const GOOD = { health_state: 'healthy', rollout_gate: 'pass', recommendation: NO_ACTION } as const;

/** `--operator-control-summary`: from local files alone, so it can pass while the gateway is down. */
export function operatorSummary(now: number): JsonObject {
  const summed = components();
  const parts: readonly (readonly [string, Part])[] = [
    ...summed.map((part) => [part.component, part] as const),
    ['daemon', daemon()],
    ['release-channel', releaseChannel()],
  ];
  const objecting = parts.filter(
    ([, part]) => part.health_state !== 'healthy' || part.rollout_gate !== 'pass',
  );
  const healths = new Set(parts.map(([, part]) => part.health_state));
  return {
    generated_unix_ms: now,
    health_state: ['failing', 'degraded'].find((health) => healths.has(health)) ?? 'healthy',
    rollout_gate: objecting.length > 0 ? 'hold' : 'pass',
    reason_codes:
      objecting.length > 0
        ? objecting.map(([name, part]) => `${name}:${part.reason_code}`)
        : ['all_checks_passing'],
    recommendations:
      objecting.length > 0
        ? [...new Set(objecting.map(([, part]) => part.recommendation))]
        : ['no_immediate_action_required'],
    policy_posture: POLICY_POSTURE,
    daemon: daemon(),
    release_channel: releaseChannel(),
    components: summed,
  };
}

function daemon(): Part & JsonObject {
  const file = readStateFile('.tau/daemon/state.json');
  const installed = file.kind === 'present';
  const running = installed && file.content['running'] === true;
  return {
    ...(running ? { ...GOOD, reason_code: 'daemon_running' } : idleDaemon(installed)),
    profile: 'systemd-user',
    installed,
    running,
    start_attempts: installed ? 1 : 0,
    stop_attempts: installed && !running ? 1 : 0,
    diagnostics: 0,
    state_path: '.tau/daemon/state.json',
  };
}

function idleDaemon(installed: boolean): Part {
  return {
    health_state: 'degraded',
    rollout_gate: 'hold',
    reason_code: installed ? 'daemon_not_running' : 'daemon_not_installed',
    recommendation: installed
      ? 'start daemon with --daemon-start to restore background processing'
      : 'install daemon with --daemon-install if background lifecycle management is required',
  };
}

function releaseChannel(): Part & JsonObject {
  const file = readStateFile('.tau/release-channel.json');
  const channel = file.kind === 'present' ? textIn(file.content, 'release_channel', 'unknown') : 'unknown';
  const missing: Part = {
    health_state: 'degraded',
    rollout_gate: 'hold',
    reason_code: 'release_channel_missing',
    recommendation: "set a release channel with '/release-channel set <stable|beta|dev>'",
  };
  return {
    ...(channel === 'unknown' ? missing : { ...GOOD, reason_code: 'release_channel_loaded' }),
    configured: channel !== 'unknown',
    channel,
    path: '.tau/release-channel.json',
  };
}

const POLICY_POSTURE: JsonObject = {
  pairing_strict_effective: false,
  pairing_config_strict_mode: false,
  pairing_allowlist_strict: false,
  pairing_rules_configured: false,
  pairing_registry_entries: 0,
  pairing_allowlist_channel_rules: 0,
  provider_subscription_strict: false,
  gateway_auth_mode: 'token',
  gateway_remote_profile: 'local-only',
  gateway_remote_posture: 'local-only',
  gateway_remote_gate: 'pass',
  gateway_remote_risk_level: 'low',
  gateway_remote_reason_codes: [
    'profile_local_only',
    'server_disabled_inspect_only',
    'local_only_loopback_bind',
    'local_only_auth_token',
  ],
  gateway_remote_recommendations: [],
};
