import { z } from 'zod';

import { EvidenceError } from './evidence-error.js';
import type { RunEvidence } from './run-evidence.js';

const lines = z.array(z.string().max(4_096)).max(256);
const checkSchema = z.strictObject({ v: z.literal(1), problems: lines, waived: lines });

export interface Check {
  /** One line each. */
  readonly problems: readonly string[];
  /** Problems that the runbook says by name that it promotes in spite of. */
  readonly waived: readonly string[];
}

/** The runbook's prerequisites, checked once a run. */
export const PREREQUISITES = 'prerequisites.json';

/** Whether the rollback could run, checked before approval is asked for and right before promoting. */
export function rollbackCheckOf(round: string): string {
  return `${round}/rollback-check.json`;
}

/** What a kept check found; undefined where it was not made. */
export async function read(evidence: RunEvidence, folder: string, path: string): Promise<Check | undefined> {
  return evidence.readJson(folder, path, checkSchema);
}

/** Keeps the first answer: what people approved stays what it was. Gives what stands. */
export async function keep(
  evidence: RunEvidence,
  folder: string,
  path: string,
  { problems, waived }: Check,
): Promise<Check> {
  try {
    await evidence.putJson(folder, path, { v: 1, problems, waived });
    return { problems, waived };
  } catch (error) {
    const conflict = error instanceof EvidenceError && error.code === 'conflict';
    const stands = conflict ? await read(evidence, folder, path) : undefined;
    if (stands === undefined) throw error;
    return stands;
  }
}
