import { worstHealth, type Health, type Posture, type RolloutGate } from '../domain/posture.js';
import { reasonCodeList } from '../domain/text.js';

/** One thing an answer says about itself; an answer of Tau holds several, and they can disagree. */
export interface Statement {
  readonly health: Health | undefined;
  readonly gate: RolloutGate | undefined;
  readonly codes: readonly string[];
}

/** Whether a statement speaks against going on. */
export function speaksAgainst(statement: Statement): boolean {
  return statement.gate === 'hold' || (statement.health !== undefined && statement.health !== 'healthy');
}

/**
 * The posture of all statements together: the worst health, a pass only where a gate passes and none holds, and the
 * reason codes of those that object, or of all where none does. "A gate reads every gate and health in the answer,
 * and holds if any holds" (docs/reference/tau.md, "Misleading passes").
 */
export function combine(statements: readonly Statement[]): Posture {
  const gates = statements.flatMap(({ gate }) => gate ?? []);
  const objecting = statements.filter(speaksAgainst);
  return {
    health: worstHealth(statements.flatMap(({ health }) => health ?? [])),
    gate: gates.includes('pass') && !gates.includes('hold') ? 'pass' : 'hold',
    reasonCodes: reasonCodeList(
      (objecting.length > 0 ? objecting : statements).flatMap(({ codes }) => codes),
    ),
  };
}
