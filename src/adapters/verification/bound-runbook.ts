import type { RunRecord } from '../../contracts/run-record.js';
import { digest } from '../canonical.js';
import { resolvedRunbook, resolvedShape, type LoadedRunbook } from '../runbook/resolve.js';
import type { RunFiles } from './run-files.js';

/** The runbook and the policy that the run is bound to; undefined where the stored ones are others. */
export async function boundRunbook(
  files: RunFiles,
  { runbook, policy }: Pick<RunRecord, 'runbook' | 'policy'>,
): Promise<LoadedRunbook | undefined> {
  const bytes = await files.read('runbook.json');
  if (bytes === undefined || digest('promotion-runbook/v1', bytes) !== runbook) return undefined;
  try {
    const shape = resolvedShape.parse(JSON.parse(Buffer.from(bytes).toString('utf8')));
    const loaded = resolvedRunbook(shape, undefined);
    return loaded.policy === policy ? loaded : undefined;
  } catch {
    return undefined;
  }
}
