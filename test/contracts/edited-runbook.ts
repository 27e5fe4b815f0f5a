import { validateYaml } from '../../src/adapters/yaml-document.js';
import { InputError } from '../../src/contracts/input-error.js';
import { consistentRunbook } from '../../src/contracts/runbook-rules.js';
import { SHIPPED_RUNBOOK } from '../support/plans.js';

/** One change to the shipped runbook; `§` in the new text marks where a problem is to be told. */
export type Edit = readonly [from: string, to: string];

const MARK = '§';

/** The problems of the shipped runbook after these edits, and where they were to be told, as `file:line:column`. */
export function problemsAfter(...edits: readonly Edit[]): {
  readonly problems: readonly string[];
  readonly places: readonly string[];
} {
  const marked = edits.reduce(edited, SHIPPED_RUNBOOK);
  const places = marked
    .split('\n')
    .flatMap((line, index) =>
      columnsOf(line).map((column, before) => `runbook.yaml:${index + 1}:${column - before}`),
    );
  return { problems: problemsIn(marked.replaceAll(MARK, '')), places };
}

function edited(text: string, [from, to]: Edit): string {
  if (text.split(from).length !== 2)
    throw new Error(`the shipped runbook has not exactly one ${JSON.stringify(from)}`);
  // Not a pattern: `$` in the new text stands for itself.
  return text.replace(from, () => to);
}

/** Where the marks stand, from 1. */
function columnsOf(line: string): number[] {
  return Array.from(line.matchAll(/§/g), ({ index }) => index + 1);
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
