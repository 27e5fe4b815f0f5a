import { z } from 'zod';
import { HEALTHS, ROLLOUT_GATES } from '../domain/posture.js';
import { MAX_REASON_CODES, MAX_RECOMMENDATIONS } from '../domain/text.js';
import { present } from './present.js';

/** A list is read no further than it is kept. */
const firstOf = (limit: number) => (value: unknown) =>
  Array.isArray(value) ? value.slice(0, limit) : present(value);

/** An unknown word is outside the contract: it is never taken for a pass, nor for a hold that we understand. */
export const healthField = z.preprocess(present, z.enum(HEALTHS).optional());
export const gateField = z.preprocess(present, z.enum(ROLLOUT_GATES).optional());
export const textField = z.preprocess(present, z.string().optional());
export const codesField = z.preprocess(firstOf(MAX_REASON_CODES), z.array(z.string()).optional());
export const recommendationsField = z.preprocess(
  firstOf(MAX_RECOMMENDATIONS),
  z.array(z.string()).optional(),
);

/** Where the contract always gives the word, its absence is outside the contract. */
export const requiredHealth = z.enum(HEALTHS);
export const requiredGate = z.enum(ROLLOUT_GATES);
/** A count or a time in Unix milliseconds. */
export const requiredCount = z.number().nonnegative();
