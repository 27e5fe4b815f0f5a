import { z } from 'zod';

import type { RunRecord } from '../../contracts/run-record.js';
import type { GateOverride } from '../../domain/override.js';
import { comeBack } from '../steps/by-hand.js';
import type { JournalEntry } from './journal.js';
import { approvalsOf, type ReportedApproval } from './report/approvals.js';
import { told } from './report/entries.js';
import { peopleOf, type ReportedPeople } from './report/people.js';
import { rollbackOf, type ReportedRollback } from './report/rollback.js';
import { roundsOf, type ReportedRound } from './report/rounds.js';
import { promotionOf, repairsOf, type ReportedRepair, type ReportedStep } from './report/steps.js';
import { watchOf, type ReportedWatch } from './report/watch.js';
import type { KnownRun, RunEvidence } from './run-evidence.js';
import { readStart } from './start.js';
import type { KeptStatement } from './statements.js';
import { triageOf, type Triage } from './triage.js';

/** A run as its reports tell it: plain data, read from its evidence alone. */
export interface Report {
  readonly record: RunRecord;
  readonly end: string;
  readonly reason: string;
  /** Undefined where the journal does not tell. */
  readonly endedAt: string | undefined;
  readonly overrides: readonly GateOverride[];
  /** What vouches for the requester. Undefined where nobody stated a request: the name is asserted. */
  readonly start: Pick<KeptStatement, 'identity' | 'key' | 'receivedAt'> | undefined;
  /** Prerequisites that were not met. */
  readonly prerequisites: readonly string[];
  readonly rounds: readonly ReportedRound[];
  readonly repairs: readonly ReportedRepair[];
  readonly approvals: readonly ReportedApproval[];
  readonly promotion: readonly ReportedStep[];
  readonly watch: ReportedWatch | undefined;
  readonly rollback: ReportedRollback | undefined;
  readonly people: ReportedPeople;
  readonly triage: Triage;
  /** Commands that bring service back; empty where nothing was rolled back. */
  readonly comeBack: readonly string[];
  readonly entries: readonly JournalEntry[];
}

const prerequisitesSchema = z.object({ problems: z.array(z.string()) });

/**
 * Reads what a report tells. The journal says what happened; only files that it names are read, so that it is the same
 * whenever it is read.
 *
 * @throws EvidenceError where the store does not answer
 */
export async function readReport(
  evidence: RunEvidence,
  known: KnownRun,
  { end, reason }: { readonly end: string; readonly reason: string },
  entries: readonly JournalEntry[],
): Promise<Report> {
  return {
    record: known.record,
    end,
    reason,
    endedAt: entries.findLast(({ kind }) => kind === 'run.ended')?.at,
    overrides: known.loaded.overrides,
    start: await readStart(evidence, known.folder),
    prerequisites: told(entries, 'prerequisites-checked', prerequisitesSchema).flatMap(
      ({ problems }) => problems,
    ),
    rounds: await roundsOf(evidence, known, entries),
    repairs: repairsOf(known, entries),
    approvals: await approvalsOf(evidence, known, entries),
    promotion: await promotionOf(evidence, known, entries),
    watch: await watchOf(evidence, known, entries),
    rollback: rollbackOf(entries, end),
    people: peopleOf(entries),
    triage: await triageOf(evidence, known, entries),
    comeBack: end.startsWith('roll') ? await comeBack(evidence, known) : [],
    entries,
  };
}
