import { z } from 'zod';

import { HEALTHS, ROLLOUT_GATES } from '../domain/posture.js';

/** How a gate's answer becomes a posture: docs/reference/runbook.md, "Readers". */

const NAMES = [
  'standard',
  'exit-code',
  'http-status',
  'tau-gateway-status',
  'tau-cortex-status',
  'tau-operator-summary',
  'tau-deployment-transport',
  'tau-deployment-status',
] as const;

/** RFC 6901, beginning with a slash. */
const POINTER = /^(?:\/(?:[^~/]|~[01])*)+$/;
/** Names one value of an answer or file; the whole document is none. */
export const pointer = z
  .string()
  .max(512)
  .regex(POINTER, 'not a JSON Pointer: write it as /data/result/0 (RFC 6901)');
const pointers = z.array(pointer).min(1).max(16);
const answerText = z.string().max(256);

const field = <Word extends z.ZodType>(word: Word) =>
  z.strictObject({ at: pointers, values: z.record(answerText, word).optional() });

const fields = z.strictObject({
  health: field(z.enum(HEALTHS)),
  gate: field(z.enum(ROLLOUT_GATES)).optional(),
  reasons: field(z.string().min(1).max(128)).optional(),
});

/** Beyond them shells and systems speak: 126 and 127 not found or not executable, from 128 on killed. */
const exitCode = z
  .string()
  .regex(
    /^(?:[013-9]|[1-9]\d|1[01]\d|12[0-5])$/,
    'an exit code from 0 to 125, and not 2: that is a usage error, which says nothing of the system',
  );
const exitCodes = z
  .record(
    exitCode,
    z.strictObject({
      health: z.enum(HEALTHS),
      gate: z.enum(ROLLOUT_GATES),
      reasonCodes: z.array(z.string().min(1).max(128)).max(8).default([]),
    }),
  )
  .superRefine((codes, context) => {
    for (const [code, { gate }] of Object.entries(codes))
      if (code !== '0' && gate === 'pass')
        context.addIssue({
          code: 'custom',
          path: [code, 'gate'],
          message: 'only exit code 0 can pass: any other may as well be a check that broke',
        });
  });

export const reader = z.union([
  z.enum(NAMES),
  z.strictObject({ fields }),
  z.strictObject({ 'exit-code': exitCodes }),
]);
export type Reader = z.infer<typeof reader>;

export function isExitCodeReader(value: Reader | undefined): boolean {
  return value === 'exit-code' || (typeof value === 'object' && 'exit-code' in value);
}

export function isFieldsReader(value: Reader | undefined): boolean {
  return typeof value === 'object' && 'fields' in value;
}
