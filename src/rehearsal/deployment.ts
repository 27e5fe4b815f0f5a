import { isObject, listIn, numberIn, textIn, type JsonObject } from './state-files.js';
import { LOG_FILE, countsOf, postureOf, readTransport, type TransportState } from './transport-state.js';

/** A command's answer: JSON on stdout, or an `Error:` chain on stderr and exit 1. */
export type Answer = { readonly json: JsonObject | readonly JsonObject[] } | { readonly error: string };

/** `--deployment-status-inspect` */
export function deploymentStatus(folder: string): Answer {
  const read = readTransport(folder);
  if (typeof read === 'string') return { error: errorChain(read, 'failed to read', folder) };
  const posture = postureOf(read.health);
  const codes = read.cycles.flat();
  return {
    json: {
      state_path: `${folder}/state.json`,
      events_log_path: `${folder}/${LOG_FILE}`,
      events_log_present: read.logPresent,
      health_state: posture.health,
      health_reason: posture.reason,
      rollout_gate: posture.gate,
      ...rolloutCounts(read),
      cycle_reports: read.cycles.length,
      invalid_cycle_reports: 0,
      last_reason_codes: read.cycles.at(-1) ?? [],
      reason_code_counts: countsOf(codes),
      health: read.health,
    },
  };
}

function rolloutCounts({ state }: TransportState): JsonObject {
  const rollouts = listIn(state, 'rollouts').filter(isObject);
  const counted = (key: string): JsonObject => countsOf(rollouts.map((rollout) => textIn(rollout, key)));
  const wasm = rollouts.filter((rollout) => textIn(rollout, 'target') === 'wasm').length;
  return {
    processed_case_count: rollouts.length,
    rollout_count: rollouts.length,
    target_counts: counted('target'),
    runtime_profile_counts: counted('runtime_profile'),
    environment_counts: counted('environment'),
    outcome_counts: counted('outcome'),
    status_code_counts: counted('status_code'),
    error_code_counts: {},
    total_replicas: rollouts.reduce((sum, rollout) => sum + numberIn(rollout, 'replicas'), 0),
    wasm_rollout_count: wasm,
    cloud_rollout_count: rollouts.length - wasm,
  };
}

/** `--transport-health-inspect deployment` */
export function deploymentTransportHealth(folder: string): Answer {
  const read = readTransport(folder);
  if (typeof read === 'string') return { error: errorChain(read, 'failed to read state file', folder) };
  return {
    json: [
      {
        transport: 'deployment',
        target: 'cloud-and-wasm-runtime',
        state_path: `${folder}/state.json`,
        health: read.health,
      },
    ],
  };
}

function errorChain(problem: 'missing' | 'unparsable', failedToRead: string, folder: string): string {
  const path = `${folder}/state.json`;
  return problem === 'missing'
    ? `Error: ${failedToRead} ${path}\n\nCaused by:\n    No such file or directory (os error 2)\n\n`
    : `Error: failed to parse ${path}\n\nCaused by:\n    key must be a string at line 1 column 2\n\n`;
}
