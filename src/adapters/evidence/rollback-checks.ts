import { z } from 'zod';

import { EvidenceError } from './evidence-error.js';
import type { RunEvidence } from './run-evidence.js';

const rollbackCheck = z.strictObject({ v: z.literal(1), problems: z.array(z.string().max(4_096)).max(256) });

/** Rollback steps that could not run at that moment, one line each; undefined where it was not checked. */
export async function read(
  evidence: RunEvidence,
  folder: string,
  at: string,
): Promise<readonly string[] | undefined> {
  return (await evidence.readJson(folder, pathOf(at), rollbackCheck))?.problems;
}

/** Keeps the first answer: what people approved stays what it was. Gives what stands. */
export async function keep(
  evidence: RunEvidence,
  folder: string,
  at: string,
  problems: readonly string[],
): Promise<readonly string[]> {
  try {
    await evidence.putJson(folder, pathOf(at), { v: 1, problems });
    return problems;
  } catch (error) {
    const stands =
      error instanceof EvidenceError && error.code === 'conflict'
        ? await read(evidence, folder, at)
        : undefined;
    if (stands === undefined) throw error;
    return stands;
  }
}

function pathOf(at: string): string {
  return `${at}/rollback-check.json`;
}
