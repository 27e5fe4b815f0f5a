import { validateYaml } from '../../src/adapters/yaml-document.js';
import { InputError } from '../../src/contracts/input-error.js';
import { consistentRunbook } from '../../src/contracts/runbook-rules.js';
import { edited, placesOf, withoutMarks, type Edit } from '../support/marked-text.js';
import { SHIPPED_RUNBOOK } from '../support/plans.js';

export type { Edit } from '../support/marked-text.js';

/** The problems of the shipped runbook after these edits, and where they were to be told, as `file:line:column`. */
export function problemsAfter(...edits: readonly Edit[]): {
  readonly problems: readonly string[];
  readonly places: readonly string[];
} {
  const marked = edited(SHIPPED_RUNBOOK, edits);
  const places = placesOf(marked).map((place) => `runbook.yaml:${place}`);
  return { problems: problemsIn(withoutMarks(marked)), places };
}

function problemsIn(text: string): readonly string[] {
  try {
    validateYaml(text, 'runbook.yaml', consistentRunbook);
  } catch (error) {
    if (error instanceof InputError && error.code === 'invalid_runbook') return error.problems;
    throw error;
  }
  return [];
}
