import type { Observation } from '../domain/observation.js';
import type { Health, RolloutGate } from '../domain/posture.js';
import type { OwnReasonCode } from '../domain/reason-codes/catalogue.js';
import { reasonCodeList } from '../domain/text.js';

/** What an exit code of a check means, as the runbook says. */
export interface ExitMeaning {
  readonly health: Health;
  readonly gate: RolloutGate;
  readonly reasonCodes?: readonly string[] | undefined;
}

/** By exit code, in decimal. */
export type ExitCodes = Readonly<Record<string, ExitMeaning>>;

const PASSES: ExitCodes = { '0': { health: 'healthy', gate: 'pass' } };

/**
 * The posture of a command that answers by its exit code alone; `exit_code_N` is its first reason. Undefined for a code
 * without a meaning: that is no answer ("a command that ended with a status other than 0 and 2").
 */
export function readExitCode(exitCode: number, codes: ExitCodes = PASSES): Observation | undefined {
  // 2 is a usage error whatever a runbook says: the question is wrong, not the system.
  const meaning = exitCode === 2 || !Object.hasOwn(codes, exitCode) ? undefined : codes[exitCode];
  if (meaning === undefined) return undefined;
  const { health, gate, reasonCodes = [] } = meaning;
  const first: OwnReasonCode = `exit_code_${exitCode}`;
  return {
    kind: 'answered',
    posture: { health, gate, reasonCodes: reasonCodeList([first, ...reasonCodes]) },
    recommendations: [],
  };
}
