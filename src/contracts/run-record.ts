import { z } from 'zod';

import { commitHash, digest, identity, runId, targetName } from './names.js';

/** `run.json`: who asked for what, under which runbook. Written once, first; every activity finds its run by it. */
export const runRecordSchema = z.strictObject({
  v: z.literal(1),
  run: runId,
  deployment: z.string().max(64),
  target: targetName,
  commit: commitHash,
  subjectLine: z.string().max(256),
  requester: identity,
  reason: z.string().max(2_000),
  openedAt: z.iso.datetime(),
  /** Digest of `runbook.json`, the resolved runbook in canonical form. */
  runbook: digest,
  policy: digest,
  previous: z.strictObject({ run: runId, manifest: digest, end: z.string().max(64) }).nullable(),
  /** The run that the target was left rolled back by when this one was opened. */
  rolledBack: z.strictObject({ run: runId, commit: commitHash, end: z.string().max(64) }).nullable(),
  /** This commit was rolled back before, and was asked for again by name. */
  again: z.boolean(),
  workflow: z.strictObject({ id: z.string().max(256), firstExecutionRunId: z.string().max(64) }),
});
export type RunRecord = z.infer<typeof runRecordSchema>;

/** `approval-<epoch>/subject.json`: what is approved; its digest is what a decision names. */
export const subjectSchema = z.strictObject({
  v: z.literal(1),
  deployment: z.string().max(64),
  target: targetName,
  commit: commitHash,
  runbook: digest,
  policy: digest,
  evidence: z.strictObject({ seq: z.int().min(1), digest }),
  run: runId,
  round: z.string().max(64),
  /** 128 random bits, fresh for every approval request. */
  request: z.string().regex(/^[0-9a-f]{32}$/),
  required: z.int().min(1),
  requester: identity,
  expires: z.iso.datetime(),
  previous: digest.nullable(),
});
export type Subject = z.infer<typeof subjectSchema>;
