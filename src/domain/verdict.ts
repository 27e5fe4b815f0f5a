import type { Observation, ObservationKind } from './observation.js';
import type { Health, RolloutGate } from './posture.js';
import type { OwnReasonCode } from './reason-codes/catalogue.js';

/** What a runbook expects of a gate. The runbook's "Expected posture"; a sparse environment may expect a hold. */
export interface Expectation {
  readonly health: Health;
  readonly gate: RolloutGate;
}

/**
 * What a gate came to. `overridden` is an answer exactly as somebody asked to expect it instead of the runbook: it lets a
 * promotion go on, and is never shown as an earned pass.
 */
export const VERDICTS = ['pass', 'overridden', 'hold'] as const;
export type Verdict = (typeof VERDICTS)[number];

/** A gate's outcome in a round. */
export interface GateResult {
  readonly gate: string;
  readonly kind: ObservationKind;
  readonly verdict: Verdict;
  /** `unknown` where nothing answered. */
  readonly health: Health;
  /** `hold` where nothing answered. */
  readonly rolloutGate: RolloutGate;
  /** The system's codes first, then ours that say why it holds. Never empty on a hold. */
  readonly reasonCodes: readonly string[];
  /** Answered `failing` where failing is not expected: what triggers and streaks count. */
  readonly failing: boolean;
  /** One line for a person where nothing answered; empty otherwise. */
  readonly detail: string;
  readonly recommendations: readonly string[];
}

/**
 * Pass needs an answered observation, the expected health and gate, and at least one reason code; anything else holds
 * ("Expected posture: … non-empty reason code fields").
 *
 * @param override what is expected instead, exactly; forgotten, the runbook's own expectation counts
 */
export function judge(
  gate: string,
  observation: Observation,
  runbook: Expectation,
  override?: Expectation,
): GateResult {
  const expected = override ?? runbook;
  if (observation.kind !== 'answered') {
    return {
      gate,
      kind: observation.kind,
      verdict: 'hold',
      health: 'unknown',
      rolloutGate: 'hold',
      reasonCodes: [observation.code],
      failing: false,
      detail: observation.detail,
      recommendations: [],
    };
  }
  const { posture, recommendations } = observation;
  const ours: OwnReasonCode[] = [];
  if (posture.reasonCodes.length === 0) ours.push('reason_codes_missing');
  if (posture.health !== expected.health) ours.push('health_not_expected');
  if (posture.gate !== expected.gate) ours.push('gate_not_expected');
  const holds = ours.length > 0;
  if (override !== undefined) ours.push('expectation_overridden');
  return {
    gate,
    kind: 'answered',
    verdict: holds ? 'hold' : override === undefined ? 'pass' : 'overridden',
    health: posture.health,
    rolloutGate: posture.gate,
    reasonCodes: [...posture.reasonCodes, ...ours],
    failing: posture.health === 'failing' && expected.health !== 'failing',
    detail: '',
    recommendations,
  };
}
