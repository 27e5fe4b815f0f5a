import type { NotAnswered, Observation } from '../../src/domain/observation.js';
import { judge, type GateResult } from '../../src/domain/verdict.js';
import { checkReadiness, readinessObservation, type SurfaceAnswer } from '../../src/tau/readiness.js';
import { readers } from '../../src/tau/readers.js';

/** How one of Tau's surfaces may stand. */
export const STATES = [
  'healthy',
  'hold',
  'degraded',
  'failing',
  'unreachable',
  'malformed',
  'misconfigured',
] as const;
export type SurfaceState = (typeof STATES)[number];

/** One combination: how each surface stands in one round. */
export interface TauState {
  readonly gateway: SurfaceState;
  readonly cortex: SurfaceState;
  readonly operator: SurfaceState;
  readonly transport: SurfaceState;
  readonly deployment: SurfaceState;
}

const gatewayBody = (service: object, events: object): object => ({
  service: {
    service_status: 'running',
    rollout_gate: 'pass',
    rollout_reason_code: 'guardrail_checks_passing',
    ...service,
  },
  events: { health_state: 'healthy', rollout_gate: 'pass', reason_code: 'events_not_configured', ...events },
});
const GATEWAY = {
  healthy: gatewayBody({}, {}),
  hold: gatewayBody(
    { service_status: 'stopped', rollout_gate: 'hold', rollout_reason_code: 'service_stopped' },
    {},
  ),
  degraded: gatewayBody(
    {},
    { health_state: 'degraded', rollout_gate: 'hold', reason_code: 'events_malformed_definitions' },
  ),
  // The service's own gate still says pass there: a misleading one.
  failing: gatewayBody(
    {},
    { health_state: 'failing', rollout_gate: 'hold', reason_code: 'events_state_parse_failed' },
  ),
};

const CORTEX = {
  healthy: { health_state: 'healthy', rollout_gate: 'pass', reason_code: 'cortex_ready' },
  hold: { health_state: 'healthy', rollout_gate: 'hold', reason_code: 'cortex_chat_activity_missing' },
  degraded: { health_state: 'degraded', rollout_gate: 'hold', reason_code: 'cortex_observer_events_stale' },
  failing: { health_state: 'failing', rollout_gate: 'hold', reason_code: 'cortex_observer_events_missing' },
};

const OPERATOR = {
  healthy: { health_state: 'healthy', rollout_gate: 'pass', reason_codes: ['all_checks_passing'] },
  hold: { health_state: 'healthy', rollout_gate: 'hold', reason_codes: ['gateway:service_stopped'] },
  degraded: { health_state: 'degraded', rollout_gate: 'hold', reason_codes: ['voice:state_unavailable'] },
  failing: { health_state: 'failing', rollout_gate: 'hold', reason_codes: ['daemon:daemon_not_running'] },
};

const transportBody = (failure_streak: number, updated_unix_ms = 1): object => [
  { transport: 'deployment', health: { failure_streak, last_cycle_failed: 0, updated_unix_ms } },
];
const TRANSPORT = {
  healthy: transportBody(0),
  hold: transportBody(0, 0),
  degraded: transportBody(1),
  failing: transportBody(3),
};

const DEPLOYMENT = {
  healthy: { health_state: 'healthy', rollout_gate: 'pass', last_reason_codes: ['rollout_stable'] },
  hold: { health_state: 'healthy', rollout_gate: 'hold', last_reason_codes: ['rollout_paused'] },
  degraded: { health_state: 'degraded', rollout_gate: 'hold', last_reason_codes: ['case_retried'] },
  failing: { health_state: 'failing', rollout_gate: 'hold', last_reason_codes: ['case_processing_failed'] },
};

type Bodies = Readonly<Record<'healthy' | 'hold' | 'degraded' | 'failing', object>>;

const NO_ANSWER: Readonly<Record<NotAnswered['kind'], NotAnswered>> = {
  unreachable: { kind: 'unreachable', code: 'http_refused', detail: 'refused' },
  malformed: { kind: 'malformed', code: 'answer_not_json', detail: 'not JSON' },
  misconfigured: { kind: 'misconfigured', code: 'http_status_401', detail: 'not allowed' },
};

function answerOf(bodies: Bodies, state: SurfaceState): SurfaceAnswer {
  if (state === 'unreachable' || state === 'malformed' || state === 'misconfigured')
    return { answered: false, ...NO_ANSWER[state] };
  return { answered: true, body: bodies[state] };
}

function observed(reader: keyof typeof readers, answer: SurfaceAnswer): Observation {
  if (answer.answered) return readers[reader](answer.body);
  return NO_ANSWER[answer.kind];
}

const PASSING = { health: 'healthy', gate: 'pass' } as const;
const STRICT = { gateway: PASSING, cortex: PASSING, operator: PASSING };
const ASKED = { baseUrl: 'http://127.0.0.1:8787', authMode: 'token' };

const surface = (gate: string, reader: keyof typeof readers, bodies: Bodies) =>
  new Map(STATES.map((state) => [state, judge(gate, observed(reader, answerOf(bodies, state)), PASSING)]));
const RESULTS = {
  gateway: surface('gateway-status', 'tau-gateway-status', GATEWAY),
  cortex: surface('cortex-status', 'tau-cortex-status', CORTEX),
  operator: surface('operator-summary', 'tau-operator-summary', OPERATOR),
  transport: surface('deployment-transport', 'tau-deployment-transport', TRANSPORT),
  deployment: surface('deployment-status', 'tau-deployment-status', DEPLOYMENT),
};
const SURFACES = ['gateway', 'cortex', 'operator', 'transport', 'deployment'] as const;
const READINESS = new Map<string, GateResult>();

/** What the real readers and the readiness contract make of such a round; bodies are as Tau gives them. */
export function roundOfTau(states: TauState): GateResult[] {
  const results = SURFACES.flatMap((name) => RESULTS[name].get(states[name]) ?? []);
  return [readinessOf(states), ...results];
}

function readinessOf({ gateway, cortex, operator }: TauState): GateResult {
  const key = `${gateway} ${cortex} ${operator}`;
  const known = READINESS.get(key);
  if (known !== undefined) return known;
  const answers = {
    gateway: answerOf(GATEWAY, gateway),
    cortex: answerOf(CORTEX, cortex),
    operator: answerOf(OPERATOR, operator),
  };
  const result = judge(
    'readiness',
    readinessObservation(checkReadiness(answers, STRICT, ASKED), STRICT),
    PASSING,
  );
  READINESS.set(key, result);
  return result;
}

/** 7 states of 5 surfaces: 16,807. */
export const ALL_STATES: readonly TauState[] = STATES.flatMap((gateway) =>
  STATES.flatMap((cortex) =>
    STATES.flatMap((operator) =>
      STATES.flatMap((transport) =>
        STATES.map((deployment) => ({ gateway, cortex, operator, transport, deployment })),
      ),
    ),
  ),
);
