import { z } from 'zod';

import type { JournalEntry } from '../journal.js';
import type { Report } from '../report-model.js';
import { table, whole, type Cell, type Section } from './document.js';
import { isoTime } from './entries.js';
import { samplesOf } from './watch.js';

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
      entries.map(({ at, kind, body }): readonly Cell[] => [whole(at), kind, detailsOf(body)]),
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

const gateSchema = z.object({ gate: z.string(), verdict: z.string() });
const rangeSchema = z.object({ from: z.int(), to: z.int(), grade: z.string() });

/** A gate by its verdict, samples by their grade; anything else as it is. */
function elementInWords(value: unknown): string {
  if (typeof value === 'string') return value;
  const gate = gateSchema.safeParse(value);
  if (gate.success) return `${gate.data.gate} ${gate.data.verdict}`;
  const range = rangeSchema.safeParse(value);
  if (range.success) return `${samplesOf(range.data)} ${range.data.grade}`;
  return JSON.stringify(value);
}
