import { z } from 'zod';

import { valueAt } from './value-at.js';

// oxlint-disable eslint/no-underscore-dangle -- `_zod` is zod's own door for code that walks schemas (zod.dev/library-authors)

/** One thing that is wrong with a value, for a person. `isKey`: the key at the end of the path is what is wrong. */
export interface Problem {
  readonly path: readonly (string | number)[];
  readonly isKey: boolean;
  readonly message: string;
}

/** What zod found, a problem each, with what to do. `value` is what was judged by `schema`. */
export function problemsOf(error: z.ZodError, schema: z.ZodType, value: unknown): readonly Problem[] {
  return error.issues.flatMap((issue) => problemsOfIssue(issue, [], schema, value));
}

function problemsOfIssue(
  issue: z.core.$ZodIssue,
  base: readonly (string | number)[],
  schema: z.core.$ZodType,
  root: unknown,
): readonly Problem[] {
  const path = [...base, ...issue.path.map((key) => (typeof key === 'symbol' ? String(key) : key))];
  // The schema's own words say more than ours; zod's defaults start so, and do not quote the value.
  const own =
    issue.code !== 'unrecognized_keys' &&
    issue.code !== 'invalid_union' &&
    !/^(?:Invalid |Too big: |Too small: )/.test(issue.message);
  if (own) return [{ path, isKey: false, message: issue.message }];
  switch (issue.code) {
    case 'unrecognized_keys': {
      const known = [
        ...new Set(schemasAt(schema, root, path).flatMap((each) => Object.keys(shapeOf(each) ?? {}))),
      ];
      return issue.keys.map((key) => ({
        path: [...path, key],
        isKey: true,
        message: unknownKey(key, known),
      }));
    }
    case 'invalid_union': {
      const [closest] = [...issue.errors].sort(
        (a, b) =>
          depth(b) - depth(a) || Number(isOtherKind(a)) - Number(isOtherKind(b)) || a.length - b.length,
      );
      if (closest !== undefined && closest.length > 0) {
        return closest.flatMap((inner) => problemsOfIssue(inner, path, schema, root));
      }
      const allowed = [...new Set(schemasAt(schema, root, path).flatMap(literalsOf))];
      const message =
        valueAt(root, path) === undefined
          ? 'is missing'
          : `${shown(valueAt(root, path))} is none of the known values`;
      return [
        { path, isKey: false, message: allowed.length === 0 ? message : `${message}; use ${list(allowed)}` },
      ];
    }
    case 'invalid_type':
      return [{ path, isKey: false, message: wrongType(issue.expected, valueAt(root, path)) }];
    case 'invalid_value': {
      const found = valueAt(root, path);
      const what = found === undefined ? 'is missing' : `${shown(found)} is not allowed`;
      const words = issue.values.filter((each) => typeof each === 'string');
      const meant = typeof found === 'string' ? nearestOf(found, words) : undefined;
      const hint = meant === undefined ? `use ${list(issue.values.map(shown))}` : `did you mean "${meant}"?`;
      return [{ path, isKey: false, message: `${what}; ${hint}` }];
    }
    case 'invalid_key':
      return [{ path, isKey: true, message: issue.issues[0]?.message ?? issue.message }];
    case 'too_big':
      return [{ path, isKey: false, message: outOfBounds(valueAt(root, path), 'at most', issue.maximum) }];
    case 'too_small':
      return [{ path, isKey: false, message: outOfBounds(valueAt(root, path), 'at least', issue.minimum) }];
    case 'invalid_format':
    case 'not_multiple_of':
    case 'invalid_element':
    case 'custom':
    default:
      return [{ path, isKey: false, message: issue.message }];
  }
}

/** Whether the value as a whole is not what this form of a union wants, e.g. a map where it wants a word. */
function isOtherKind(issues: readonly z.core.$ZodIssue[]): boolean {
  return issues.some(
    ({ code, path }) => path.length === 0 && (code === 'invalid_type' || code === 'invalid_value'),
  );
}

function depth(issues: readonly z.core.$ZodIssue[]): number {
  return Math.max(0, ...issues.map(({ path }) => path.length));
}

function wrongType(expected: string, found: unknown): string {
  const kind = KINDS[expected] ?? expected;
  if (found === undefined) return `is missing; add it, ${kind}`;
  const what = `is ${typeName(found)} and should be ${kind}`;
  if (expected === 'string' && (typeof found === 'number' || typeof found === 'boolean')) {
    return `${what}; put it in quotes`;
  }
  if ((expected === 'number' || expected === 'int' || expected === 'boolean') && typeof found === 'string') {
    return `${what}; write it without quotes`;
  }
  if (found === null) return `${what}; write a value, or take the key out`;
  const form = FORMS[expected];
  return form === undefined ? `${what}; write that` : `${what}; write ${form}`;
}

const KINDS: Readonly<Record<string, string>> = {
  string: 'a text',
  number: 'a number',
  int: 'a whole number',
  boolean: 'true or false',
  array: 'a list',
  object: 'a map',
  record: 'a map',
};

/** What a person writes to have it. */
const FORMS: Readonly<Record<string, string>> = {
  string: 'one text',
  int: 'it without a fraction',
  array: 'each item on a line after "- ", or all in [ ]',
  object: 'key: value',
  record: 'key: value',
};

function outOfBounds(found: unknown, bound: 'at most' | 'at least', limit: number | bigint): string {
  if (typeof found === 'string') return `has ${found.length} characters; write ${bound} ${limit}`;
  if (Array.isArray(found)) return `has ${found.length} items; write ${bound} ${limit}`;
  return `${shown(found)} is too ${bound === 'at most' ? 'much' : 'little'}; write ${bound} ${limit}`;
}

function typeName(value: unknown): string {
  if (value === null) return 'empty';
  return Array.isArray(value)
    ? 'a list'
    : typeof value === 'object'
      ? 'a map'
      : typeof value === 'string'
        ? 'a text'
        : `a ${typeof value}`;
}

function unknownKey(key: string, known: readonly string[]): string {
  const nearest = nearestOf(key, known);
  if (nearest !== undefined) return `is no known key; did you mean "${nearest}"?`;
  return known.length === 0
    ? 'is no known key; take it out'
    : `is no known key; known are ${known.join(', ')}`;
}

/** What a person may have meant, where one word is near enough. */
function nearestOf(word: string, known: readonly string[]): string | undefined {
  const [nearest] = known
    .map((name) => ({ name, distance: editDistance(word.toLowerCase(), name.toLowerCase()) }))
    .filter(({ name, distance }) => distance <= Math.max(2, Math.floor(name.length / 3)))
    .sort((a, b) => a.distance - b.distance);
  return nearest?.name;
}

function shown(value: unknown): string {
  return (JSON.stringify(value) ?? String(value)).slice(0, 60);
}

function list(values: readonly string[]): string {
  return values.slice(0, 12).join(' or ');
}

/** Levenshtein. */
function editDistance(a: string, b: string): number {
  let row = Array.from({ length: b.length + 1 }, (_, at) => at);
  for (const [i, char] of Array.from(a).entries()) {
    const next = [i + 1];
    for (let j = 0; j < b.length; j += 1) {
      const replaced = (row[j] ?? 0) + (char === b[j] ? 0 : 1);
      next.push(Math.min(replaced, (row[j + 1] ?? 0) + 1, (next[j] ?? 0) + 1));
    }
    row = next;
  }
  return row[b.length] ?? 0;
}

/** The schemas that judge the value at a path: several where a union leaves it open. */
function schemasAt(
  schema: z.core.$ZodType,
  value: unknown,
  path: readonly (string | number)[],
): readonly z.core.$ZodType[] {
  const here = forms(schema, value);
  const [key, ...rest] = path;
  if (key === undefined) return here;
  return here.flatMap((form) => {
    const below = memberOf(form, key);
    return below === undefined ? [] : schemasAt(below, valueAt(value, [key]), rest);
  });
}

function memberOf(form: z.core.$ZodType, key: string | number): z.core.$ZodType | undefined {
  if (form instanceof z.core.$ZodObject) return shapeOf(form)?.[String(key)];
  if (form instanceof z.core.$ZodArray) return form._zod.def.element;
  if (form instanceof z.core.$ZodRecord) return form._zod.def.valueType;
  if (form instanceof z.core.$ZodTuple && typeof key === 'number') return form._zod.def.items[key];
  return undefined;
}

/** What is inside optional, default, pipe, lazy and union. Of a union only the forms whose literals fit the value. */
function forms(schema: z.core.$ZodType, value: unknown): readonly z.core.$ZodType[] {
  if (schema instanceof z.core.$ZodUnion) {
    const all = schema._zod.def.options.flatMap((option) => forms(option, value));
    const fitting = all.filter((form) => literalsFit(form, value));
    return fitting.length > 0 ? fitting : all;
  }
  if (schema instanceof z.core.$ZodPipe) return forms(schema._zod.def.in, value);
  if (schema instanceof z.core.$ZodLazy) return forms(schema._zod.def.getter(), value);
  if (schema instanceof z.core.$ZodIntersection) {
    return [...forms(schema._zod.def.left, value), ...forms(schema._zod.def.right, value)];
  }
  if (
    schema instanceof z.core.$ZodOptional ||
    schema instanceof z.core.$ZodNullable ||
    schema instanceof z.core.$ZodDefault ||
    schema instanceof z.core.$ZodPrefault ||
    schema instanceof z.core.$ZodReadonly ||
    schema instanceof z.core.$ZodNonOptional ||
    schema instanceof z.core.$ZodCatch
  ) {
    return forms(schema._zod.def.innerType, value);
  }
  return [schema];
}

function literalsFit(form: z.core.$ZodType, value: unknown): boolean {
  return Object.entries(shapeOf(form) ?? {}).every(([key, member]) => {
    const allowed = literalsOf(member);
    return allowed.length === 0 || allowed.includes(shown(valueAt(value, [key])));
  });
}

function literalsOf(schema: z.core.$ZodType): readonly string[] {
  return schema instanceof z.core.$ZodLiteral ? schema._zod.def.values.map(shown) : [];
}

function shapeOf(schema: z.core.$ZodType): Readonly<Record<string, z.core.$ZodType>> | undefined {
  return schema instanceof z.core.$ZodObject ? schema._zod.def.shape : undefined;
}
