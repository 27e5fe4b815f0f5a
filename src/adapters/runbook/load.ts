import { readRunbook } from './read.js';
import { resolveRunbook, type Extent, type LoadedRunbook } from './resolve.js';
import type { VariableSources } from './variables.js';

export type { Extent, LoadedRunbook } from './resolve.js';

/**
 * Reads a runbook and resolves its variables.
 *
 * @param workingDirectory what relative working directories are relative to
 * @throws InputError invalid_runbook or missing_variable
 */
export async function loadRunbook(
  file: string,
  sources: VariableSources,
  extent: Extent,
  workingDirectory: string,
): Promise<LoadedRunbook> {
  return resolveRunbook(await readRunbook(file), sources, extent, workingDirectory);
}
