import { InputError } from '../../contracts/input-error.js';
import {
  COMMIT,
  LITERAL,
  mayCommitStand,
  mayBeList,
  maySecretStand,
  misplacedHint,
  REFERENCE,
  wholeReference,
} from '../../contracts/variable-references.js';
import type { VariableValue } from './variables.js';

export type Lookup = (name: string) => Promise<VariableValue>;

/**
 * The value with every `${name}` replaced. A string that is one whole reference to a list becomes the list's items,
 * spliced into the array it stands in. `$${` is a literal `${`. Secrets stay as `${name}`, and where one may stand a
 * literal stays `$${` until the text is opened: no value and no literal can name a secret. So it is with `${commit}`.
 *
 * @throws InputError at a name that is no variable of the runbook, and at a list or secret where it can't stand
 */
export async function substitute(
  value: unknown,
  lookup: Lookup,
  path: readonly string[] = [],
): Promise<unknown> {
  if (typeof value === 'string') return substituteText(value, lookup, path);
  if (Array.isArray(value)) {
    const items: unknown[] = [];
    for (const [index, item] of value.entries()) {
      const list = typeof item === 'string' ? await wholeList(item, lookup) : undefined;
      if (list === undefined) items.push(await substitute(item, lookup, [...path, String(index)]));
      else items.push(...list);
    }
    return items;
  }
  if (typeof value === 'object' && value !== null) {
    const members: [string, unknown][] = [];
    for (const [key, item] of Object.entries(value)) {
      const here = [...path, key];
      const list = typeof item === 'string' && mayBeList(here) ? await wholeList(item, lookup) : undefined;
      members.push([key, list ?? (await substitute(item, lookup, here))]);
    }
    return Object.fromEntries(members);
  }
  return value;
}

/** A list that stands alone, as an item or as a value, e.g. `approvers: ${approvers}`. */
async function wholeList(text: string, lookup: Lookup): Promise<readonly string[] | undefined> {
  const name = wholeReference(text);
  if (name === undefined || name === COMMIT) return undefined;
  const value = await lookup(name);
  return value.kind === 'list' ? value.items : undefined;
}

async function substituteText(text: string, lookup: Lookup, path: readonly string[]): Promise<string> {
  const secret = maySecretStand(path);
  const opened = secret || mayCommitStand(path);
  let result = '';
  let end = 0;
  for (const match of text.matchAll(REFERENCE)) {
    const [whole, name = ''] = match;
    result += text.slice(end, match.index);
    end = match.index + whole.length;
    if (whole === LITERAL) {
      result += opened ? whole : '${';
      continue;
    }
    if (name === COMMIT) {
      if (!mayCommitStand(path)) throw misplaced(name, 'commit', path);
      result += whole;
      continue;
    }
    const value = await lookup(name);
    if (value.kind === 'text') result += opened ? value.text.replaceAll('${', () => LITERAL) : value.text;
    else if (value.kind === 'secret' && secret) result += whole;
    else throw misplaced(name, value.kind, path);
  }
  return result + text.slice(end);
}

function misplaced(name: string, kind: 'list' | 'secret' | 'commit', path: readonly string[]): InputError {
  return new InputError('invalid_runbook', [`${path.join('.')}: ${misplacedHint(name, kind)}`]);
}

/** The text with its secrets opened. Call it where the value is used, never earlier. */
export function openText(text: string, secrets: Readonly<Record<string, string>>): string {
  return text.replaceAll(REFERENCE, (whole: string, name: string | undefined) => {
    if (name === undefined) return '${';
    return Object.hasOwn(secrets, name) ? (secrets[name] ?? whole) : whole;
  });
}
