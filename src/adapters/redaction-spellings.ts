/**
 * Finds a secret however it is spelled. Works on "byte text": a string with one character (U+0000–00FF) a byte, so
 * that whole bodies are searched as they came, UTF-8 or not.
 */
export interface Needle {
  readonly name: string;
  /** For each character of what is looked for, all its spellings, by their first byte in lower case. */
  readonly characters: readonly ReadonlyMap<number, readonly Spelling[]>[];
  /** The longest text that can match, in bytes. */
  readonly longestBytes: number;
}

interface Spelling {
  /** Lower case where case does not matter. */
  readonly text: string;
  readonly anyCase: boolean;
}

export interface Span {
  readonly start: number;
  readonly end: number;
  readonly name: string;
}

/** UTF-8 as byte text. */
export function byteText(text: string): string {
  return Buffer.from(text, 'utf8').toString('latin1');
}

/**
 * What to look for when a secret must not be seen (docs/reference/security.md, "Redaction"): the text itself with each
 * character raw, URL-encoded, JSON-escaped up to three times, or as an HTML reference, in any mixture; its bytes in hex;
 * and in base64 and base64url at three alignments. Of base64 only the characters that the secret alone decides are
 * looked for: one more on either side holds a few bits of it. All of it as UTF-8, and as Latin-1 where that can spell the
 * secret: it is how a header goes over the wire.
 */
export function needlesFor(name: string, secret: string): readonly Needle[] {
  const encoded = encodingsOf(secret);
  const hex = encoded.map((bytes) =>
    Array.from(bytes.toString('hex'), (digit) => [{ text: digit, anyCase: true }]),
  );
  const cores = encoded.flatMap((bytes) => [0, 1, 2].flatMap((shift) => base64Cores(bytes, shift)));
  const base64 = Array.from(new Set(cores), (core) => Array.from(core, spellings));
  return [Array.from(secret, spellings), ...hex, ...base64].map((characters) => needle(name, characters));
}

/** UTF-8, and Latin-1 where it differs and can spell the text. */
function encodingsOf(secret: string): readonly Buffer[] {
  const utf8 = Buffer.from(secret, 'utf8');
  const codes = Array.from(secret, (character) => character.codePointAt(0) ?? 0);
  const differs = codes.some((code) => code > 0x7f) && codes.every((code) => code <= 0xff);
  return differs ? [utf8, Buffer.from(secret, 'latin1')] : [utf8];
}

/** All places where a needle matches, overlapping ones too. Linear in the text; no backtracking. */
export function findNeedles(text: string, needles: readonly Needle[]): Span[] {
  const folded = text.toLowerCase();
  const byFirst = firstCharacters(needles);
  const spans: Span[] = [];
  for (let start = 0; start < text.length; start += 1) {
    const candidates = byFirst[folded.charCodeAt(start)];
    if (candidates === undefined) continue;
    for (const candidate of candidates) {
      const end = matchEnd(text, folded, start, candidate);
      if (end !== undefined) spans.push({ start, end, name: candidate.name });
    }
  }
  return spans;
}

/** The end of the longest match at `start`. Keeps every end that is still possible, so ambiguity costs nothing. */
function matchEnd(text: string, folded: string, start: number, { characters }: Needle): number | undefined {
  let ends: readonly number[] = [start];
  for (const byFirst of characters) {
    const next: number[] = [];
    for (const at of ends) {
      for (const spelling of byFirst.get(folded.charCodeAt(at)) ?? []) {
        const where = spelling.anyCase ? folded : text;
        if (!where.startsWith(spelling.text, at)) continue;
        const end = at + spelling.text.length;
        if (!next.includes(end)) next.push(end);
      }
    }
    if (next.length === 0) return undefined;
    ends = next;
  }
  return Math.max(...ends);
}

function needle(name: string, characters: readonly (readonly Spelling[])[]): Needle {
  const longestBytes = characters.reduce(
    (sum, spellingsOfOne) => sum + Math.max(...spellingsOfOne.map(({ text }) => text.length)),
    0,
  );
  return { name, characters: characters.map(byFirstByte), longestBytes };
}

function byFirstByte(spellingsOfOne: readonly Spelling[]): ReadonlyMap<number, readonly Spelling[]> {
  const table = new Map<number, Spelling[]>();
  for (const spelling of spellingsOfOne) {
    const first = spelling.text.toLowerCase().charCodeAt(0);
    table.set(first, [...(table.get(first) ?? []), spelling]);
  }
  return table;
}

function firstCharacters(needles: readonly Needle[]): readonly (readonly Needle[] | undefined)[] {
  const table: (Needle[] | undefined)[] = Array.from({ length: 256 });
  for (const each of needles) {
    for (const first of each.characters[0]?.keys() ?? []) (table[first] ??= []).push(each);
  }
  return table;
}

function base64Cores(bytes: Buffer, shift: number): readonly string[] {
  const encoded = Buffer.concat([Buffer.alloc(shift), bytes]);
  const from = Math.ceil((shift * 8) / 6);
  const to = Math.floor((encoded.length * 8) / 6);
  return [encoded.toString('base64').slice(from, to), encoded.toString('base64url').slice(from, to)];
}

const SHORT_ESCAPES: Readonly<Record<string, string>> = {
  '"': '\\"',
  '\\': '\\\\',
  '/': '\\/',
  '\b': '\\b',
  '\f': '\\f',
  '\n': '\\n',
  '\r': '\\r',
  '\t': '\\t',
};

const HTML_NAMES: Readonly<Record<string, string>> = {
  '&': '&amp;',
  '<': '&lt;',
  '>': '&gt;',
  '"': '&quot;',
  "'": '&apos;',
  '/': '&sol;',
  '\\': '&bsol;',
  '+': '&plus;',
  '=': '&equals;',
  ...latin1Names(),
};

/** Those of U+00A0–00FF, in their order; where case is all that differs, either is taken. */
function latin1Names(): Readonly<Record<string, string>> {
  const names =
    'nbsp iexcl cent pound curren yen brvbar sect uml copy ordf laquo not shy reg macr deg plusmn sup2 sup3 acute micro ' +
    'para middot cedil sup1 ordm raquo frac14 frac12 frac34 iquest Agrave Aacute Acirc Atilde Auml Aring AElig Ccedil ' +
    'Egrave Eacute Ecirc Euml Igrave Iacute Icirc Iuml ETH Ntilde Ograve Oacute Ocirc Otilde Ouml times Oslash Ugrave ' +
    'Uacute Ucirc Uuml Yacute THORN szlig agrave aacute acirc atilde auml aring aelig ccedil egrave eacute ecirc euml ' +
    'igrave iacute icirc iuml eth ntilde ograve oacute ocirc otilde ouml divide oslash ugrave uacute ucirc uuml yacute ' +
    'thorn yuml';
  return Object.fromEntries(
    names.split(' ').map((name, at) => [String.fromCodePoint(0xa0 + at), `&${name};`]),
  );
}

/** As it stands within one more JSON string. */
function escaped(text: string): string {
  return text.replaceAll('\\', '\\\\').replaceAll('"', '\\"');
}

/** All spellings of one character (a code point). */
function spellings(character: string): readonly Spelling[] {
  const bytes = Buffer.from(character, 'utf8');
  const code = character.codePointAt(0) ?? 0;
  const hexBytes = Array.from(bytes, (byte) => byte.toString(16).padStart(2, '0'));
  const units = Array.from({ length: character.length }, (_, at) =>
    character.charCodeAt(at).toString(16).padStart(4, '0'),
  );
  const exact = [byteText(character)];
  const anyCase = [
    hexBytes.map((hex) => `%${hex}`).join(''),
    hexBytes.map((hex) => `%25${hex}`).join(''),
    units.map((unit) => `\\u${unit}`).join(''),
    units.map((unit) => `\\\\u${unit}`).join(''),
    units.map((unit) => `\\\\\\\\u${unit}`).join(''),
    `&#${code};`,
    `&#0${code};`,
    `&#x${code.toString(16)};`,
  ];
  if (character === ' ') exact.push('+');
  const short = SHORT_ESCAPES[character];
  if (short !== undefined) exact.push(short, escaped(short), escaped(escaped(short)));
  if (character === '/') exact.push('\\\\\\/');
  const named = HTML_NAMES[character];
  if (named !== undefined) anyCase.push(named);
  if (code > 0x7f && code <= 0xff) {
    const byte = code.toString(16);
    exact.push(character);
    anyCase.push(`%${byte}`, `%25${byte}`);
  }
  return [
    ...exact.map((text) => ({ text, anyCase: false })),
    ...anyCase.map((text) => ({ text, anyCase: true })),
  ];
}
