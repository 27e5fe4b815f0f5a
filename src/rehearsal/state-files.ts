import { mkdirSync, readFileSync, renameSync, writeFileSync } from 'node:fs';
import { dirname } from 'node:path';

export type JsonObject = Readonly<Record<string, unknown>>;

/** What stands in a state file, as far as it can be used. */
export type StateFile =
  | { readonly kind: 'missing' }
  | { readonly kind: 'unparsable' }
  | { readonly kind: 'present'; readonly content: JsonObject };

export function readTextFile(path: string): string | undefined {
  try {
    return readFileSync(path, 'utf8');
  } catch {
    return undefined;
  }
}

export function readStateFile(path: string): StateFile {
  const text = readTextFile(path);
  if (text === undefined) return { kind: 'missing' };
  try {
    const content: unknown = JSON.parse(text);
    if (isObject(content)) return { kind: 'present', content };
  } catch {
    // Said below: Tau says the same of text and of JSON of another shape.
  }
  return { kind: 'unparsable' };
}

/** Another process, which may read at any time, sees the old file or the new one. */
export function writeTextFile(path: string, text: string): void {
  mkdirSync(dirname(path), { recursive: true });
  const temporary = `${path}.${process.pid}.tmp`;
  writeFileSync(temporary, text);
  renameSync(temporary, path);
}

export function writeStateFile(path: string, content: JsonObject): void {
  writeTextFile(path, `${JSON.stringify(content, undefined, 2)}\n`);
}

export function isObject(value: unknown): value is JsonObject {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

/** An absent or odd field reads as its default, as Tau's own state files do. */
export function objectIn(from: JsonObject, key: string): JsonObject {
  const value = from[key];
  return isObject(value) ? value : {};
}

export function numberIn(from: JsonObject, key: string): number {
  const value = from[key];
  return typeof value === 'number' ? value : 0;
}

export function textIn(from: JsonObject, key: string, otherwise = ''): string {
  const value = from[key];
  return typeof value === 'string' ? value : otherwise;
}

export function listIn(from: JsonObject, key: string): readonly unknown[] {
  const value = from[key];
  return Array.isArray(value) ? (value as readonly unknown[]) : [];
}
