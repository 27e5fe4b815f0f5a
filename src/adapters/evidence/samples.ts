import { isUtf8 } from 'node:buffer';

import { z } from 'zod';

import { gateOutcomeSchema, resultOf } from '../../contracts/gate-outcome.js';
import type { GateResult } from '../../domain/verdict.js';
import type { Sample } from '../../domain/watch.js';
import type { AskedGate } from '../gates/ask.js';
import { EvidenceError } from './evidence-error.js';
import type { RunEvidence } from './run-evidence.js';

export const sampleSchema = z.strictObject({
  v: z.literal(1),
  n: z.int().min(1),
  at: z.int(),
  grade: z.enum(['failing', 'unreachable', 'hold', 'pass']),
  gates: z.array(
    gateOutcomeSchema.extend({
      /** What is no UTF-8 stands as base64: whoever judges again judges the same bytes. */
      answers: z.array(
        z.union([
          z.strictObject({ name: z.string(), text: z.string() }),
          z.strictObject({ name: z.string(), base64: z.base64() }),
        ]),
      ),
    }),
  ),
});
type KeptAnswer = z.infer<typeof sampleSchema>['gates'][number]['answers'][number];

export function bytesOf(answer: KeptAnswer): Uint8Array {
  return 'text' in answer ? Buffer.from(answer.text) : Buffer.from(answer.base64, 'base64');
}

function keptAnswer(name: string, bytes: Uint8Array): KeptAnswer {
  const own = Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength);
  return isUtf8(own) ? { name, text: own.toString('utf8') } : { name, base64: own.toString('base64') };
}

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
    answers: files.map(({ name, bytes }) => keptAnswer(name, bytes)),
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
