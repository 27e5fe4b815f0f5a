/** One change to a text; `§` in the new text marks where a problem is to be told. */
export type Edit = readonly [from: string, to: string];

/** @throws where an edit has not exactly one place */
export function edited(text: string, edits: readonly Edit[]): string {
  return edits.reduce((before, [from, to]) => {
    if (before.split(from).length !== 2) throw new Error(`there is not exactly one ${JSON.stringify(from)}`);
    // Not a pattern: `$` in the new text stands for itself.
    return before.replace(from, () => to);
  }, text);
}

export function withoutMarks(marked: string): string {
  return marked.replaceAll('§', '');
}

/** Where the marks stand, as `line:column`, both from 1, in the text without them. */
export function placesOf(marked: string): string[] {
  return marked
    .split('\n')
    .flatMap((line, row) =>
      Array.from(line.matchAll(/§/g), ({ index }, before) => `${row + 1}:${index + 1 - before}`),
    );
}
