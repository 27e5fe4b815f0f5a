import type { z } from 'zod';
import type { OwnReasonCode } from '../domain/reason-codes/catalogue.js';
import type { Answered, NotAnswered } from '../domain/observation.js';
import { recommendationList, detailLine } from '../domain/text.js';
import { combine, type Statement } from './statement.js';

/** Our reason code for an answer that is JSON, but not what the surface's contract says. */
const OUTSIDE_CONTRACT = 'answer_outside_contract' satisfies OwnReasonCode;

export function answered(
  statements: readonly Statement[],
  recommendations: readonly string[] = [],
): Answered {
  return {
    kind: 'answered',
    posture: combine(statements),
    recommendations: recommendationList(recommendations),
  };
}

/** Says which field of which surface is outside the contract; never shows its value, which may be a secret. */
export function malformed(surface: string, path: readonly PropertyKey[], message: string): NotAnswered {
  return {
    kind: 'malformed',
    code: OUTSIDE_CONTRACT,
    detail: detailLine(`${surface}: ${fieldName(path)}: ${message}`),
  };
}

/** The first thing that zod found wrong, as an observation. */
export function malformedBy(surface: string, error: z.ZodError, at: readonly string[] = []): NotAnswered {
  const [issue] = error.issues;
  return malformed(surface, [...at, ...(issue?.path ?? [])], issue?.message ?? 'unreadable');
}

export function isJsonObject(value: unknown): value is Readonly<Record<string, unknown>> {
  return typeof value === 'object' && value !== null && !Array.isArray(value);
}

function fieldName(path: readonly PropertyKey[]): string {
  const name = path
    .map((key) => (typeof key === 'number' ? `[${key}]` : `.${String(key).slice(0, 64)}`))
    .join('');
  return name === '' ? 'the answer' : name;
}
