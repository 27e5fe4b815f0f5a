import { isMap, isNode, isPair, isScalar, isSeq, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';
import { InputError, type InputErrorCode } from '../contracts/input-error.js';
import { findHazard } from './yaml-hazards.js';
import { forbiddenKeys, mistakesIn } from './yaml-mistakes.js';
import { problemsOf } from './yaml-problems.js';

export type YamlPath = readonly (string | number)[];

/** Both count from 1; columns are UTF-16 units. */
export interface Position {
  readonly line: number;
  readonly column: number;
}

export interface YamlDocument {
  /** Plain data: maps are objects with string keys. */
  readonly value: unknown;
  /** Where the value at `path` stands; for a path that is not there, its nearest ancestor that is. */
  locate(path: YamlPath): Position;
  /** Where the key stands that leads to the value at `path`; without one (in a list) as locate. */
  locateKey(path: YamlPath): Position;
}

/**
 * One document of YAML 1.2, core schema. Checked before parsing for what harms the parser (yaml-hazards.ts); then any
 * error **or warning** refuses it, as do duplicate keys, keys that are no strings, `__proto__`, aliases and a second
 * document. Throws InputError `code` with one line a problem, `file:line:column: …`.
 */
export function parseYamlDocument(
  text: string,
  file: string,
  code: InputErrorCode = 'invalid_runbook',
): YamlDocument {
  const lines = new LineCounter();
  const hazard = findHazard(text);
  if (hazard !== undefined) {
    throw new InputError(code, [at(file, positionIn(text, hazard.offset), hazard.message)]);
  }
  const document = parseDocument(text, {
    version: '1.2',
    schema: 'core',
    strict: true,
    uniqueKeys: true,
    stringKeys: true,
    merge: false,
    resolveKnownTags: false,
    prettyErrors: false,
    lineCounter: lines,
  });
  const problems = [...mistakesIn(document, text), ...forbiddenKeys(document)]
    .slice(0, MAX_PROBLEMS)
    .map(({ offset, message }) => at(file, positionIn(text, offset), oneLineOf(message)));
  const [first, ...rest] = problems;
  if (first !== undefined) throw new InputError(code, [first, ...rest]);
  const value: unknown = document.toJS({ maxAliasCount: 0 });
  const position = (offset: number): Position => positionIn(text, offset);
  return {
    value,
    locate: (path) => position(walk(document, path).value),
    locateKey: (path) => position(walk(document, path).key),
  };
}

/**
 * The typed value of a YAML file, or InputError `code`: one line a problem, `file:line:column: path: message`, with
 * what to do where that is known. An unknown key is located at the key and told the known key that it is nearest to.
 */
export function validateYaml<T>(
  text: string,
  file: string,
  schema: z.ZodType<T>,
  code: InputErrorCode = 'invalid_runbook',
): T {
  return readYaml(text, file, schema, code).value;
}

/** As validateYaml, with the document, whose positions tell where a later problem stands. */
export function readYaml<T>(
  text: string,
  file: string,
  schema: z.ZodType<T>,
  code: InputErrorCode = 'invalid_runbook',
): { readonly value: T; readonly document: YamlDocument } {
  const document = parseYamlDocument(text, file, code);
  const result = schema.safeParse(document.value);
  if (result.success) return { value: result.data, document };
  const problems = problemsOf(result.error, schema, document.value).map(({ path, isKey, message }) => {
    const position = isKey ? document.locateKey(path) : document.locate(path);
    return at(file, position, `${shownPath(path)}: ${oneLineOf(message)}`);
  });
  const [first = at(file, { line: 1, column: 1 }, 'does not fit its schema'), ...rest] = problems;
  throw new InputError(code, [first, ...rest.slice(0, MAX_PROBLEMS - 1)], { cause: result.error });
}

const MAX_PROBLEMS = 20;

function at(file: string, { line, column }: Position, message: string): string {
  return `${file}:${line}:${column}: ${message}`;
}

function oneLineOf(message: string): string {
  return message.replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, ' ').slice(0, 300);
}

/** A path for a person, e.g. `gates[0].http.url`. */
export function shownPath(path: YamlPath): string {
  if (path.length === 0) return 'the file';
  return path
    .map((key, index) => {
      if (typeof key === 'number') return `[${key}]`;
      const name = /^[\w-]{1,64}$/.test(key) ? key : JSON.stringify(key.slice(0, 64));
      return index === 0 ? name : `.${name}`;
    })
    .join('');
}

/** Not LineCounter.linePos: it knows nothing of a text that was not parsed, and says line 0 for what has no line end. */
function positionIn(text: string, offset: number): Position {
  const before = text.slice(0, offset);
  return { line: before.split('\n').length, column: offset - before.lastIndexOf('\n') };
}

function walk(document: Document, path: YamlPath): { key: number; value: number } {
  let node: unknown = document.contents;
  let place = { key: startOf(node), value: startOf(node) };
  for (const step of path) {
    if (isMap(node)) {
      const pair: unknown = node.items.find(({ key }) => isScalar(key) && key.value === step);
      if (!isPair(pair)) return place;
      node = pair.value;
      const key = startOf(pair.key);
      place = { key, value: isNode(node) ? startOf(node) : key };
    } else if (isSeq(node) && typeof step === 'number') {
      node = node.items[step];
      if (!isNode(node)) return place;
      place = { key: startOf(node), value: startOf(node) };
    } else return place;
  }
  return place;
}

function startOf(node: unknown): number {
  return isNode(node) ? (node.range?.[0] ?? 0) : 0;
}
