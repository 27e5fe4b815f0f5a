import { z } from 'zod';

import { changeLines } from '../../../contracts/changes-in-words.js';
import { subjectSchema } from '../../../contracts/run-record.js';
import { parseDecision } from '../../../domain/statement.js';
import type { JournalEntry } from '../journal.js';
import { readChanges } from '../kept-changes.js';
import type { KnownRun, RunEvidence } from '../run-evidence.js';
import { readStatement } from '../statements.js';
import { isoTime, orUnreadable, told } from './entries.js';

export interface ReportedApproval {
  readonly epoch: number;
  readonly askedAt: string;
  /** What is approved. */
  readonly subject: string;
  readonly expiresAt: string;
  /** Undefined where the subject can't be read. */
  readonly required: number | undefined;
  readonly round: string | undefined;
  /** What was shown to those who decided. */
  readonly changes: readonly string[];
  readonly rollbackProblems: readonly string[];
  readonly waived: readonly string[];
  readonly decisions: readonly ReportedDecision[];
  readonly outcome: { readonly kind: string; readonly at: string } | undefined;
}

export interface ReportedDecision {
  readonly by: string;
  readonly verdict: string;
  readonly identity: string;
  readonly key: string | null;
  readonly receivedAt: string;
  readonly said: Said;
  readonly file: string;
}

/** What stands in the signed statement, where it is what its receipt was given for. */
export type Said =
  { readonly kept: 'read'; readonly comment: string } | { readonly kept: 'missing' | 'unreadable' };

const requestedSchema = z.object({ epoch: z.int(), subject: z.string(), expiresAt: z.number() });
const checkedSchema = z.object({
  epoch: z.int(),
  problems: z.array(z.string()),
  waived: z.array(z.string()).default([]),
});
const decisionSchema = z.object({
  by: z.string(),
  verdict: z.string(),
  subject: z.string(),
  file: z.string(),
  receivedAt: z.number(),
  identity: z.string().default('asserted'),
  key: z.string().nullable().default(null),
});
const ENDINGS = ['approved', 'rejected', 'expired'] as const;

/** Every request for an approval, in its order, with what was decided on it. */
export async function approvalsOf(
  evidence: RunEvidence,
  known: KnownRun,
  entries: readonly JournalEntry[],
): Promise<readonly ReportedApproval[]> {
  const asked = entries.flatMap((entry, index) =>
    told([entry], 'approval-requested', requestedSchema).map((request) => ({ request, index })),
  );
  return Promise.all(
    asked.map(({ request, index }, nth) => {
      const until = asked[nth + 1]?.index ?? entries.length;
      return approvalOf(evidence, known, request, entries, entries.slice(index, until));
    }),
  );
}

async function approvalOf(
  evidence: RunEvidence,
  { folder }: KnownRun,
  { epoch, subject, expiresAt, at }: z.infer<typeof requestedSchema> & { readonly at: string },
  entries: readonly JournalEntry[],
  since: readonly JournalEntry[],
): Promise<ReportedApproval> {
  const stored = await orUnreadable(
    evidence.readJson(folder, `approval-${epoch}/subject.json`, subjectSchema),
  );
  const read = stored === 'unreadable' ? undefined : stored;
  const checked = told(entries, 'rollback-checked', checkedSchema).findLast((each) => each.epoch === epoch);
  const decided = told(entries, 'decision-accepted', decisionSchema).filter(
    (each) => each.subject === subject,
  );
  const ending = since.find(({ kind }) => ENDINGS.some((known) => known === kind));
  return {
    epoch,
    askedAt: at,
    subject,
    expiresAt: isoTime(expiresAt),
    required: read?.required,
    round: read?.round,
    changes: await changesOf(evidence, folder, epoch),
    rollbackProblems: checked?.problems ?? [],
    waived: checked?.waived ?? [],
    decisions: await Promise.all(decided.map((each) => decisionOf(evidence, folder, each))),
    outcome: ending === undefined ? undefined : { kind: ending.kind, at: ending.at },
  };
}

async function changesOf(evidence: RunEvidence, folder: string, epoch: number): Promise<readonly string[]> {
  const changes = await orUnreadable(readChanges(evidence, folder, epoch));
  if (changes === 'unreadable') return [`approval-${epoch}/changes.json is not of its form`];
  return changes === undefined ? [] : changeLines(changes);
}

async function decisionOf(
  evidence: RunEvidence,
  folder: string,
  { by, verdict, file, receivedAt, identity, key }: z.infer<typeof decisionSchema>,
): Promise<ReportedDecision> {
  const said = await saidIn(evidence, folder, BASE.exec(file)?.[1]);
  return { by, verdict, identity, key, receivedAt: isoTime(receivedAt), said, file };
}

const BASE = /^(approval-\d+\/decision-[0-9a-f]{16})\.json$/;

async function saidIn(evidence: RunEvidence, folder: string, base: string | undefined): Promise<Said> {
  if (base === undefined) return { kept: 'missing' };
  const read = await orUnreadable(readSaid(evidence, folder, base));
  return typeof read === 'object' ? read : { kept: read ?? 'missing' };
}

async function readSaid(evidence: RunEvidence, folder: string, base: string): Promise<Said | undefined> {
  const kept = await readStatement(evidence, folder, base);
  return kept === undefined ? undefined : { kept: 'read', comment: parseDecision(kept.submission).comment };
}
