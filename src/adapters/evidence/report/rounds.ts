import { z } from 'zod';

import type { Expectation } from '../../../domain/verdict.js';
import type { JournalEntry } from '../journal.js';
import { readOutcome } from '../rounds.js';
import type { KnownRun, RunEvidence } from '../run-evidence.js';
import { orUnreadable, told } from './entries.js';

export interface ReportedRound {
  readonly round: string;
  /** When all gates had answered. */
  readonly at: string;
  readonly gates: readonly ReportedGate[];
  /** Of a preflight: rollback steps that could not run. */
  readonly notRollbackable: readonly string[];
  readonly triggers: readonly string[];
}

export interface ReportedGate {
  readonly gate: string;
  readonly kind: string;
  readonly verdict: string;
  readonly health: string;
  readonly rolloutGate: string;
  readonly reasonCodes: readonly string[];
  /** Undefined for a gate that the runbook has not. */
  readonly expected: Expectation | undefined;
  readonly detail: string;
  /** Where the answer stands as it came. */
  readonly files: readonly string[];
  readonly askedAt: string | undefined;
  readonly outcome: 'read' | 'missing' | 'unreadable';
}

const lines = z.array(z.string());
const roundSchema = z.object({
  round: z.string(),
  gates: z.array(
    z.object({
      gate: z.string(),
      kind: z.string(),
      verdict: z.string(),
      health: z.string(),
      rolloutGate: z.string(),
      reasonCodes: lines,
    }),
  ),
  notRollbackable: lines.default([]),
  triggers: lines.default([]),
});

/** Every round of gates in its order, as the journal has it, each with the files of its answers. */
export async function roundsOf(
  evidence: RunEvidence,
  known: KnownRun,
  entries: readonly JournalEntry[],
): Promise<readonly ReportedRound[]> {
  const closed = entries.flatMap((entry) => [
    ...told([entry], 'round-closed', roundSchema),
    ...told([entry], 'preflight-closed', roundSchema),
  ]);
  return Promise.all(
    closed.map(async ({ gates, ...round }) => ({
      ...round,
      gates: await Promise.all(gates.map((gate) => withFiles(evidence, known, round.round, gate))),
    })),
  );
}

type Journalled = z.infer<typeof roundSchema>['gates'][number];

async function withFiles(
  evidence: RunEvidence,
  { folder, loaded }: KnownRun,
  round: string,
  gate: Journalled,
): Promise<ReportedGate> {
  const planned = loaded.plan.gates.find(({ id }) => id === gate.gate);
  const outcome = await orUnreadable(readOutcome(evidence, folder, round, gate.gate));
  const read = outcome === undefined || outcome === 'unreadable' ? undefined : outcome;
  return {
    ...gate,
    expected: planned?.override ?? planned?.expect,
    detail: read?.detail ?? '',
    files: read?.files.map(({ path }) => path) ?? [],
    askedAt: read?.askedAt,
    outcome: read === undefined ? (outcome === 'unreadable' ? 'unreadable' : 'missing') : 'read',
  };
}
