import { z } from 'zod';

import type { JournalEntry } from '../journal.js';
import { gitIntentSchema } from '../../../contracts/step-record.js';
import { actionByHand } from '../../steps/by-hand.js';
import type { KnownRun, RunEvidence } from '../run-evidence.js';
import { orUnreadable, told } from './entries.js';

export interface ReportedRepair {
  readonly at: string;
  readonly round: string;
  readonly repair: string;
  readonly gates: readonly string[];
  /** As commands, secrets by name only; for a person, what they were told to do. */
  readonly ran: readonly string[];
  readonly byPerson: boolean;
  /** A reason code; `undefined` while a person is still waited for. */
  readonly code: string | undefined;
  readonly attempts: number;
}

const repairedSchema = z.object({
  round: z.string(),
  repair: z.string(),
  gates: z.array(z.string()).default([]),
  code: z.string(),
  attempts: z.int().default(1),
});
const awaitedSchema = z.object({
  round: z.string(),
  repair: z.string().default('manual'),
  gates: z.array(z.string()),
  manual: z.string().default(''),
});
const endedSchema = z.object({
  round: z.string(),
  repair: z.string().default('manual'),
  done: z.boolean(),
});

/** What was tried to repair what held, in its order. */
export function repairsOf(
  { loaded: { runbook }, record }: KnownRun,
  entries: readonly JournalEntry[],
): readonly ReportedRepair[] {
  return entries.flatMap((entry): readonly ReportedRepair[] => {
    const [repaired] = told([entry], 'repaired', repairedSchema);
    if (repaired !== undefined) {
      const repair = runbook.remediation.repairs.find(({ id }) => id === repaired.repair);
      const key = `${record.run}/${repaired.repair}`;
      const ran = repair === undefined ? [] : actionByHand(runbook, repair, key);
      return [{ ...repaired, ran, byPerson: false }];
    }
    const [awaited] = told([entry], 'manual-repair-awaited', awaitedSchema);
    if (awaited === undefined) return [];
    const { at, round, repair, gates, manual } = awaited;
    const ended = told(entries, 'manual-repair-ended', endedSchema).find(
      (each) => each.round === round && each.repair === repair,
    );
    const code = ended === undefined ? undefined : ended.done ? 'done' : 'deadline';
    return [
      { at, round, repair, gates, ran: manual === '' ? [] : [manual], byPerson: true, code, attempts: 1 },
    ];
  });
}

export interface ReportedStep {
  readonly step: string;
  readonly begunAt: string;
  readonly endedAt: string | undefined;
  /** `promoted`, or the reason code of its failure; undefined where nobody knows. */
  readonly code: string | undefined;
  /** What it may have changed although it failed. */
  readonly effect: string | undefined;
  /** A branch and its tips, where the step is one of git's. */
  readonly moved: string | undefined;
}

const stepSchema = z.object({ step: z.string() });
const failedSchema = z.object({ step: z.string(), code: z.string(), effect: z.string() });

/** The steps that promoted, or began to. */
export async function promotionOf(
  evidence: RunEvidence,
  { folder }: KnownRun,
  entries: readonly JournalEntry[],
): Promise<readonly ReportedStep[]> {
  const promoted = told(entries, 'step-promoted', stepSchema);
  const failed = told(entries, 'step-failed', failedSchema);
  return Promise.all(
    told(entries, 'step-started', stepSchema).map(async ({ step, at }) => {
      const done = promoted.find((each) => each.step === step);
      const fault = done === undefined ? failed.find((each) => each.step === step) : undefined;
      const intent = await orUnreadable(
        evidence.readJson(folder, `promotion/${step}.intent.json`, gitIntentSchema),
      );
      return {
        step,
        begunAt: at,
        endedAt: (done ?? fault)?.at,
        code: done === undefined ? fault?.code : 'promoted',
        effect: fault?.effect,
        moved: movedBy(intent),
      };
    }),
  );
}

function movedBy(intent: z.infer<typeof gitIntentSchema> | 'unreadable' | undefined): string | undefined {
  return intent === undefined || intent === 'unreadable'
    ? undefined
    : `${intent.branch}: ${intent.formerTip.slice(0, 12)} → ${intent.newTip.slice(0, 12)}`;
}
