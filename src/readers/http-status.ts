import type { Observation } from '../domain/observation.js';
import type { OwnReasonCode } from '../domain/reason-codes/catalogue.js';

/**
 * The posture of an endpoint that answers by its status alone: 200 to 299 is healthy and passes, with `http_status_N` as
 * the reason. Every other status never comes here as an answer (docs/reference/rules.md, "Observations").
 */
export function readHttpStatus(status: number | undefined): Observation {
  if (status === undefined || status < 200 || status > 299)
    return { kind: 'malformed', code: 'no_http_status', detail: 'the answer has no HTTP status of success' };
  const code: OwnReasonCode = `http_status_${status}`;
  return {
    kind: 'answered',
    posture: { health: 'healthy', gate: 'pass', reasonCodes: [code] },
    recommendations: [],
  };
}
