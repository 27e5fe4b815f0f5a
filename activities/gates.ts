import { Context } from '@temporalio/activity';

import { resultOf } from '../src/contracts/gate-outcome.js';
import { judgePreflight, type AskedGate } from '../src/domain/freshness.js';
import type { GateResult } from '../src/domain/verdict.js';
import { beating } from './beating.js';
import type { Dependencies } from './dependencies.js';
import { noteVerdict, timed } from './figures.js';

export interface GateRequest {
  readonly run: string;
  readonly round: string;
  readonly gate: string;
}

/** Asks one gate and keeps its answer before it returns. A gate that this round has an answer of is not asked again. */
export function askGateWith({ evidence, rounds, gates, asking }: Dependencies) {
  return ({ run, round, gate }: GateRequest): Promise<GateResult> =>
    beating(async (signal) => {
      const known = await evidence.known(run);
      const { folder, loaded, record } = known;
      const kept = await rounds.readOutcome(evidence, folder, round, gate);
      if (kept !== undefined) return resultOf(kept);
      const { target } = record;
      const asked = await timed(target, gate, () => gates.askGate(loaded, gate, asking(known, signal)));
      const result = resultOf(
        await rounds.recordGate(evidence, folder, round, asked, Context.current().info.attempt),
      );
      noteVerdict(target, result);
      return result;
    });
}

/** Derives a gate from the stored answers of its round; asks nothing. */
export function deriveGateWith({ evidence, rounds, gates }: Dependencies) {
  return async ({ run, round, gate }: GateRequest): Promise<GateResult> => {
    const { folder, loaded, record } = await evidence.known(run);
    const known = await rounds.readOutcome(evidence, folder, round, gate);
    if (known !== undefined) return resultOf(known);
    const derived = await gates.deriveGate(loaded, gate, async (part) => {
      const outcome = await rounds.readOutcome(evidence, folder, round, part);
      return outcome === undefined
        ? undefined
        : { outcome, body: await rounds.readAnswer(evidence, folder, outcome) };
    });
    const result = resultOf(
      await rounds.recordGate(evidence, folder, round, derived, Context.current().info.attempt),
    );
    noteVerdict(record.target, result);
    return result;
  };
}

/** Whether a stored preflight lets this run promote now. */
export async function preflightOf(
  { evidence, rounds }: Dependencies,
  run: string,
  round: string,
  begun: boolean,
): Promise<'passed' | 'not_passed' | 'stale'> {
  const { folder, loaded } = await evidence.known(run);
  const asked = new Map<string, AskedGate>();
  for (const { id } of loaded.plan.gates) {
    const outcome = await rounds.readOutcome(evidence, folder, round, id);
    if (outcome !== undefined)
      asked.set(id, { verdict: outcome.verdict, askedAt: Date.parse(outcome.askedAt) });
  }
  return judgePreflight(loaded.plan, (gate) => asked.get(gate), { now: Date.now(), begun });
}
