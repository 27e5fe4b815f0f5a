/** Answers and expectations for the readiness check. */
import {
  checkReadiness,
  readinessObservation,
  type ReadinessAnswers,
  type ReadinessExpectations,
  type SurfaceAnswer,
} from '../../src/tau/readiness.js';
import { recordedJson } from './recordings.js';

export const ASKED = { baseUrl: 'http://127.0.0.1:8787', authMode: 'token' };
export const PASSING = { health: 'healthy', gate: 'pass' } as const;
export const STRICT: ReadinessExpectations = { gateway: PASSING, cortex: PASSING, operator: PASSING };
/** The runbook's sparse environment: "override only operator expectations". */
export const SPARSE: ReadinessExpectations = { ...STRICT, operator: { health: 'failing', gate: 'hold' } };

export const body = (json: unknown): SurfaceAnswer => ({ answered: true, body: json });
export const silent = (kind: 'unreachable' | 'malformed' | 'misconfigured', code: string): SurfaceAnswer => ({
  answered: false,
  kind,
  code,
  detail: `no answer: ${code}`,
});
export const recorded = (state: string): ReadinessAnswers => ({
  gateway: body(recordedJson(`${state}/gateway-status.json`)),
  cortex: body(recordedJson(`${state}/cortex-status.json`)),
  operator: body(recordedJson(`${state}/operator-control-summary.stdout`)),
});
export const check = (answers: ReadinessAnswers, expectations = STRICT) =>
  checkReadiness(answers, expectations, ASKED);
export const problems = (answers: ReadinessAnswers, expectations = STRICT) =>
  check(answers, expectations).parts.flatMap((part) => part.problems);
export const observe = (answers: ReadinessAnswers, expectations = STRICT) =>
  readinessObservation(check(answers, expectations), expectations);
