import { z } from 'zod';

import { ENDS } from '../domain/phase.js';
import { VERDICTS } from '../domain/verdict.js';
import { commitHash, deploymentName, digest, identifier, identity, runId, targetName } from './names.js';

/** `asserted`: nothing but the name itself vouches for it. */
const vouchedFor = z.enum(['asserted', 'signed']);
/** Fingerprint of the key that signed; null where nothing was signed. */
const fingerprint = z.string().max(128).nullable();
const moment = z.iso.datetime();

/** What an attestation says of one decision: who, what, on what, and how the name was proven. */
export const attestedDecision = z.strictObject({
  by: identity,
  verdict: z.enum(['approve', 'reject']),
  /** Digest of what was decided on. */
  subject: digest,
  identity: vouchedFor,
  key: fingerprint,
  /** By the worker's clock. */
  receivedAt: moment,
});

export const attestedRollback = z.strictObject({
  /** Each step's last attempt. */
  steps: z.array(z.strictObject({ step: identifier, verified: z.boolean() })).max(256),
  /** All of them, and that it still held when it was confirmed. */
  verified: z.boolean(),
});

/**
 * Everything that attestations of a run say, read from its evidence. Sealing and verifying fill it from the stored bytes
 * alone, so that a verifier can build the same statements again and compare.
 */
export const attestedRunSchema = z.strictObject({
  deployment: deploymentName,
  target: targetName,
  run: runId,
  commit: commitHash,
  runbook: digest,
  policy: digest,
  end: z.enum(ENDS),
  reason: z.string().max(256),
  trigger: z.string().max(256).nullable(),
  openedAt: moment,
  endedAt: moment,
  /** The journal's newest entry. */
  journal: z.strictObject({ seq: z.int().min(1), head: digest }),
  /** Plain sha256 of `manifest.json`. */
  manifest: digest,
  previous: z.strictObject({ run: runId, manifest: digest }).nullable(),
  requester: z.strictObject({ by: identity, identity: vouchedFor, key: fingerprint }),
  /** All that were taken, of every approval request. */
  decisions: z.array(attestedDecision).max(1024),
  /** What was begun to be rolled back; null where nothing was. */
  rollback: attestedRollback.nullable(),
  /** The last round that closed before the decision; of a run without one, the last that closed. Null: none did. */
  round: z
    .strictObject({
      name: z.string().max(64),
      results: z
        .array(z.strictObject({ gate: identifier, verdict: z.enum(VERDICTS) }))
        .min(1)
        .max(1024),
    })
    .nullable(),
  /**
   * The approval that promoting relied on, or would have: of the last request, once it was approved. Null where that
   * one was rejected, expired, or void by another.
   */
  approval: z.strictObject({ subject: digest, required: z.int().min(1), at: moment }).nullable(),
});
export type AttestedRun = z.infer<typeof attestedRunSchema>;
export type AttestedDecision = z.infer<typeof attestedDecision>;
