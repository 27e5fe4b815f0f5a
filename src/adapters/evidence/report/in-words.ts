import { z } from 'zod';

import type { JournalEntry } from '../journal.js';
import { isoTime } from './entries.js';
import { samplesOf } from './watch.js';

/** What an order was signed as: for programs, and long. */
const SIGNED = ['statement', 'signature'];

/** The body of an entry, for a person. */
export function inWords(body: JournalEntry['body']): string {
  return Object.entries(body)
    .filter(([key, value]) => !SIGNED.includes(key) && !(Array.isArray(value) && value.length === 0))
    .map(([key, value]) => `${key}: ${valueInWords(key, value)}`)
    .join('; ');
}

function valueInWords(key: string, value: unknown): string {
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
