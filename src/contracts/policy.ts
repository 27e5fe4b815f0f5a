import { z } from 'zod';

import { ACTIONS } from '../domain/phase.js';
import { digest, identity } from './names.js';

const names = z.array(identity);

/** `policy.json`: the approval policy that a run is bound to; docs/reference/evidence.md, "Policy". */
export const policySchema = z.strictObject({
  v: z.literal(1),
  protected: z.boolean(),
  required: z.int().min(1),
  approvers: names,
  requesters: names.nullable(),
  orders: z.partialRecord(z.enum(ACTIONS), names),
  selfApproval: z.boolean(),
  userVerification: z.boolean(),
  allowedSigners: digest.nullable(),
  revokedKeys: digest.nullable(),
});
export type Policy = z.infer<typeof policySchema>;
