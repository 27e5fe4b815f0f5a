import type { Plan, Repair } from './plan.js';
import type { GateResult } from './verdict.js';

/** One repair to attempt, and the gates that it is attempted for. */
export interface PlannedRepair {
  /** A repair's id, or `manual`: wait for a person to say `remediated`. */
  readonly repair: string;
  readonly deadlineMs: number;
  readonly gates: readonly string[];
}

export const MANUAL = 'manual';

/**
 * What to attempt after a round: for each holding gate that is not misconfigured, in runbook order, the repair for its
 * reason codes; one that serves several gates runs once; where none helps, a person. Derived gates have none of their own.
 */
export function planRepairs(plan: Plan, results: readonly GateResult[]): PlannedRepair[] {
  const gatesByRepair = new Map<string, string[]>();
  const need = (repair: string, gate: string): void => {
    const gates = gatesByRepair.get(repair) ?? [];
    if (!gates.includes(gate)) gates.push(gate);
    gatesByRepair.set(repair, gates);
  };
  for (const { id, derivedFrom } of plan.gates) {
    const result = results.find(({ gate }) => gate === id);
    if (result?.verdict !== 'hold' || result.kind === 'misconfigured' || derivedFrom.length > 0) continue;
    const helping = plan.remediation.repairs.filter(
      (repair) => helps(repair, result) && mayRun(repair, results),
    );
    for (const { id: repair } of helping) need(repair, id);
    if (helping.length === 0) need(MANUAL, id);
  }
  return [...gatesByRepair].map(([repair, gates]) => ({
    repair,
    gates,
    deadlineMs: deadlineOf(plan, repair),
  }));
}

function helps(repair: Repair, result: GateResult): boolean {
  const codes = repair.helps[result.gate] ?? [];
  return result.kind === 'answered' && result.reasonCodes.some((code) => codes.includes(code));
}

/** No answer is no leave: a gateway whose stop reason is unknown is not started. */
function mayRun({ unless }: Repair, results: readonly GateResult[]): boolean {
  if (unless === undefined) return true;
  const guard = results.find(({ gate }) => gate === unless.gate);
  return guard?.kind === 'answered' && !guard.reasonCodes.some((code) => unless.codes.includes(code));
}

function deadlineOf(plan: Plan, repair: string): number {
  const planned = plan.remediation.repairs.find(({ id }) => id === repair);
  return planned?.deadlineMs ?? plan.remediation.manualDeadlineMs;
}
