import { asAsked, type GateOverride } from '../src/domain/override.js';
import type { LoadedRunbook } from '../src/adapters/runbook/load.js';
import type { Dependencies } from './dependencies.js';

/**
 * The target's runbook as it is on this worker now, with the expectations that a run overrides. Undefined where it can't be
 * read, or does not allow them (any more): whoever compares its digest finds another one.
 */
export async function runbookNow(
  { loadRunbook, overrides }: Dependencies,
  target: string,
  overridden: readonly GateOverride[],
): Promise<LoadedRunbook | undefined> {
  try {
    return overrides.withOverrides(await loadRunbook(target), asAsked(overridden), 'of-the-runbook');
  } catch {
    return undefined;
  }
}
