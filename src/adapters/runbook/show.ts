import type { Runbook } from '../../contracts/runbook.js';
import { referencesIn } from '../../contracts/variable-references.js';
import type { Digest } from '../canonical.js';
import { shownPath, type Position, type YamlPath } from '../yaml-document.js';
import { valueAt } from '../value-at.js';
import type { WrittenRunbook } from './read.js';
import type { LoadedRunbook } from './resolve.js';
import { originOf, resolveVariable, type VariableOrigin, type VariableSources } from './variables.js';

/** A value of a runbook: as it is written, or with its variables in it; never a secret. */
export interface ShownValue {
  /** As problems name it, e.g. `gates[0].http.url`. */
  readonly path: string;
  readonly value: unknown;
  readonly origin: ValueOrigin;
}

export type ValueOrigin =
  /** Written there; `variables` are those that it refers to. */
  | ({ readonly kind: 'runbook'; readonly variables: readonly string[] } & Position)
  /** Written nowhere: what promote takes then. */
  | { readonly kind: 'built-in' };

export interface ShownVariable {
  readonly name: string;
  /** Null for a secret, which is shown by name only, and where there is none. */
  readonly value: string | readonly string[] | null;
  readonly secret: boolean;
  readonly origin: VariableOrigin;
}

export interface ShownRunbook {
  readonly file: string;
  readonly variables: readonly ShownVariable[];
  /** In the order of the runbook's form. */
  readonly values: readonly ShownValue[];
  /** Of the resolved runbook and its approval policy; undefined where it is shown as it is written. */
  readonly digests: { readonly runbook: Digest; readonly policy: Digest } | undefined;
}

/** @param loaded the same runbook, resolved; undefined to show it as it is written, for which no variable needs a value */
export async function showRunbook(
  { file, runbook, document }: WrittenRunbook,
  sources: VariableSources,
  loaded: LoadedRunbook | undefined,
): Promise<ShownRunbook> {
  const { variables, ...rest } = runbook;
  return {
    file,
    variables: await Promise.all(
      Object.entries(variables).map(([name, variable]) => shownVariable(name, variable, sources)),
    ),
    values: leavesOf(rest).map(({ path, value }) => {
      const written = valueAt(document.value, path);
      const shown = loaded === undefined ? (written ?? value) : valueAt(loaded.runbook, path);
      if (written === undefined) return { path: shownPath(path), value: shown, origin: { kind: 'built-in' } };
      const origin = { kind: 'runbook', ...document.locate(path), variables: variablesIn(written) } as const;
      return { path: shownPath(path), value: shown, origin };
    }),
    digests: loaded === undefined ? undefined : { runbook: loaded.digest, policy: loaded.policy },
  };
}

async function shownVariable(
  name: string,
  variable: Runbook['variables'][string],
  sources: VariableSources,
): Promise<ShownVariable> {
  const { secret } = variable;
  const origin = originOf(name, variable, sources);
  if (secret || origin.kind === 'none') return { name, value: null, secret, origin };
  const value = await resolveVariable(name, variable, sources);
  if (value.kind === 'secret') return { name, value: null, secret: true, origin };
  return { name, value: value.kind === 'list' ? value.items : value.text, secret, origin };
}

interface Leaf {
  readonly path: YamlPath;
  readonly value: unknown;
}

/** What a person reads as one value: a scalar, a list of them, or JSON. A list becomes longer where a variable is one. */
function leavesOf(value: unknown, path: YamlPath = []): readonly Leaf[] {
  if (value === undefined) return [];
  if (path.at(-1) === 'json' || typeof value !== 'object' || value === null) return [{ path, value }];
  const entries: readonly (readonly [string | number, unknown])[] = Array.isArray(value)
    ? [...value.entries()]
    : Object.entries(value);
  const plain = Array.isArray(value) && value.every((item) => typeof item !== 'object' || item === null);
  if (plain || entries.length === 0) return [{ path, value }];
  return entries.flatMap(([key, item]) => leavesOf(item, [...path, key]));
}

function variablesIn(value: unknown): readonly string[] {
  const names = typeof value === 'string' ? referencesIn(value) : [];
  if (typeof value !== 'object' || value === null) return [...new Set(names)];
  return [...new Set(Object.values(value).flatMap(variablesIn))];
}
