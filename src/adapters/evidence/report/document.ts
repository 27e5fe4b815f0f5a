/** A report as a page of headings, lists and tables: what both renderers lay out, and nothing that only one of them knows. */
export interface ReportDocument {
  readonly title: string;
  /** One line below the title. */
  readonly lead: Text;
  readonly sections: readonly Section[];
}

export interface Section {
  /** Our own word: it becomes an attribute of the page, so nothing of it comes from outside. */
  readonly id: SectionId;
  readonly title: string;
  readonly blocks: readonly Block[];
  readonly parts: readonly Part[];
}

export const SECTION_IDS = [
  'promotion',
  'triage',
  'gates',
  'remediation',
  'approval',
  'steps',
  'watch',
  'rollback',
  'back',
  'people',
  'timeline',
] as const;
export type SectionId = (typeof SECTION_IDS)[number];

/** Below a section, with a heading of its own. */
export interface Part {
  readonly title: string;
  readonly blocks: readonly Block[];
}

export type Block =
  | { readonly kind: 'paragraph'; readonly text: Text }
  | { readonly kind: 'facts'; readonly facts: readonly Fact[] }
  | { readonly kind: 'list'; readonly items: readonly Item[] }
  | {
      readonly kind: 'table';
      readonly caption: string;
      readonly columns: readonly string[];
      /** The first cell is the row's heading. */
      readonly rows: readonly (readonly Cell[])[];
    }
  /** Copied as they are, a command a line. */
  | { readonly kind: 'commands'; readonly lines: readonly string[] };

export interface Fact {
  readonly label: string;
  readonly value: Text;
  readonly below: readonly string[];
}

export interface Item {
  readonly text: Text;
  readonly below: readonly string[];
}

/** Several lines where it is a list of texts. */
export type Cell = Text | { readonly lines: readonly Text[] };

/** Nothing of it is markup, wherever it came from. */
export type Text = string | readonly Span[];

export type Span = string | { readonly text: string; readonly as: Emphasis };

/** `name`: of a file, or a hash; `whole`: kept on one line. A tone is never the only thing that tells: the words say it too. */
export type Emphasis = 'name' | 'whole' | 'good' | 'bad' | 'doubtful';

export function fact(label: string, value: Text, below: readonly string[] = []): Fact {
  return { label, value, below };
}

export function item(text: Text, below: readonly string[] = []): Item {
  return { text, below };
}

export function name(text: string): Span {
  return { text, as: 'name' };
}

/** As long as a time. */
const MAX_WHOLE = 32;

/** A time or a word or two that are not broken; what is longer has to be. */
export function whole(text: string): Text {
  return text.length <= MAX_WHOLE ? [{ text, as: 'whole' }] : text;
}

export function names(texts: readonly string[]): Cell {
  return { lines: texts.map((text) => [name(text)]) };
}

/** Longest text that a page shows, in UTF-16 code units; the evidence has all of it. */
export const MAX_TEXT = 2_000;

/** Longer lists stand whole in the evidence. */
export const MAX_ROWS = 200;

/** A list of at most 200 items, and how many more there are. */
export function listOf(items: readonly Item[]): readonly Block[] {
  if (items.length === 0) return [];
  return [{ kind: 'list', items: items.slice(0, MAX_ROWS) }, ...moreThan(items.length - MAX_ROWS)];
}

/** A table of at most `most` rows, and below it how many more there are and where they stand. */
export function table(
  caption: string,
  columns: readonly string[],
  rows: readonly (readonly Cell[])[],
  most = MAX_ROWS,
): readonly Block[] {
  if (rows.length === 0) return [];
  return [{ kind: 'table', caption, columns, rows: rows.slice(0, most) }, ...moreThan(rows.length - most)];
}

function moreThan(more: number): readonly Block[] {
  return more > 0 ? [{ kind: 'paragraph', text: `and ${more} more in journal.jsonl` }] : [];
}
