import { z } from 'zod';
import type { Observation } from '../domain/observation.js';
import { answered, malformedBy } from './answer.js';
import {
  codesField,
  gateField,
  healthField,
  recommendationsField,
  requiredGate,
  requiredHealth,
  textField,
} from './fields.js';
import { present } from './present.js';
import { speaksAgainst, type Statement } from './statement.js';

const Part = z.object({ health_state: healthField, rollout_gate: gateField, reason_code: textField });

const OperatorSummary = z.object({
  health_state: requiredHealth,
  rollout_gate: requiredGate,
  reason_codes: codesField,
  recommendations: recommendationsField,
  components: z.preprocess(present, z.array(Part.extend({ component: z.string() })).optional()),
  daemon: z.preprocess(present, Part.optional()),
  release_channel: z.preprocess(present, Part.optional()),
  policy_posture: z.preprocess(
    present,
    z.object({ gateway_remote_gate: gateField, gateway_remote_reason_codes: codesField }).optional(),
  ),
});
type Summary = z.infer<typeof OperatorSummary>;

/**
 * `--operator-control-summary-json`. The top level sums up its parts; where a part speaks against going on and the top level does not,
 * the part counts, with the code that Tau would have given it (docs/reference/tau.md, "Operator summary").
 */
export function readOperatorSummary(body: unknown): Observation {
  const parsed = OperatorSummary.safeParse(body);
  if (!parsed.success) return malformedBy('operator summary', parsed.error);
  const summary = parsed.data;
  const top: Statement = {
    health: summary.health_state,
    gate: summary.rollout_gate,
    codes: summary.reason_codes ?? [],
  };
  return answered([top, ...partsOf(summary).filter(speaksAgainst)], summary.recommendations);
}

/** In the order and with the names in which Tau sums them up. */
function partsOf(summary: Summary): readonly Statement[] {
  const { components = [], daemon, release_channel: channel, policy_posture: policy } = summary;
  return [
    ...components.map((part) => statementOf(part.component, part)),
    ...(daemon === undefined ? [] : [statementOf('daemon', daemon)]),
    ...(channel === undefined ? [] : [statementOf('release-channel', channel)]),
    remoteProfile(policy),
  ];
}

function statementOf(name: string, part: z.infer<typeof Part>): Statement {
  const codes = part.reason_code === undefined ? [] : [`${name}:${part.reason_code}`];
  return { health: part.health_state, gate: part.rollout_gate, codes };
}

/** The remote profile has a gate of its own, which Tau sums up too, by its first reason code; it has no health. */
function remoteProfile(policy: Summary['policy_posture']): Statement {
  const codes = (policy?.gateway_remote_reason_codes ?? []).slice(0, 1);
  return {
    health: undefined,
    gate: policy?.gateway_remote_gate,
    codes: codes.map((code) => `gateway-remote-profile:${code}`),
  };
}
