import type * as Evidence from './adapters/readiness/evidence.js';

/**
 * The wiring of `promote readiness` alone: a cold start that loads what it asks with, and nothing else. That of all other
 * commands is src/wiring.ts.
 */
export { askReadiness, shownReadiness } from './adapters/readiness/ask.js';
export type { AskedReadiness, AskedSurface } from './adapters/readiness/ask.js';
export type { ReadinessRequest } from './adapters/readiness/request.js';
export { credentialsOf, type ReadinessAuth } from './adapters/readiness/credentials.js';
export { operatorCommand } from './adapters/readiness/operator-command.js';

/** Loaded where evidence is asked for. */
export async function openReadinessEvidence(
  ...given: Parameters<typeof Evidence.openReadinessEvidence>
): ReturnType<typeof Evidence.openReadinessEvidence> {
  const { openReadinessEvidence } = await import('./adapters/readiness/evidence.js');
  return openReadinessEvidence(...given);
}
