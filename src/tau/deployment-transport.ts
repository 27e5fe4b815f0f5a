import { z } from 'zod';
import type { Observation } from '../domain/observation.js';
import { answered, malformedBy } from './answer.js';
import { requiredCount } from './fields.js';
import type { DerivedReasonCode } from './reason-code-tables.js';
import type { Statement } from './statement.js';

const TransportHealth = z.object({
  failure_streak: requiredCount,
  last_cycle_failed: requiredCount,
  updated_unix_ms: requiredCount,
});
const DeploymentTransport = z.array(z.object({ health: TransportHealth }));

type Derived = Statement & { readonly codes: readonly DerivedReasonCode[] };

const NO_DATA: Derived = { health: 'unknown', gate: 'hold', codes: ['transport_no_data'] };
const FAILING: Derived = { health: 'failing', gate: 'hold', codes: ['transport_failing'] };
const DEGRADED: Derived = { health: 'degraded', gate: 'hold', codes: ['transport_degraded'] };
const HEALTHY: Derived = { health: 'healthy', gate: 'pass', codes: ['transport_healthy'] };

/**
 * `--transport-health-inspect deployment`: counters without a health, so the posture is derived, by Tau's own rule
 * (docs/reference/tau.md, "Deployment transport"). The worst of several transports counts.
 */
export function readDeploymentTransport(body: unknown): Observation {
  const parsed = DeploymentTransport.safeParse(body);
  if (!parsed.success) return malformedBy('deployment transport', parsed.error);
  return answered(parsed.data.length === 0 ? [NO_DATA] : parsed.data.map(({ health }) => classify(health)));
}

/** "failure_streak >= 3 failing; failure_streak > 0 or last_cycle_failed > 0 degraded; else healthy". */
function classify(health: z.infer<typeof TransportHealth>): Statement {
  if (health.updated_unix_ms === 0) return NO_DATA;
  if (health.failure_streak >= 3) return FAILING;
  if (health.failure_streak > 0 || health.last_cycle_failed > 0) return DEGRADED;
  return HEALTHY;
}
