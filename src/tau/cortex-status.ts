import { z } from 'zod';
import type { Observation } from '../domain/observation.js';
import { answered, malformedBy } from './answer.js';
import { requiredGate, requiredHealth, textField } from './fields.js';

const CortexStatus = z.object({
  health_state: requiredHealth,
  rollout_gate: requiredGate,
  reason_code: textField,
});

/** `GET /cortex/status`: one health, one gate, one reason code, all at the top (docs/reference/tau.md, "Cortex status"). */
export function readCortexStatus(body: unknown): Observation {
  const parsed = CortexStatus.safeParse(body);
  if (!parsed.success) return malformedBy('cortex status', parsed.error);
  const { health_state: health, rollout_gate: gate, reason_code: code } = parsed.data;
  return answered([{ health, gate, codes: code === undefined ? [] : [code] }]);
}
