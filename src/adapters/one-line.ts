/**
 * One line for a person out of any text: control characters and characters that reorder text become spaces, then
 * secrets are removed, and only then it is cut to `maxChars`. Redacted last but for the cut, since taking characters
 * out can put a secret together again.
 */
export function oneLine(
  text: string,
  redact: (text: string) => { readonly text: string },
  maxChars = 300,
): string {
  const flat = text
    .replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ')
    .replaceAll(/[\p{Cf}\p{Surrogate}]+/gu, '')
    .replaceAll(/ {2,}/g, ' ')
    .trim();
  const characters = Array.from(redact(flat).text);
  return characters.length <= maxChars
    ? characters.join('')
    : `${characters.slice(0, maxChars - 1).join('')}…`;
}
