import { z } from 'zod';

import { gateOutcomeSchema, resultOf } from '../../contracts/gate-outcome.js';
import type { GateResult } from '../../domain/verdict.js';
import type { Sample } from '../../domain/watch.js';
import type { AskedGate } from '../gates/ask.js';
import { EvidenceError } from './evidence-error.js';
import type { RunEvidence } from './run-evidence.js';

const sampleSchema = z.strictObject({
  v: z.literal(1),
  n: z.int().min(1),
  at: z.int(),
  grade: z.enum(['failing', 'unreachable', 'hold', 'pass']),
  gates: z.array(
    gateOutcomeSchema.extend({ answers: z.array(z.strictObject({ name: z.string(), text: z.string() })) }),
  ),
});

/** A watch sample that was kept: one file, with every gate's outcome and the text that came. */
export interface KeptSample {
  readonly sample: Sample;
  readonly results: readonly GateResult[];
  readonly recorded: true;
}

export async function read(
  evidence: RunEvidence,
  folder: string,
  n: number,
): Promise<KeptSample | undefined> {
  const kept = await readIfPossible(evidence, folder, n);
  if (kept === undefined) return undefined;
  const { at, grade, gates } = kept;
  return { sample: { n, at, grade }, results: gates.map(resultOf), recorded: true };
}

/** A sample that was taken, and whether it is in the evidence. */
export interface TakenSample {
  readonly sample: Sample;
  readonly results: readonly GateResult[];
  readonly recorded: boolean;
}

/**
 * Keeps a sample and gives the one that stands: where another attempt kept its own under this number, that one counts. A
 * watch that can't record keeps sampling, and can't end promoted.
 */
export async function keep(
  evidence: RunEvidence,
  folder: string,
  taken: Omit<TakenSample, 'recorded'>,
  asked: readonly AskedGate[],
): Promise<TakenSample> {
  const gates = asked.map(({ result, files, ...how }) => ({
    ...result,
    ...how,
    files: [],
    answers: files.map(({ name, bytes }) => ({ name, text: Buffer.from(bytes).toString('utf8') })),
  }));
  try {
    await evidence.putJson(folder, samplePath(taken.sample.n), { v: 1, ...taken.sample, gates });
    return { ...taken, recorded: true };
  } catch (error) {
    if (!(error instanceof EvidenceError)) throw error;
    const stands = error.code === 'conflict' ? await read(evidence, folder, taken.sample.n) : undefined;
    return stands ?? { ...taken, recorded: false };
  }
}

/** A watch that can't read its store goes on sampling. */
async function readIfPossible(
  evidence: RunEvidence,
  folder: string,
  n: number,
): Promise<z.infer<typeof sampleSchema> | undefined> {
  try {
    return await evidence.readJson(folder, samplePath(n), sampleSchema);
  } catch (error) {
    if (error instanceof EvidenceError && error.retryable) return undefined;
    throw error;
  }
}

function samplePath(n: number): string {
  return `watch/${String(n).padStart(8, '0')}.json`;
}
