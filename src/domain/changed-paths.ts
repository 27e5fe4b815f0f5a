import { canonicalJson, type Json } from './canonical-json.js';
import { visibleJson } from './text.js';

/** A place where two JSON values differ; undefined where there was, or is, nothing. */
export interface ChangedPath {
  /** Such as `watch.window` or `gates[gateway].expect.health`; empty for the whole value. */
  readonly path: string;
  readonly before: Json | undefined;
  readonly after: Json | undefined;
}

/**
 * Every place where two values differ, as deep as possible; none if and only if they are the same JSON. Elements of a list
 * that all have an `id` of their own are matched by it, and a changed order is a difference of its own: `<path>.order`. Keys
 * and ids come sorted, other elements in their order.
 */
export function changedPaths(before: Json, after: Json): readonly ChangedPath[] {
  return between('', before, after);
}

function between(path: string, before: Json | undefined, after: Json | undefined): readonly ChangedPath[] {
  if (before === undefined || after === undefined) return [{ path, before, after }];
  if (isList(before) && isList(after)) return inList(path, before, after);
  if (isMap(before) && isMap(after)) {
    const [was, is] = [membersOf(before), membersOf(after)];
    return inMembers(was, is, (key) => (path === '' ? keyPart(key) : `${path}${keyAfter(key)}`));
  }
  return canonicalJson(before) === canonicalJson(after) ? [] : [{ path, before, after }];
}

function inList(path: string, before: readonly Json[], after: readonly Json[]): readonly ChangedPath[] {
  const [was, is] = [byId(before), byId(after)];
  if (was === undefined || is === undefined)
    return Array.from({ length: Math.max(before.length, after.length) }, (_, index) =>
      between(`${path}[${index}]`, before[index], after[index]),
    ).flat();
  const order = { path: `${path}.order`, before: Array.from(was.keys()), after: Array.from(is.keys()) };
  return [
    ...(inSameOrder(order.before, order.after) ? [] : [order]),
    ...inMembers(was, is, (id) => `${path}[${keyPart(id)}]`),
  ];
}

function inMembers(
  before: ReadonlyMap<string, Json>,
  after: ReadonlyMap<string, Json>,
  pathOf: (key: string) => string,
): readonly ChangedPath[] {
  const keys = [...new Set([...before.keys(), ...after.keys()])].sort();
  return keys.flatMap((key) => between(pathOf(key), before.get(key), after.get(key)));
}

/** The elements by their ids, in their order; undefined where one has none, or two have the same. */
function byId(list: readonly Json[]): ReadonlyMap<string, Json> | undefined {
  const elements = new Map<string, Json>();
  for (const element of list) {
    const id = isMap(element) ? membersOf(element).get('id') : undefined;
    if (typeof id !== 'string' || elements.has(id)) return undefined;
    elements.set(id, element);
  }
  return elements;
}

/** Of what is in both: what came or went is told by itself. */
function inSameOrder(before: readonly string[], after: readonly string[]): boolean {
  const was = before.filter((id) => after.includes(id));
  const is = after.filter((id) => before.includes(id));
  return was.every((id, index) => id === is[index]);
}

const PLAIN_KEY = /^[A-Za-z0-9_][A-Za-z0-9_-]*$/;

function keyAfter(key: string): string {
  return PLAIN_KEY.test(key) ? `.${key}` : `[${keyPart(key)}]`;
}

function keyPart(key: string): string {
  return PLAIN_KEY.test(key) ? key : visibleJson(JSON.stringify(key));
}

function membersOf(value: Readonly<Record<string, Json>>): ReadonlyMap<string, Json> {
  return new Map(Object.entries(value));
}

function isList(value: Json): value is readonly Json[] {
  return Array.isArray(value);
}

function isMap(value: Json): value is Readonly<Record<string, Json>> {
  return typeof value === 'object' && value !== null && !isList(value);
}
