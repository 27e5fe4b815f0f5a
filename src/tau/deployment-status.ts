import { z } from 'zod';
import type { Observation } from '../domain/observation.js';
import { answered, malformedBy } from './answer.js';
import { codesField, requiredCount, requiredGate, requiredHealth } from './fields.js';
import { present } from './present.js';
import type { DerivedReasonCode } from './reason-code-tables.js';
import type { Statement } from './statement.js';

const DeploymentStatus = z.object({
  health_state: requiredHealth,
  rollout_gate: requiredGate,
  last_reason_codes: codesField,
  health: z.preprocess(present, z.object({ updated_unix_ms: requiredCount.optional() }).optional()),
});

const NO_DATA_CODE: DerivedReasonCode = 'deployment_no_data';
const NO_DATA: Statement = { health: 'unknown', gate: 'hold', codes: [NO_DATA_CODE] };

/**
 * `--deployment-status-inspect`. "A state that was never written reads healthy and pass; its health.updated_unix_ms
 * is 0" (docs/reference/tau.md, "Misleading passes"): no data is never a pass.
 */
export function readDeploymentStatus(body: unknown): Observation {
  const parsed = DeploymentStatus.safeParse(body);
  if (!parsed.success) return malformedBy('deployment status', parsed.error);
  const { health_state: health, rollout_gate: gate, last_reason_codes: codes = [] } = parsed.data;
  const says: Statement = { health, gate, codes };
  return answered(parsed.data.health?.updated_unix_ms === 0 ? [says, NO_DATA] : [says]);
}
