/** How a text of a runbook refers to a variable: docs/reference/runbook.md, "Variables". */

/** A literal `${`, or a reference. */
export const REFERENCE = /\$\$\{|\$\{([^}]*)\}/g;
export const LITERAL = '$${';

export type ReferencePath = readonly (string | number)[];

const WHOLE = /^\$\{([^}]*)\}$/;

/** The variable that is the whole text, e.g. `approvers: ${approvers}`. */
export function wholeReference(text: string): string | undefined {
  return WHOLE.exec(text)?.[1];
}

/** Names in a text, in order; literals are none. */
export function referencesIn(text: string): readonly string[] {
  return Array.from(text.matchAll(REFERENCE), ([, name]) => name).filter((name) => name !== undefined);
}

/** A `${` that no `}` follows would stand in the text as it is, and nobody means that. */
export function isUnclosed(text: string): boolean {
  return text.replaceAll(REFERENCE, '').includes('${');
}

/** Where a list may be a whole value; everywhere else it stands as an item of a list. */
export function mayBeList(path: ReferencePath): boolean {
  return path.join('.') === 'approval.approvers' || path.includes('json');
}

/** Where a secret may stand: nowhere that ends in a process list, a log line or an error message. */
const SECRET_PLACES: ReadonlySet<string | number> = new Set(['bearer', 'headers', 'json', 'password']);

export function maySecretStand(path: ReferencePath): boolean {
  return path.some((key) => SECRET_PLACES.has(key));
}

/** What to do about a list or secret that can't stand where it was written. */
export function misplacedHint(name: string, kind: 'list' | 'secret'): string {
  return kind === 'secret'
    ? `the secret \${${name}} can't stand here: a secret may stand in bearer, headers, json or password only`
    : `the list \${${name}} can't stand here: a list stands alone: write '\${${name}}' as an item of its own`;
}
