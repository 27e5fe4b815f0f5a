import { z } from 'zod';

import { identifier } from './names.js';

/** Who is there for what: docs/reference/runbook.md, "Owners and related runbooks". */

const words = z.string().min(1).max(256);
const codes = z
  .array(
    z
      .string()
      .max(128)
      .regex(/^[^*]+\*?$/, 'a reason code, or the beginning of one and a *'),
  )
  .max(64)
  .default([]);

const covers = {
  gates: z.array(identifier).max(32).default([]),
  /** Wherever they are told; one that ends in `*` covers every code that begins so. */
  codes,
  /** Promotion and rollback steps. */
  steps: z.array(identifier).max(32).default([]),
};

export const owner = z.strictObject({
  /** Of a person, a team, or the part of the system that they own. */
  name: words,
  /** An address, a channel or a document. */
  contact: words.optional(),
  ...covers,
});

export const relatedRunbook = z.strictObject({ path: words, ...covers });
