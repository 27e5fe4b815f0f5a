/** How much of an answer is kept: a posture goes into Temporal's history and onto a person's screen. */
export const MAX_REASON_CODES = 32;
export const MAX_RECOMMENDATIONS = 16;
const REASON_CODE_CHARS = 128;
const RECOMMENDATION_CHARS = 256;
const DETAIL_CHARS = 256;

/** Without control and format characters (a line break, an escape, a bidi override) and lone surrogates. */
const printable = (text: string): string => text.replace(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu, '');

/** One line of at most `maxChars` characters that is safe to print, to log and to hash; may be empty. */
export function oneLine(text: string, maxChars: number): string {
  const line = printable(text.slice(0, 4 * maxChars)).trim();
  // A cut may leave half a surrogate pair behind.
  return printable(line.slice(0, maxChars)).trimEnd();
}

/** As `oneLine`; where something was cut off, it ends in `…`. */
export function shortLine(text: string, maxChars: number): string {
  return text.length <= maxChars ? oneLine(text, maxChars) : `${oneLine(text, maxChars - 1)}…`;
}

/** Of what two texts have in common this much is shown before they differ. */
const LEAD_CHARS = 20;

/**
 * Two texts to be read beside each other, each one line of at most `maxChars`. Where they begin to differ is shown, however
 * late it comes; what is cut off is marked by `…`.
 */
export function beside(
  before: string,
  after: string,
  maxChars: number,
): { readonly before: string; readonly after: string } {
  const differs = firstDifference(before, after);
  const whole = Math.max(before.length, after.length) <= maxChars;
  const from = whole || differs < maxChars - LEAD_CHARS ? 0 : differs - LEAD_CHARS;
  const part = (text: string): string => shortLine(from === 0 ? text : `…${text.slice(from)}`, maxChars);
  return { before: part(before), after: part(after) };
}

function firstDifference(before: string, after: string): number {
  let at = 0;
  while (at < before.length && before[at] === after[at]) at += 1;
  return at;
}

/** With all shown that is not seen, or not told from a space: a reader takes a text with it for the one without. */
const shownBy = (text: string, show: (unseen: string) => string): string =>
  text.replace(/(?! )[\p{C}\p{Z}\p{Default_Ignorable_Code_Point}]/gu, show);

/** JSON text with the same meaning in which everything shows: what is not seen stands as `\u202e`. */
export function visibleJson(json: string): string {
  return shownBy(json, (unseen) =>
    Array.from({ length: unseen.length }, (_, at) => unseen.charCodeAt(at))
      .map((unit) => `\\u${unit.toString(16).padStart(4, '0')}`)
      .join(''),
  );
}

/** Text in which everything shows: what is not seen, or not told from a space, stands as `[U+202E]`. */
export function visibleText(text: string): string {
  return shownBy(text, (unseen) => {
    const code = (unseen.codePointAt(0) ?? 0).toString(16).toUpperCase();
    return `[U+${code.padStart(4, '0')}]`;
  });
}

/**
 * A text as a page shows it: one line, white space as one space, everything else visible. What is longer than `maxChars` is
 * cut, and ends in `…`.
 */
export function shownText(text: string, maxChars: number): string {
  const cut = text.length > maxChars ? `${text.slice(0, maxChars - 1)}…` : text;
  return visibleText(cut.replaceAll(/\s+/g, ' '));
}

export function detailLine(text: string): string {
  return oneLine(text, DETAIL_CHARS);
}

export function reasonCode(text: string): string {
  return oneLine(text, REASON_CODE_CHARS);
}

/** At most 32 codes of at most 128 characters, in their order, without repeats; an empty text is no code. */
export function reasonCodeList(texts: readonly string[]): readonly string[] {
  return distinct(texts.map(reasonCode)).slice(0, MAX_REASON_CODES);
}

/** At most 16 recommendations of at most 256 characters, in their order, without repeats. */
export function recommendationList(texts: readonly string[]): readonly string[] {
  return distinct(texts.map((text) => oneLine(text, RECOMMENDATION_CHARS))).slice(0, MAX_RECOMMENDATIONS);
}

function distinct(texts: readonly string[]): string[] {
  return [...new Set(texts)].filter((text) => text !== '');
}
