import { readFileSync } from 'node:fs';
import { join } from 'node:path';

/** What a real Tau answered (revision a1683683), one folder a state. */
export const RECORDINGS = join(import.meta.dirname, '../fixtures/tau');

export function recordedText(path: string): string {
  return readFileSync(join(RECORDINGS, path), 'utf8');
}

export function recordedJson(path: string): unknown {
  return JSON.parse(recordedText(path));
}

/** What stands in a recorded answer, changed at one place; `['service', 'rollout_gate']` is a path. */
export function changed(body: unknown, path: readonly string[], value: unknown): unknown {
  const [key, ...rest] = path;
  if (key === undefined) return value;
  const before = typeof body === 'object' && body !== null ? Object.entries(body) : [];
  const fields = Object.fromEntries<unknown>(before);
  return { ...fields, [key]: changed(fields[key], rest, value) };
}
