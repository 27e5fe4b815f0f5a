import { z } from 'zod';

import { digest as digestSchema } from './names.js';

/** `<statement>.json`: that and when a worker took a statement; docs/reference/evidence.md, "Statements". */
export const receiptSchema = z.strictObject({
  v: z.literal(1),
  statement: digestSchema,
  signature: digestSchema.nullable(),
  /** The worker's receipt: a signer can backdate, the worker does not. */
  receivedAt: z.iso.datetime(),
  /** `asserted`: nothing but the name itself vouches for it. */
  identity: z.enum(['asserted', 'signed']),
  /** Fingerprint of the key that signed it. */
  key: z.string().max(128).nullable(),
});

/** The receipt of a decision; its group is the path without an ending. */
export const DECISION_RECEIPT = /^(approval-\d+\/decision-[0-9a-f]{16})\.json$/;
