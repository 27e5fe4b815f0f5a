import { InputError } from '../../contracts/input-error.js';
import { resolveOverrides, type ExpectationOverride } from '../../domain/override.js';
import { resolvedRunbook, type LoadedRunbook } from './resolve.js';

/** Whose leave an override needs: the runbook's, which names gates, or nobody's where nothing is promoted. */
export type Leave = 'of-the-runbook' | 'not-needed';

/**
 * A runbook with other expectations. They are part of its canonical form from here on, so whoever approves its digest
 * approves them.
 *
 * @throws InputError bad_usage, each problem one line
 */
export function withOverrides(
  loaded: LoadedRunbook,
  asked: readonly ExpectationOverride[],
  leave: Leave,
): LoadedRunbook {
  const { gates, overridable } = loaded.runbook;
  const resolved = resolveOverrides(gates, asked, leave === 'not-needed' ? 'all' : overridable);
  if (!resolved.ok) {
    const [first = 'the overrides can not be taken', ...rest] = resolved.problems;
    throw new InputError('bad_usage', [first, ...rest]);
  }
  const { overrides } = resolved;
  return overrides.length === 0 ? loaded : resolvedRunbook({ ...loaded.runbook, overrides }, loaded.signers);
}
