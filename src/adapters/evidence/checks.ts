import { z } from 'zod';

import { EvidenceError } from './evidence-error.js';
import type { RunEvidence } from './run-evidence.js';

const checkSchema = z.strictObject({ v: z.literal(1), problems: z.array(z.string().max(4_096)).max(256) });

/** The runbook's prerequisites, checked once a run. */
export const PREREQUISITES = 'prerequisites.json';

/** Whether the rollback could run, checked before approval is asked for and right before promoting. */
export function rollbackCheckOf(round: string): string {
  return `${round}/rollback-check.json`;
}

/** The problems that a kept check found, one line each; undefined where it was not made. */
export async function read(
  evidence: RunEvidence,
  folder: string,
  path: string,
): Promise<readonly string[] | undefined> {
  return (await evidence.readJson(folder, path, checkSchema))?.problems;
}

/** Keeps the first answer: what people approved stays what it was. Gives what stands. */
export async function keep(
  evidence: RunEvidence,
  folder: string,
  path: string,
  problems: readonly string[],
): Promise<readonly string[]> {
  try {
    await evidence.putJson(folder, path, { v: 1, problems });
    return problems;
  } catch (error) {
    const conflict = error instanceof EvidenceError && error.code === 'conflict';
    const stands = conflict ? await read(evidence, folder, path) : undefined;
    if (stands === undefined) throw error;
    return stands;
  }
}
