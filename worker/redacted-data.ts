import { ApplicationFailure } from '@temporalio/common';

import type { Dependencies } from '../activities/index.js';

/** What keeps this worker's secrets out of texts. */
export type Guard = Pick<Dependencies, 'redact' | 'holdsSecret'>;

/**
 * Plain data as Temporal writes it into history, each text that holds a secret redacted; the same value where none does. What
 * is no plain data is taken as the JSON that it would be written as. Keys stay: they are our own words, and a result without
 * one of them is another result.
 */
export function redactedData(value: unknown, guard: Guard): unknown {
  const texts: string[] = [];
  const plain = asPlain(value);
  gather(plain, texts);
  // One look at all of them: nearly always that is all.
  return guard.holdsSecret(texts.join('\n')) ? redacted(plain, guard) : value;
}

function asPlain(value: unknown): unknown {
  if (isPlain(value)) return value;
  const json: unknown = JSON.stringify(value);
  return typeof json === 'string' ? JSON.parse(json) : undefined;
}

/** @throws ApplicationFailure for bytes, in which a secret would not be seen; no activity of ours gives any */
function isPlain(value: unknown): boolean {
  if (ArrayBuffer.isView(value))
    throw ApplicationFailure.nonRetryable('bytes are no plain data', 'internal_error');
  if (typeof value !== 'object' || value === null) return typeof value !== 'function';
  if (Array.isArray(value)) return value.every(isPlain);
  const prototype: unknown = Object.getPrototypeOf(value);
  return (prototype === Object.prototype || prototype === null) && Object.values(value).every(isPlain);
}

function gather(value: unknown, texts: string[]): void {
  if (typeof value === 'string') texts.push(value);
  else if (Array.isArray(value)) for (const item of value) gather(item, texts);
  else if (typeof value === 'object' && value !== null)
    for (const item of Object.values(value)) gather(item, texts);
}

function redacted(value: unknown, guard: Guard): unknown {
  const clean = (text: string): string => (guard.holdsSecret(text) ? guard.redact(text) : text);
  if (typeof value === 'string') return clean(value);
  if (Array.isArray(value)) return value.map((item) => redacted(item, guard));
  if (typeof value !== 'object' || value === null) return value;
  return Object.fromEntries(Object.entries(value).map(([key, item]) => [key, redacted(item, guard)]));
}
