import { gateOutcomeSchema, type FileReference, type GateOutcome } from '../../contracts/gate-outcome.js';
import type { AskedGate } from '../gates/ask.js';
import { EvidenceError } from './evidence-error.js';
import { putTogether } from './put-together.js';
import type { RunEvidence } from './run-evidence.js';

/**
 * Writes what a gate answered, bytes first, the outcome last: an outcome that is there is complete. A worker that was
 * lost in between leaves bytes under its own attempt's name; the next attempt asks again.
 *
 * @param attempt counts from 1
 */
export async function recordGate(
  evidence: RunEvidence,
  folder: string,
  round: string,
  asked: AskedGate,
  attempt: number,
): Promise<GateOutcome> {
  const { files: raw, result, ...how } = asked;
  const bodies = raw.map(({ name, bytes }) => [ownName(`${round}/${name}`, attempt), bytes] as const);
  const put = await putTogether(evidence.store, folder, Object.fromEntries(bodies));
  const files = put.map(({ path, sha256 }): FileReference => ({ path, sha256 }));
  const outcome = gateOutcomeSchema.parse({
    ...result,
    reasonCodes: [...result.reasonCodes],
    recommendations: [...result.recommendations],
    ...how,
    tries: [...how.tries],
    files,
  });
  try {
    await evidence.putJson(folder, outcomePath(round, result.gate), outcome);
    return outcome;
  } catch (error) {
    // Another attempt was first; its answer is as good as ours, and it is the one that stands.
    const stands = conflicts(error) ? await readOutcome(evidence, folder, round, result.gate) : undefined;
    if (stands === undefined) throw error;
    return stands;
  }
}

export async function readOutcome(
  evidence: RunEvidence,
  folder: string,
  round: string,
  gate: string,
): Promise<GateOutcome | undefined> {
  return evidence.readJson(folder, outcomePath(round, gate), gateOutcomeSchema);
}

/** The stored body of an answered gate, as text. */
export async function readAnswer(
  evidence: RunEvidence,
  folder: string,
  outcome: GateOutcome,
): Promise<Uint8Array | undefined> {
  const [body] = outcome.files;
  return body === undefined ? undefined : evidence.store.get(folder, body.path);
}

function outcomePath(round: string, gate: string): string {
  return `${round}/${gate}.outcome.json`;
}

function ownName(path: string, attempt: number): string {
  const dot = path.lastIndexOf('.');
  return attempt === 1 ? path : `${path.slice(0, dot)}.attempt-${attempt}${path.slice(dot)}`;
}

function conflicts(error: unknown): boolean {
  return error instanceof EvidenceError && error.code === 'conflict';
}
