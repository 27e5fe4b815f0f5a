import type { z } from 'zod';

import type { Finding, FindingCode } from '../../domain/verification.js';
import { oneLine } from '../../domain/text.js';
import { CanonicalError, parseCanonical } from '../canonical.js';
import type { RunFiles } from './run-files.js';

export function finding(code: FindingCode, where: string, detail: string): Finding {
  return { code, where: oneLine(where, 300), detail: oneLine(detail, 300) };
}

/** A file as JSON of a form; `undefined` where it is none, whatever is wrong with it. */
export async function readForm<Schema extends z.ZodType>(
  files: RunFiles,
  path: string,
  schema: Schema,
): Promise<z.infer<Schema> | undefined> {
  const bytes = await files.read(path);
  return bytes === undefined ? undefined : parseForm(bytes, schema);
}

export function parseForm<Schema extends z.ZodType>(
  bytes: Uint8Array,
  schema: Schema,
): z.infer<Schema> | undefined {
  try {
    const parsed = schema.safeParse(JSON.parse(new TextDecoder('utf-8', { fatal: true }).decode(bytes)));
    return parsed.success ? parsed.data : undefined;
  } catch {
    return undefined;
  }
}

export function isCanonical(bytes: Uint8Array): boolean {
  try {
    parseCanonical(bytes);
    return true;
  } catch (error) {
    if (error instanceof CanonicalError) return false;
    throw error;
  }
}
