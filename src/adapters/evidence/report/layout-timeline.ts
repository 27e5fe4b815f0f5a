import type { Report } from '../report-model.js';
import { table, whole, type Cell, type Section } from './document.js';
import { inWords } from './in-words.js';

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
      entries.map(({ at, kind, body }): readonly Cell[] => [whole(at), kind, inWords(body)]),
      TIMELINE_ROWS,
    ),
    parts: [],
  };
}
