import { z } from 'zod';

import { HEALTHS, ROLLOUT_GATES } from '../domain/posture.js';
import { VERDICTS, type GateResult } from '../domain/verdict.js';
import { digest, identifier } from './names.js';

export const fileReference = z.strictObject({ path: z.string().max(256), sha256: digest });
export type FileReference = z.infer<typeof fileReference>;

/** `<round>/<gate>.outcome.json`: one gate's answer in one round, how it was asked, and where its bytes are. */
export const gateOutcomeSchema = z.strictObject({
  gate: identifier,
  kind: z.enum(['answered', 'unreachable', 'malformed', 'misconfigured']),
  verdict: z.enum(VERDICTS),
  health: z.enum(HEALTHS),
  rolloutGate: z.enum(ROLLOUT_GATES),
  reasonCodes: z.array(z.string().max(256)).max(64),
  failing: z.boolean(),
  detail: z.string().max(1024),
  recommendations: z.array(z.string().max(512)).max(32),
  askedAt: z.iso.datetime(),
  durationMs: z.number().min(0),
  tries: z.array(
    z.strictObject({
      startedAt: z.iso.datetime(),
      durationMs: z.number().min(0),
      outcome: z.string().max(128),
    }),
  ),
  files: z.array(fileReference).max(8),
  redactions: z.record(z.string(), z.int()),
  /** The last three are left out where an earlier version recorded it. */
  presentBefore: z.record(z.string(), z.int()).optional(),
  status: z.int().nullable().optional(),
  exitCode: z.int().nullable().optional(),
});
export type GateOutcome = z.infer<typeof gateOutcomeSchema>;

/** What the rules need of an outcome; the rest stays in the evidence, out of Temporal's history. */
export function resultOf(outcome: GateOutcome): GateResult {
  const { gate, kind, verdict, health, rolloutGate, reasonCodes, failing, recommendations } = outcome;
  // The detail may quote an answer: it stays in the evidence.
  return { gate, kind, verdict, health, rolloutGate, reasonCodes, failing, detail: '', recommendations };
}
