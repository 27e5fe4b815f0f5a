import { styleText } from 'node:util';

export type Style = 'bold' | 'dim' | 'green' | 'red' | 'yellow' | 'cyan';

/**
 * Where a command's words go. With `--json` stdout holds documents alone, and everything for people is on stderr.
 */
export interface Output {
  readonly json: boolean;
  /** A person watches stdout live. */
  readonly live: boolean;
  /** A line for a person. */
  readonly say: (line: string) => void;
  /** A line on stderr, whatever the mode: progress and warnings. */
  readonly note: (line: string) => void;
  /** One document, on one line; nothing without `--json`. */
  readonly document: (value: object) => void;
  readonly paint: (style: Style, text: string) => string;
}

export function createOutput(json: boolean): Output {
  const stream = json ? process.stderr : process.stdout;
  // Node's own: it knows NO_COLOR and TERM=dumb.
  const coloured = stream.isTTY && stream.hasColors();
  return {
    json,
    // Without a size, as in some runners, there is no room to draw in.
    live: !json && process.stdout.isTTY && process.stdout.columns > 0 && process.stdout.rows > 0,
    say: (line) => void stream.write(`${line}\n`),
    note: (line) => void process.stderr.write(`${line}\n`),
    document: (value) => void (json && process.stdout.write(`${JSON.stringify(value)}\n`)),
    paint: (style, text) => (coloured ? styleText(style, text) : text),
  };
}

/** What comes from outside can't move the cursor, recolour or reorder what a person decides on. */
export function plain(text: string, maxChars = 300): string {
  const flat = text.replaceAll(/[\p{Cc}\u2028\u2029]+/gu, ' ').replaceAll(/[\p{Cf}\p{Surrogate}]+/gu, '');
  return flat.length <= maxChars ? flat : `${flat.slice(0, maxChars - 1)}…`;
}

export function writeError(line: string): void {
  process.stderr.write(`${line}\n`);
}
