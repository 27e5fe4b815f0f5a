import { z } from 'zod';

import { deploymentName, digest } from './names.js';

const moment = z.iso.datetime('a time is written like 2026-01-02T03:04:05Z');

/** One key, and for which deployment and when its signatures are believed. */
export const trustedKeySchema = z
  .strictObject({
    /** `sha256:` of the public key's SPKI DER: a name that says nothing else than the key itself. */
    keyid: digest,
    /** SPKI DER in base64. */
    publicKey: z.string().max(256),
    deployment: deploymentName,
    /** From this time on. */
    notBefore: moment,
    /** Until before this time; null for as long as nobody retires it. */
    notAfter: moment.nullable(),
    /** From when on somebody else may have had it. A person writes it in; evidence holds then only where it was anchored before. */
    compromisedAt: moment.nullable(),
  })
  .refine(({ notBefore, notAfter }) => notAfter === null || Date.parse(notBefore) < Date.parse(notAfter), {
    path: ['notAfter'],
    message: 'it is valid at no time: notAfter comes after notBefore',
  });
export type TrustedKey = z.infer<typeof trustedKeySchema>;

/** The file of trusted keys: whose signatures under evidence are believed. The verifier's own, never the evidence's. */
export const trustedKeysSchema = z.strictObject({
  v: z.literal(1, 'this version of promote reads trusted keys with v: 1'),
  keys: z.array(trustedKeySchema).max(128),
});
export type TrustedKeys = z.infer<typeof trustedKeysSchema>;
