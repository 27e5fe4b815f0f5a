import { shownDuration } from '../contracts/duration.js';
import { createWiring, type ShownRunbook, type ShownValue, type ShownVariable } from '../wiring.js';
import type { Context } from './context.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain, type Output } from './output.js';
import { runbookOf } from './runbook-of.js';
import { parseSet } from './variables.js';

export interface RunbookShowFlags {
  readonly target?: string;
  readonly resolved?: boolean;
  readonly set: readonly string[];
}

/** Every value of a runbook with its origin. Secrets are shown by name only, so that it may be shared. */
export async function runbookShow(
  { config, output }: Context,
  file: string | undefined,
  flags: RunbookShowFlags,
): Promise<ExitCode> {
  const wiring = createWiring(config, parseSet(flags.set));
  const shown = await wiring.showRunbook(runbookOf(config, file, flags.target), flags.resolved === true);
  const { digests, ...rest } = shown;
  output.document({ ...rest, digest: digests?.runbook ?? null, policy: digests?.policy ?? null });
  for (const line of [...variableLines(output, shown), ...valueLines(output, shown)]) output.say(line);
  if (digests === undefined) return EXIT.done;
  output.say(`digest  ${digests.runbook}`);
  output.say(`policy  ${digests.policy}`);
  return EXIT.done;
}

function variableLines(output: Output, { variables }: ShownRunbook): readonly string[] {
  return variables.map((variable) =>
    row(output, `\${${variable.name}}`, variableText(variable), variableOrigin(variable)),
  );
}

function variableText({ value, secret, origin }: ShownVariable): string {
  if (origin.kind === 'none') return 'no value';
  return secret ? 'secret' : textOf(value);
}

function variableOrigin({ origin }: ShownVariable): string {
  switch (origin.kind) {
    case 'set':
      return '--set';
    case 'environment':
      return `environment ${origin.variable}`;
    case 'default':
      return 'default of the runbook';
    case 'none':
      return '';
    default:
      return origin satisfies never;
  }
}

function valueLines(output: Output, { variables, values }: ShownRunbook): readonly string[] {
  const origins = new Map(variables.map((variable) => [variable.name, variableOrigin(variable)]));
  return values.map((shown) => row(output, shown.path, valueText(shown), valueOrigin(shown, origins)));
}

function valueOrigin({ origin }: ShownValue, origins: ReadonlyMap<string, string>): string {
  if (origin.kind === 'built-in') return 'built-in default';
  const from = origin.variables.map((name) => {
    const where = origins.get(name) ?? '';
    return where === '' ? `\${${name}}` : `\${${name}} from ${where}`;
  });
  return [`runbook ${origin.line}:${origin.column}`, ...from].join(', ');
}

/** What the runbook's form has as durations, which are milliseconds once they are read. */
const DURATION = /(?:^|\.)(?:deadline|window|interval|expires|remindEvery|confirmAfter)$/;

function valueText({ path, value }: ShownValue): string {
  return typeof value === 'number' && DURATION.test(path) ? shownDuration(value) : textOf(value);
}

function textOf(value: unknown): string {
  return typeof value === 'string' ? value : (JSON.stringify(value) ?? '');
}

function row(output: Output, name: string, text: string, origin: string): string {
  const shown = `${plain(name)}: ${plain(text, 1_000)}`;
  return origin === '' ? shown : `${shown}  ${output.paint('dim', `← ${plain(origin)}`)}`;
}
