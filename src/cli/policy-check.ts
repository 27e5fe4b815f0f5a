import { createWiring } from '../wiring.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { runbookOf } from './runbook-of.js';
import { parseSet } from './variables.js';

export interface PolicyCheckFlags {
  readonly target?: string;
  readonly set: readonly string[];
}

/** `policy check`: every trap in the files of keys beside a runbook, by name; exit 2 with an error among them. */
export async function policyCheck(
  { config, output }: Context,
  given: string | undefined,
  flags: PolicyCheckFlags,
): Promise<ExitCode> {
  const file = runbookOf(config, given, flags.target);
  const wiring = createWiring(config, parseSet(flags.set));
  const { findings, lines, ...checked } = await wiring.checkPolicy(file);
  const errors = findings.filter(({ severity }) => severity === 'error').length;
  output.document({ file, ...checked, findings, errors });
  for (const line of lines) output.say(line);
  if (!checked.signed) output.say(`${file}: no signed statements are asked for: names are asserted`);
  else if (findings.length === 0) output.say(`${file}: nothing to find fault with`);
  output.say(`policy  ${checked.policy}`);
  return errors === 0 ? EXIT.done : EXIT.badInput;
}
