/** How much of an answer is kept: a posture goes into Temporal's history and onto a person's screen. */
export const MAX_REASON_CODES = 32;
export const MAX_RECOMMENDATIONS = 16;
const REASON_CODE_CHARS = 128;
const RECOMMENDATION_CHARS = 256;
const DETAIL_CHARS = 256;

/** Control and format characters (a line break, an escape, a bidi override) and lone surrogates. */
const UNPRINTABLE = /[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]/gu;

/** One line of at most `maxChars` characters that is safe to print, to log and to hash; may be empty. */
export function oneLine(text: string, maxChars: number): string {
  const printable = text
    .slice(0, 4 * maxChars)
    .replace(UNPRINTABLE, '')
    .trim();
  // A cut may leave half a surrogate pair behind.
  return printable.slice(0, maxChars).replace(UNPRINTABLE, '').trimEnd();
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
