/**
 * Every recorded state of a real Tau through every reader, against postures that were written down by hand from the
 * runbook's point of view. Proves what these answers mean; what else Tau may answer is in the other files here.
 */
import { readdirSync, statSync } from 'node:fs';
import { join } from 'node:path';
import { expect, it } from 'vitest';
import type { Posture } from '../../src/domain/posture.js';
import { judge } from '../../src/domain/verdict.js';
import { READER_NAMES, readers, type ReaderName } from '../../src/tau/readers.js';
import { RECORDINGS, recordedJson, recordedText } from './recordings.js';

const FILES: Readonly<Record<ReaderName, string>> = {
  'tau-gateway-status': 'gateway-status.json',
  'tau-cortex-status': 'cortex-status.json',
  'tau-operator-summary': 'operator-control-summary.stdout',
  'tau-deployment-transport': 'deployment-transport-health.stdout',
  'tau-deployment-status': 'deployment-status.stdout',
};

const says = (health: Posture['health'], gate: Posture['gate'], ...reasonCodes: string[]): Posture => ({
  health,
  gate,
  reasonCodes,
});
/** The command ended with status 1 and printed nothing: there is nothing to read. */
const NOTHING = 'nothing on stdout';
type Row = Readonly<Record<ReaderName, Posture | typeof NOTHING>>;

const ALL_PASS: Row = {
  'tau-gateway-status': says(
    'healthy',
    'pass',
    'guardrail_checks_passing',
    'events_not_configured',
    'healthy_cycle',
  ),
  'tau-cortex-status': says('healthy', 'pass', 'cortex_ready'),
  'tau-operator-summary': says('healthy', 'pass', 'all_checks_passing'),
  'tau-deployment-transport': says('healthy', 'pass', 'transport_healthy'),
  'tau-deployment-status': says('healthy', 'pass', 'wasm_rollout_applied', 'cloud_rollout_applied'),
};
const EVENTS_FAIL = says('failing', 'hold', 'events_state_parse_failed');
const CORTEX_MISSING = says('failing', 'hold', 'cortex_observer_events_missing');
const CORTEX_MALFORMED = says('failing', 'hold', 'cortex_observer_events_malformed');

const STATES: Readonly<Record<string, Row>> = {
  healthy: ALL_PASS,
  'cortex-missing': { ...ALL_PASS, 'tau-cortex-status': CORTEX_MISSING },
  'cortex-malformed': { ...ALL_PASS, 'tau-cortex-status': CORTEX_MALFORMED },
  'cortex-stale': {
    ...ALL_PASS,
    'tau-cortex-status': says('degraded', 'hold', 'cortex_observer_events_stale'),
  },
  'deployment-degraded': {
    ...ALL_PASS,
    'tau-operator-summary': says('degraded', 'hold', 'deployment:case_processing_failed'),
    'tau-deployment-transport': says('degraded', 'hold', 'transport_degraded'),
    'tau-deployment-status': says('degraded', 'hold', 'case_processing_failed'),
  },
  'deployment-failing': {
    ...ALL_PASS,
    'tau-operator-summary': says('failing', 'hold', 'deployment:case_processing_failed'),
    'tau-deployment-transport': says('failing', 'hold', 'transport_failing'),
    'tau-deployment-status': says('failing', 'hold', 'case_processing_failed'),
  },
  'deployment-missing': {
    ...ALL_PASS,
    'tau-operator-summary': says('failing', 'hold', 'deployment:state_unavailable'),
    'tau-deployment-transport': NOTHING,
    'tau-deployment-status': NOTHING,
  },
  failing: {
    'tau-gateway-status': EVENTS_FAIL,
    'tau-cortex-status': CORTEX_MALFORMED,
    'tau-operator-summary': says(
      'failing',
      'hold',
      'events:state_unavailable',
      'deployment:case_processing_failed',
    ),
    'tau-deployment-transport': says('failing', 'hold', 'transport_failing'),
    'tau-deployment-status': says('failing', 'hold', 'case_processing_failed'),
  },
  'gateway-failing': {
    ...ALL_PASS,
    'tau-gateway-status': EVENTS_FAIL,
    'tau-operator-summary': says('failing', 'hold', 'events:state_unavailable'),
  },
  hold: {
    ...ALL_PASS,
    'tau-gateway-status': says('healthy', 'hold', 'stopped_by_emergency_rollback', 'service_stopped'),
    'tau-operator-summary': says('healthy', 'hold', 'gateway:service_stopped'),
  },
  'operator-failing': {
    ...ALL_PASS,
    'tau-operator-summary': says('failing', 'hold', 'voice:state_unavailable'),
  },
  'operator-hold': {
    ...ALL_PASS,
    'tau-operator-summary': says('degraded', 'hold', 'daemon:daemon_not_running'),
  },
  sparse: {
    // multi_channel says unknown and hold, and names no reason.
    'tau-gateway-status': says('unknown', 'hold'),
    'tau-cortex-status': CORTEX_MISSING,
    'tau-operator-summary': says(
      'failing',
      'hold',
      'dashboard:state_unavailable',
      'multi-channel:state_unavailable',
      'multi-agent:state_unavailable',
      'deployment:state_unavailable',
      'custom-command:state_unavailable',
      'voice:state_unavailable',
      'daemon:daemon_not_installed',
      'release-channel:release_channel_missing',
    ),
    'tau-deployment-transport': NOTHING,
    'tau-deployment-status': NOTHING,
  },
};

/** Which of the five gates hold against the runbook's healthy and pass, by hand. */
const HOLDING: Readonly<Record<string, readonly ReaderName[]>> = {
  healthy: [],
  'cortex-missing': ['tau-cortex-status'],
  'cortex-malformed': ['tau-cortex-status'],
  'cortex-stale': ['tau-cortex-status'],
  'deployment-degraded': ['tau-operator-summary', 'tau-deployment-transport', 'tau-deployment-status'],
  'deployment-failing': ['tau-operator-summary', 'tau-deployment-transport', 'tau-deployment-status'],
  'deployment-missing': ['tau-operator-summary'],
  failing: [...READER_NAMES],
  'gateway-failing': ['tau-gateway-status', 'tau-operator-summary'],
  hold: ['tau-gateway-status', 'tau-operator-summary'],
  'operator-failing': ['tau-operator-summary'],
  'operator-hold': ['tau-operator-summary'],
  sparse: ['tau-gateway-status', 'tau-cortex-status', 'tau-operator-summary'],
};

it('no recorded state is left out', () => {
  const states = readdirSync(RECORDINGS).filter(
    (name) =>
      statSync(join(RECORDINGS, name)).isDirectory() &&
      readdirSync(join(RECORDINGS, name)).includes('gateway-status.json'),
  );
  expect(states.toSorted()).toEqual(Object.keys(STATES).toSorted());
  expect(Object.keys(HOLDING).toSorted()).toEqual(Object.keys(STATES).toSorted());
});

const CASES = Object.entries(STATES).flatMap(([state, row]) =>
  READER_NAMES.map((name) => ({ state, name, posture: row[name] })),
);
it.each(CASES.filter(({ posture }) => posture !== NOTHING))(
  'in the state $state $name reads as it is written down',
  ({ state, name, posture }) => {
    const observation = readers[name](recordedJson(`${state}/${FILES[name]}`));
    expect(observation).toMatchObject({ kind: 'answered', posture });
    const { verdict } = judge(name, observation, { health: 'healthy', gate: 'pass' });
    expect(verdict).toBe(HOLDING[state]?.includes(name) === true ? 'hold' : 'pass');
  },
);

it.each(CASES.filter(({ posture }) => posture === NOTHING))(
  'in the state $state there is nothing to read for $name',
  ({ state, name }) => {
    expect(recordedText(`${state}/${FILES[name]}`)).toBe('');
    expect(recordedText(`${state}/${FILES[name].replace('.stdout', '.exit')}`).trim()).toBe('1');
  },
);

it("the operator summary's own recommendations are kept", () => {
  expect(
    readers['tau-operator-summary'](recordedJson('operator-hold/operator-control-summary.stdout')),
  ).toMatchObject({
    recommendations: ['start daemon with --daemon-start to restore background processing'],
  });
});

it.each(['cortex-401', 'gateway-401-notoken', 'gateway-401-wrongtoken'])(
  'the error body %s is no status, whichever reader gets it',
  (name) => {
    const body = recordedJson(`errors/${name}.body`);
    for (const reader of READER_NAMES)
      expect(readers[reader](body)).toMatchObject({ kind: 'malformed', code: 'answer_outside_contract' });
  },
);
