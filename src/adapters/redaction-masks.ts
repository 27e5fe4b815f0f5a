import type { Span } from './redaction-spellings.js';

/**
 * Values that look like secrets because of where they stand, whatever they are (docs/reference/security.md,
 * "Redaction"). Works on byte text (redaction-spellings.ts), so nothing here may treat a character over U+007F as a
 * space or a letter.
 *
 * Masked, where the key says authorization, cookie, token, secret, password or API key and is no description:
 * - string members of JSON, escaped or not: `"auth_token": "…"`. Never numbers, booleans, null, arrays or objects.
 * - `key=value`, in queries, forms, command lines and environments
 * - headers, `Authorization: …`, to the end of the line or of the string that they stand in
 * - user and password of `scheme://user:pass@`, and anything before the `@` of http and https
 *
 * A key is judged word by word (`auth_token`, `authToken`, `X-Auth-Token`). It is a description when its last word is
 * one of DESCRIPTIONS: `token_type`, `token_endpoint`, `token_count`. So Tau's `"mode":"token"`, its `auth_*_endpoint`
 * and its whole contract (`health_state`, `rollout_gate`, `reason_code`, `reason_codes`, …) stay as they are: none of
 * those keys holds a word that is masked. Only keys mask, never values.
 */
export function findMasks(text: string): Span[] {
  const spans: Span[] = [];
  const scan: Scan = { text, assigned: { start: 0, end: 0 }, header: { start: 0, end: 0 } };
  for (const hit of text.matchAll(SECRET_WORD)) {
    const key = keyAround(text, hit.index, hit.index + hit[0].length);
    const name = hit[0]
      .toLowerCase()
      .replace(/^api[._ -]?key$/, 'api_key')
      .replace('passwd', 'password');
    if (!isSecretKey(key.text)) continue;
    const value = valueAfter(scan, key, name);
    if (value !== undefined) addMask(spans, text, { ...value, name });
  }
  for (const hit of text.matchAll(AUTHORITY_START)) {
    const userinfo = userinfoAt(text, hit.index, hit.index + hit[0].length);
    if (userinfo !== undefined) addMask(spans, text, { ...userinfo, name: 'url_userinfo' });
  }
  return spans;
}

/** Names in the markers of masks. */
export const MASK_NAMES = [
  'authorization',
  'cookie',
  'token',
  'secret',
  'password',
  'api_key',
  'url_userinfo',
] as const;

const SECRET_WORD = /authorization|cookie|token|secret|password|passwd|api[._ -]?key/gi;
const SECRET_WORD_ENDING =
  /(?:authorization|cookie|token|secret|password|passwd|apikey)(?:key|value|header)?s?$/;
const DESCRIPTIONS: ReadonlySet<string> = new Set(
  (
    'mode type kind endpoint template path count counts limit limits state status gate reason reasons code codes ' +
    'required present enabled ttl seconds ms at policy format name env variable file'
  ).split(' '),
);
const AUTHORITY_START = /:(?:\\{0,3}\/){2}/g;
const MAX_KEY = 64;

interface Key {
  readonly start: number;
  readonly end: number;
  readonly text: string;
}

type Range = Pick<Span, 'start' | 'end'>;

/** Keeps the run that was read last of either kind, so that a text of nothing but keys costs no more than its length. */
interface Scan {
  readonly text: string;
  assigned: Range;
  header: Range;
}

function keyAround(text: string, hitStart: number, hitEnd: number): Key {
  let start = hitStart;
  let end = hitEnd;
  while (hitStart - start < MAX_KEY && isKeyCharacter(text, start - 1)) start -= 1;
  while (end - hitEnd < MAX_KEY && isKeyCharacter(text, end)) end += 1;
  return { start, end, text: text.slice(start, end) };
}

const KEY_CHARACTERS: ReadonlySet<number> = new Set(
  Array.from('ABCDEFGHIJKLMNOPQRSTUVWXYZabcdefghijklmnopqrstuvwxyz0123456789_.-', (char) =>
    char.charCodeAt(0),
  ),
);

function isKeyCharacter(text: string, at: number): boolean {
  return KEY_CHARACTERS.has(text.charCodeAt(at));
}

function isSecretKey(key: string): boolean {
  const words = key
    .replaceAll(/([a-z0-9])([A-Z])/g, '$1_$2')
    .toLowerCase()
    .split(/[_. -]+/)
    .filter((word) => word !== '');
  if (DESCRIPTIONS.has(words.at(-1) ?? '')) return false;
  return words.some(
    (word, at) => SECRET_WORD_ENDING.test(word) || (word === 'api' && /^keys?$/.test(words[at + 1] ?? '')),
  );
}

function valueAfter(scan: Scan, key: Key, name: string): Range | undefined {
  const { text } = scan;
  const member = matchAt(/(\\*)(["'])[ \t\r\n]{0,64}[:=][ \t\r\n]{0,64}(\\*)(["'])/y, text, key.end);
  if (member !== undefined) {
    const quote = `${member[1] ?? ''}${member[2] ?? ''}`;
    if (
      quote !== `${member[3] ?? ''}${member[4] ?? ''}` ||
      !text.startsWith(quote, key.start - quote.length)
    ) {
      return undefined;
    }
    return quoted(text, key.end + member[0].length, quote);
  }
  const assigned = matchAt(/=(\\*["'])?/y, text, key.end);
  if (assigned !== undefined) {
    const start = key.end + assigned[0].length;
    if (assigned[1] !== undefined) return quoted(text, start, assigned[1]);
    scan.assigned = run(/[^ \t\r\n\f\v&"'\\;,]*/y, text, start, scan.assigned);
    return scan.assigned;
  }
  // `a:token:b` is a reason code, not a header; the plain words need the space that a header has.
  const colon = matchAt(
    name === 'authorization' || name === 'cookie' ? /:[ \t]*/y : /:[ \t]+/y,
    text,
    key.end,
  );
  if (colon === undefined) return undefined;
  scan.header = run(/[^\r\n"'\\]*/y, text, key.end + colon[0].length, scan.header);
  return scan.header;
}

/**
 * The inside of a string whose opening quote has `quote.length - 1` backslashes: 0 in JSON, 1 in JSON within a JSON
 * string. A quote with more backslashes is part of the value unless they are escaped themselves; one with fewer ends
 * the string around. A string that was cut off ends with the text.
 */
function quoted(text: string, start: number, quote: string): Range {
  const level = quote.length - 1;
  const mark = quote.slice(-1);
  for (let at = text.indexOf(mark, start); at !== -1; at = text.indexOf(mark, at + 1)) {
    let backslashes = 0;
    while (at - backslashes > start && text[at - backslashes - 1] === '\\') backslashes += 1;
    if (backslashes < level || backslashes % (2 * (level + 1)) === level) {
      return { start, end: at - Math.min(backslashes, level) };
    }
  }
  return { start, end: text.length };
}

function userinfoAt(text: string, colon: number, start: number): Range | undefined {
  const found = matchAt(/[^ \t\r\n\f\v/?#"'\\<>]{1,1024}@/y, text, start);
  if (found === undefined) return undefined;
  const scheme = /[A-Za-z][A-Za-z0-9+.-]*$/.exec(text.slice(Math.max(0, colon - MAX_KEY), colon))?.[0];
  if (scheme === undefined) return undefined;
  // `ssh://git@host` names a user and holds no secret; `https://TOKEN@host` is one.
  if (!found[0].includes(':') && !/^https?$/i.test(scheme)) return undefined;
  return { start, end: start + found[0].length - 1 };
}

/** From `start` as far as the pattern reaches. That is as far as it reached from any place before within `last`. */
function run(pattern: RegExp, text: string, start: number, last: Range): Range {
  if (start >= last.start && start < last.end) return { start, end: last.end };
  return { start, end: start + (matchAt(pattern, text, start)?.[0].length ?? 0) };
}

function matchAt(sticky: RegExp, text: string, at: number): RegExpExecArray | undefined {
  sticky.lastIndex = at;
  return sticky.exec(text) ?? undefined;
}

/** What is masked already stays: redacting twice changes nothing. */
function addMask(spans: Span[], text: string, span: Span): void {
  const last = spans.at(-1);
  if (last !== undefined && span.start >= last.start && span.end <= last.end) return;
  const rest = text.slice(span.start, span.end).replaceAll(/\[redacted:[A-Za-z0-9_.-]{1,64}\]/g, '');
  if (!/^(?:bearer|basic)?[ \t]*$/i.test(rest)) spans.push(span);
}
