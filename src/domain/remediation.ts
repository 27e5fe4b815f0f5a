import type { Plan, Repair } from './plan.js';
import type { GateResult } from './verdict.js';

/** One repair to attempt, and the gates that it is attempted for. */
export interface PlannedRepair {
  /** A repair's id, or `manual` where none helps. */
  readonly repair: string;
  /** What a person is to do before they say `remediated`; undefined: it runs by itself. */
  readonly manual: string | undefined;
  readonly deadlineMs: number;
  readonly gates: readonly string[];
}

export const MANUAL = 'manual';
/** What a person is told where the runbook has no words of its own for it. */
export const MANUAL_TEXT = 'find out why it holds, and put it right';

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
    ...howOf(plan, repair),
  }));
}

function helps(repair: Repair, result: GateResult): boolean {
  const codes = repair.helps[result.gate] ?? [];
  return result.reasonCodes.some((code) => codes.includes(code));
}

/** No answer is no leave: a gateway whose stop reason is unknown is not started. */
function mayRun({ unless }: Repair, results: readonly GateResult[]): boolean {
  if (unless === undefined) return true;
  const guard = results.find(({ gate }) => gate === unless.gate);
  return guard?.kind === 'answered' && !guard.reasonCodes.some((code) => unless.codes.includes(code));
}

function howOf({ remediation }: Plan, repair: string): Pick<PlannedRepair, 'manual' | 'deadlineMs'> {
  const planned = remediation.repairs.find(({ id }) => id === repair);
  if (planned === undefined) return { manual: MANUAL_TEXT, deadlineMs: remediation.manualDeadlineMs };
  return { manual: planned.manual, deadlineMs: planned.deadlineMs };
}
