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

/**
 * Asks all gates of a round at the same time and keeps each answer as it comes; what is derived follows from them and asks nothing
 * again. A gate that this round has an answer of is not asked again. Results are in the runbook's order.
 */
export function askRoundWith(dependencies: Dependencies) {
  const askGate = asker(dependencies);
  const deriveGate = deriveGateWith(dependencies);
  return ({ run, round }: Omit<GateRequest, 'gate'>): Promise<readonly GateResult[]> =>
    beating(async (signal) => {
      const { gates } = (await dependencies.evidence.known(run)).loaded.plan;
      // One whose answer can't be kept leaves no other behind that is still being asked.
      const asked = await Promise.allSettled(
        gates
          .filter(({ derivedFrom }) => derivedFrom.length === 0)
          .map(({ id }) => askGate({ run, round, gate: id }, signal)),
      );
      const results = asked.map((settled) => {
        if (settled.status === 'rejected') throw settled.reason;
        return settled.value;
      });
      for (const { id, derivedFrom } of gates)
        if (derivedFrom.length > 0) results.push(await deriveGate({ run, round, gate: id }));
      return gates.flatMap(({ id }) => results.filter(({ gate }) => gate === id));
    });
}

/** One gate alone, as earlier versions ask. */
export function askGateWith(dependencies: Dependencies) {
  const askGate = asker(dependencies);
  return (request: GateRequest): Promise<GateResult> => beating((signal) => askGate(request, signal));
}

/** Asks one gate and keeps its answer before it returns. */
function asker({ evidence, rounds, gates, asking }: Dependencies) {
  return async ({ run, round, gate }: GateRequest, signal: AbortSignal): Promise<GateResult> => {
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
  };
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
