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

/** Lists of names. */
const NAMES = /^approval\.(?:approvers|requesters|orders\.[a-z-]+)$/;

/** Where a list may be a whole value; everywhere else it stands as an item of a list. */
export function mayBeList(path: ReferencePath): boolean {
  return NAMES.test(path.join('.')) || path.includes('json');
}

/** Built in: the commit that is promoted. It stays `${commit}` in the runbook, whose digest is the same for all. */
export const COMMIT = 'commit';

/** Where a secret may stand: nowhere that ends in a process list, a log line or an error message. */
const SECRET_PLACES: ReadonlySet<string> = new Set([
  'http.bearer',
  'http.basic',
  'http.headers',
  'http.json',
  'http.text',
  'http.session.json',
  'https.password',
  'https.bearer',
]);

export function maySecretStand(path: ReferencePath): boolean {
  return SECRET_PLACES.has(placeOf(path));
}

/** A commit is no secret: an address may hold it too. A command finds it in its environment. */
export function mayCommitStand(path: ReferencePath): boolean {
  const place = placeOf(path);
  return place === 'http.url' || (place.startsWith('http.') && maySecretStand(path));
}

/** The part of a question over `http`, or of a git remote's credentials for `https`, that a path is in; empty outside. */
function placeOf(path: ReferencePath): string {
  const at = path.findIndex((key) => key === 'http' || key === 'https');
  const [where, part = '', below = ''] = at === -1 ? [''] : path.slice(at);
  return part === 'session' ? `${where}.session.${below}` : `${where}.${part}`;
}

/** What to do about a list, a secret or the commit that can't stand where it was written. */
export function misplacedHint(name: string, kind: 'list' | 'secret' | 'commit'): string {
  const hint = {
    commit: 'it may stand in url, headers, json or text of http only; a command finds it in PROMOTION_COMMIT',
    secret: 'a secret may stand in bearer, basic, headers, json, text or password only',
    list: `a list stands alone: write '\${${name}}' as an item of its own`,
  }[kind];
  return `the ${kind} \${${name}} can't stand here: ${hint}`;
}
