import type { JournalEntry } from '../journal.js';
import type { Report } from '../report-model.js';
import { table, type Cell, type Section } from './document.js';
import { isoTime } from './entries.js';

/** As much as a page bears; the journal has all of it. */
export const TIMELINE_ROWS = 500;

/** Every entry of the journal, in its order. */
export function layOutTimeline({ entries }: Report): Section {
  return {
    id: 'timeline',
    title: 'What happened',
    blocks: table(
      'The journal, entry by entry; times are UTC',
      ['When', 'What', 'Details'],
      entries.map(({ at, kind, body }): readonly Cell[] => [at, kind, detailsOf(body)]),
      TIMELINE_ROWS,
    ),
    parts: [],
  };
}

/** What an order was signed as: for programs, and long. */
const SIGNED = ['statement', 'signature'];

function detailsOf(body: JournalEntry['body']): string {
  return Object.entries(body)
    .filter(([key, value]) => !SIGNED.includes(key) && !(Array.isArray(value) && value.length === 0))
    .map(([key, value]) => `${key}: ${inWords(key, value)}`)
    .join('; ');
}

function inWords(key: string, value: unknown): string {
  if (typeof value === 'string') return value;
  if (key.endsWith('At') && typeof value === 'number') return isoTime(value);
  if (Array.isArray(value)) return value.map((each) => elementInWords(each)).join(', ');
  return JSON.stringify(value);
}

/** A gate by its verdict, samples by their grade; anything else as it is. */
function elementInWords(value: unknown): string {
  if (typeof value === 'string') return value;
  if (typeof value === 'object' && value !== null) {
    if ('gate' in value && 'verdict' in value) return `${String(value.gate)} ${String(value.verdict)}`;
    if ('grade' in value && 'from' in value && 'to' in value)
      return `${String(value.from)} to ${String(value.to)} ${String(value.grade)}`;
  }
  return JSON.stringify(value);
}
