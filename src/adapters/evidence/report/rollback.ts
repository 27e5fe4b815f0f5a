import { z } from 'zod';

import type { JournalEntry } from '../journal.js';
import { told, type Told } from './entries.js';

export interface ReportedRollback {
  /** Each attempt, with what declared it. */
  readonly begun: readonly Told<z.infer<typeof begunSchema>>[];
  readonly steps: readonly Told<z.infer<typeof stepSchema>>[];
  /** Where it did not hold: when, and which steps. */
  readonly lost: readonly { readonly at: string; readonly unverified: readonly string[] }[];
  readonly heldAt: string | undefined;
  /** Commands for what the last attempt of a step left unproven. */
  readonly left: readonly string[];
}

const begunSchema = z.object({
  attempt: z.int(),
  trigger: z.string(),
  triggers: z.array(z.string()).default([]),
});
const stepSchema = z.object({
  step: z.string(),
  attempt: z.int(),
  verified: z.boolean(),
  code: z.string(),
  detail: z.string(),
  byHand: z.array(z.string()),
});
const confirmedSchema = z.object({ unverified: z.array(z.string()) });

/** What was tried, what each step said, and where a person had to end it, what was left to do. */
export function rollbackOf(entries: readonly JournalEntry[], end: string): ReportedRollback | undefined {
  const begun = told(entries, 'rollback-begun', begunSchema);
  const steps = told(entries, 'rollback-step', stepSchema);
  if (begun.length === 0 && steps.length === 0) return undefined;
  const confirmed = told(entries, 'rollback-confirmed', confirmedSchema);
  const last = new Map(steps.map((each) => [each.step, each]));
  const left = [...last.values()].flatMap(({ verified, byHand }) => (verified ? [] : byHand));
  return {
    begun,
    steps,
    lost: confirmed.filter(({ unverified }) => unverified.length > 0),
    heldAt: confirmed.findLast(({ unverified }) => unverified.length === 0)?.at,
    left: end === 'rolled-back' ? [] : left,
  };
}
