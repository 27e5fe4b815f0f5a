import { z } from 'zod';

import type { JournalEntry } from '../journal.js';
import { told, type Told } from './entries.js';

export interface ReportedPeople {
  readonly orders: readonly Told<z.infer<typeof orderSchema>>[];
  readonly refusals: readonly Told<z.infer<typeof refusalSchema>>[];
}

const orderSchema = z.object({
  by: z.string(),
  action: z.string(),
  reason: z.string().default(''),
  identity: z.string().default('asserted'),
  key: z.string().nullable().default(null),
});
const overtakenSchema = z.object({ action: z.string(), phase: z.string() });
const takenOverSchema = z.object({ requester: z.string(), reason: z.string(), identity: z.string() });
const refusalSchema = z.object({ by: z.string(), what: z.string(), reason: z.string() });

/** What people ordered, besides their decisions, and what was refused them. */
export function peopleOf(entries: readonly JournalEntry[]): ReportedPeople {
  const orders = entries.flatMap((entry) => [
    ...told([entry], 'order-accepted', orderSchema),
    ...told([entry], 'order-overtaken', overtakenSchema).map(({ at, action, phase }) =>
      unsigned(at, 'promote', `${action}, not carried out`, `too late: ${phase} already`),
    ),
    ...told([entry], 'cancelled', z.object({})).map(({ at }) =>
      unsigned(at, 'not known', 'cancel', 'Temporal says who may cancel, not who did'),
    ),
    ...told([entry], 'taken-over', takenOverSchema).map(({ at, requester, reason, identity }) => ({
      ...unsigned(at, requester, 'take over', reason),
      identity,
    })),
  ]);
  return { orders, refusals: told(entries, 'refused', refusalSchema) };
}

function unsigned(at: string, by: string, action: string, reason: string): ReportedPeople['orders'][number] {
  return { at, by, action, reason, identity: 'asserted', key: null };
}
