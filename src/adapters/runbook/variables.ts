import { InputError } from '../../contracts/input-error.js';
import type { Runbook, Variable } from '../../contracts/runbook.js';
import { findOnPath } from '../find-on-path.js';

/** Where a variable's value may come from, first one wins: `--set`, the environment, the runbook's default. */
export interface VariableSources {
  readonly set: Readonly<Record<string, string>>;
  readonly environment: Readonly<Record<string, string | undefined>>;
}

export type VariableValue =
  | { readonly kind: 'text'; readonly text: string }
  | { readonly kind: 'list'; readonly items: readonly string[] }
  | { readonly kind: 'secret'; readonly name: string };

/**
 * The value of one variable. A secret stays a name here: its value is opened only where it is used.
 *
 * @throws InputError missing_variable, naming the variable and how to set it
 */
export async function resolveVariable(
  name: string,
  variable: Variable,
  sources: VariableSources,
): Promise<VariableValue> {
  const text = givenText(name, variable, sources);
  if (variable.secret) {
    if (text === undefined) throw missing(name, variable);
    return { kind: 'secret', name };
  }
  if (variable.command !== undefined) {
    const words = text?.trim().split(/\s+/);
    return { kind: 'list', items: words ?? (await firstOnPath(variable.command, sources.environment)) };
  }
  const value = text ?? variable.default;
  if (value === undefined) throw missing(name, variable);
  if (!variable.list) return { kind: 'text', text: value };
  const items = value.split(',').map((item) => item.trim());
  return { kind: 'list', items: items.filter((item) => item !== '') };
}

/** Where the value of a variable comes from. */
export type VariableOrigin =
  | { readonly kind: 'set' }
  | { readonly kind: 'environment'; readonly variable: string }
  /** The runbook's own: its `default`, or the first of its commands that is there. */
  | { readonly kind: 'default' }
  /** It has no value. */
  | { readonly kind: 'none' };

export function originOf(name: string, variable: Variable, sources: VariableSources): VariableOrigin {
  const given = givenText(name, variable, sources);
  const { env, command } = variable;
  if (given === undefined)
    return { kind: command === undefined && variable.default === undefined ? 'none' : 'default' };
  return Object.hasOwn(sources.set, name) || env === undefined
    ? { kind: 'set' }
    : { kind: 'environment', variable: env };
}

/** White space alone is no value. Own names only: a variable may be called like a method of every object. */
function givenText(
  name: string,
  { env }: Variable,
  { set, environment }: VariableSources,
): string | undefined {
  const given = Object.hasOwn(set, name) ? set[name] : env === undefined ? undefined : environment[env];
  return given === undefined || given.trim() === '' ? undefined : given;
}

/** Programs in the order of preference; where none is on PATH the last is named, and found missing when it is asked. */
export async function firstOnPath(
  commands: readonly (readonly string[])[],
  environment: VariableSources['environment'],
): Promise<readonly string[]> {
  for (const command of commands)
    if ((await findOnPath(command[0] ?? '', environment['PATH'] ?? '')) !== undefined) return command;
  return commands.at(-1) ?? [];
}

function missing(name: string, { env, description }: Variable): InputError {
  const how = [...(env === undefined ? [] : [`set ${env} in the environment`]), `pass --set ${name}=…`].join(
    ' or ',
  );
  const what = description === undefined ? '' : ` (${description})`;
  return new InputError('missing_variable', [`the variable ${name}${what} has no value: ${how}`]);
}

/** The secrets of a runbook with their values, by name. They never leave the worker. */
export function openSecrets(runbook: Runbook, sources: VariableSources): Readonly<Record<string, string>> {
  const secrets: Record<string, string> = {};
  for (const [name, variable] of Object.entries(runbook.variables)) {
    if (!variable.secret) continue;
    const value = givenText(name, variable, sources);
    if (value !== undefined) secrets[name] = value;
  }
  return secrets;
}
