import type { z } from 'zod';

import { MalformedStatement } from '../../../domain/statement.js';
import { EvidenceError } from '../evidence-error.js';
import type { JournalEntry } from '../journal.js';

export type Told<Body> = Body & { readonly at: string };

/** The bodies of a kind, with the time of their entry. One of another form says nothing here; the timeline has it as it is. */
export function told<Schema extends z.ZodType<object>>(
  entries: readonly JournalEntry[],
  kind: string,
  schema: Schema,
): readonly Told<z.infer<Schema>>[] {
  return entries.flatMap((entry) => {
    const body = entry.kind === kind ? schema.safeParse(entry.body) : undefined;
    return body?.success === true ? [{ ...body.data, at: entry.at }] : [];
  });
}

/** What a file says, or that it is not of its form: a report tells both. A store that does not answer is asked again later. */
export async function orUnreadable<Value>(
  read: Promise<Value | undefined>,
): Promise<Value | 'unreadable' | undefined> {
  try {
    return await read;
  } catch (error) {
    const malformed =
      error instanceof MalformedStatement || (error instanceof EvidenceError && !error.retryable);
    if (!malformed) throw error;
    return 'unreadable';
  }
}

export function isoTime(ms: number): string {
  const time = new Date(ms);
  return Number.isNaN(time.getTime()) ? String(ms) : time.toISOString();
}
