import { z } from 'zod';

import type { Action } from '../domain/phase.js';
import { deadline } from './duration.js';
import { text } from './runbook-question.js';

/** Names, or the one variable that lists them. */
function names(empty: string) {
  return z.union([z.array(text).min(1, empty), text]);
}

const ordered = names('nobody could give this order: name somebody, or take the key out').optional();
const orders = z.strictObject({
  abort: ordered,
  rollback: ordered,
  remediated: ordered,
  'retry-rollback': ordered,
  acknowledge: ordered,
} satisfies Record<Action, typeof ordered>);

/** A file beside the runbook: policy is reviewed where the runbook is. */
const besideRunbook = z
  .string()
  .regex(
    /^(?!\.\.?$)[A-Za-z0-9._-]{1,128}$/,
    "a file's name: it stands beside the runbook, in the same folder",
  );

/** The approval policy: who may ask, decide and order, and how that is proven. docs/reference/signatures.md */
export const approval = z.strictObject({
  required: z.int().min(1).max(16).default(1),
  approvers: names('at least one approver: without one nobody could decide'),
  /** Who may start. Left out: anybody, which a protected target does not allow. */
  requesters: names('nobody could start a promotion: name somebody, or take the key out').optional(),
  /** Who may give which order. Left out: approvers; and the requester of a run, for abort and remediated. */
  orders: orders.default({}),
  selfApproval: z.boolean().default(false),
  expires: deadline.prefault('24h'),
  /** How often people are told again that a decision is awaited. */
  remindEvery: deadline.prefault('4h'),
  /** Only signed statements count. */
  protected: z.boolean().default(false),
  /** Public keys, in the format that git and OpenSSH read. */
  allowedSigners: besideRunbook.optional(),
  /** A key revocation list (KRL) of OpenSSH. */
  revokedKeys: besideRunbook.optional(),
  /** A security key must have verified the person (PIN, fingerprint), not only felt a touch. */
  userVerification: z.boolean().default(false),
});
