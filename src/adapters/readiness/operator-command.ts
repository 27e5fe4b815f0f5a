import { REFUSED_VARIABLES } from '../../contracts/refused-variables.js';
import { firstOnPath } from '../runbook/variables.js';
import { PASSWORD_VARIABLE, secretOf, TOKEN_VARIABLE, type ReadinessAuth } from './credentials.js';

type Environment = Readonly<Record<string, string | undefined>>;

/** What runs `tau-coding-agent`: a program on PATH, else the source tree's own, as Tau's validator does. */
const COMMANDS = [['tau-coding-agent'], ['cargo', 'run', '-q', '-p', 'tau-coding-agent', '--']] as const;

/** @param given split at white space, as the runbook's variable is; blank: none is given */
export async function operatorCommand(
  given: string | undefined,
  environment: Environment,
): Promise<readonly string[]> {
  const words = (given ?? '').trim().split(/\s+/);
  return words[0] === '' ? firstOnPath(COMMANDS, environment) : words;
}

/**
 * The variables that the command is given. It is the caller's own command in the caller's own environment, as it was with
 * Tau's validator: cargo finds its folders there. What would make it load something else stays out, and so do the secrets
 * that it needs for nothing (docs/decisions/0022-readiness-hands-on-its-environment.md).
 */
export function handedOn(environment: Environment, auth: ReadinessAuth): string[] {
  const secret = secretOf(auth)?.value;
  return Object.entries(environment).flatMap(([name, value]) => {
    const isSecret =
      name === TOKEN_VARIABLE || name === PASSWORD_VARIABLE || (value !== undefined && value === secret);
    return isSecret || REFUSED_VARIABLES.test(name) ? [] : [name];
  });
}

const STATE = ['--deployment-state-dir', '.tau/deployment'];

/** What is asked of the command, by the names that a round's evidence has. */
export const AGENT_QUESTIONS = {
  'operator-summary': ['--operator-control-summary', '--operator-control-summary-json'],
  'deployment-transport': [...STATE, '--transport-health-inspect', 'deployment', '--transport-health-json'],
  'deployment-status': [...STATE, '--deployment-status-inspect', '--deployment-status-json'],
} as const;
export type AgentQuestion = keyof typeof AGENT_QUESTIONS;
