import type { Scenario } from './scenario.js';

/** What stays faulty is given up soon. */
const GIVES_UP_SOON = { httpGateDeadlineMs: 1_500, rollbackDeadlineMs: 4_000 } as const;
const STATUS = ['gateway-status', 'cortex-status'] as const;
const EVERYTHING = [...STATUS, 'cortex-chat'] as const;

/** Scenarios in which Tau's HTTP endpoints misbehave: what they lead to is decided by what counts as an answer. */
export const FAULTY_SCENARIOS = [
  {
    name: 'unreachable-after-promotion',
    description: 'From the promotion on both endpoints cut the connection, until the gateway is stopped.',
    expected: { end: 'rolled-back', exitCode: 3, trigger: 'unreachable' },
    faults: [
      { surfaces: EVERYTHING, does: { kind: 'cut' }, after: 'branch-moved', until: 'gateway-stopped' },
    ],
    timings: { httpGateDeadlineMs: 1_500 },
  },
  {
    name: 'gateway-lost',
    description: 'From the promotion on both endpoints cut the connection, so that no stop can be verified.',
    expected: { end: 'rollback-failed', exitCode: 4, trigger: 'unreachable' },
    faults: [{ surfaces: EVERYTHING, does: { kind: 'cut' }, after: 'branch-moved' }],
    timings: GIVES_UP_SOON,
  },
  {
    name: 'slow',
    description: 'Every answer takes its time, within the deadline.',
    expected: { end: 'promoted', exitCode: 0 },
    delayMs: 700,
  },
  {
    name: 'hanging',
    description: 'Cortex takes the question and never answers.',
    expected: { end: 'rolled-back', exitCode: 3, trigger: 'readiness_failed_after_remediation' },
    faults: [{ surfaces: ['cortex-status'], does: { kind: 'hang' } }],
    timings: { httpGateDeadlineMs: 1_500 },
  },
  {
    name: 'malformed',
    description: 'Cortex answers with text and with JSON of another shape.',
    expected: { end: 'rolled-back', exitCode: 3, trigger: 'readiness_failed_after_remediation' },
    faults: [{ surfaces: ['cortex-status'], does: { kind: 'malformed' } }],
  },
  {
    name: 'unauthorized',
    description: 'The gateway refuses the token, so the question is wrong and not the system.',
    expected: { end: 'stopped', exitCode: 1, reason: 'misconfigured' },
    faults: [{ surfaces: EVERYTHING, does: { kind: 'error', status: 401 } }],
  },
  {
    name: 'rate-limited',
    description: 'Both endpoints answer 429 with Retry-After first, then they are healthy.',
    expected: { end: 'promoted', exitCode: 0 },
    faults: [{ surfaces: STATUS, does: { kind: 'error', status: 429, retryAfterSeconds: 1 }, answers: 1 }],
  },
  {
    name: 'server-errors',
    description: 'Both endpoints answer 500 twice, then they are healthy.',
    expected: { end: 'promoted', exitCode: 0 },
    faults: [{ surfaces: STATUS, does: { kind: 'error', status: 500 }, answers: 2 }],
  },
  {
    name: 'server-errors-stay',
    description: 'Cortex answers 500 always.',
    expected: { end: 'rolled-back', exitCode: 3, trigger: 'readiness_failed_after_remediation' },
    faults: [{ surfaces: ['cortex-status'], does: { kind: 'error', status: 500 } }],
    timings: { httpGateDeadlineMs: 1_500 },
  },
] as const satisfies readonly Scenario[];
