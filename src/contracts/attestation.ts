import { z } from 'zod';

import { attestedRunSchema } from './attested-run.js';
import { identifier } from './names.js';

/** An in-toto Statement v1, https://in-toto.io/Statement/v1. */
export const STATEMENT_TYPE = 'https://in-toto.io/Statement/v1';
/** Of our own: a type URI need not resolve. */
export const RUN_PREDICATE = 'urn:uuid:7337443c-8830-4da1-b475-06a39aed2f01';
export const TEST_RESULT_PREDICATE = 'https://in-toto.io/attestation/test-result/v0.1';
export const SVR_PREDICATE = 'https://in-toto.io/attestation/svr/v0.2';

/**
 * in-toto has consumers ignore fields that they do not know; these schemas refuse them, for a verifier of ours builds the
 * statements again and has no use for one that says more.
 */
const hex = z.string().regex(/^[0-9a-f]{64}$/);
const commitSubject = z.tuple([
  z.strictObject({
    digest: z.strictObject({ gitCommit: z.string().regex(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/) }),
  }),
]);

/** The whole run; its subject is the manifest, and through it each file. */
const runStatement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: z.tuple([
    z.strictObject({
      name: z.string().regex(/^\d{8}T\d{9}Z-[0-9a-f]{8}\/manifest\.json$/),
      digest: z.strictObject({ sha256: hex }),
    }),
  ]),
  predicateType: z.literal(RUN_PREDICATE),
  predicate: attestedRunSchema.omit({ round: true, approval: true }).extend({ v: z.literal(1) }),
});

/** What the gates came to, on the commit. */
const testResultStatement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: commitSubject,
  predicateType: z.literal(TEST_RESULT_PREDICATE),
  predicate: z.strictObject({
    result: z.enum(['PASSED', 'WARNED', 'FAILED']),
    configuration: z.tuple([
      z.strictObject({
        name: z.literal('runbook.json'),
        digest: z.strictObject({ 'promotion-runbook/v1': hex }),
      }),
    ]),
    passedTests: z.array(identifier),
    warnedTests: z.array(identifier),
    failedTests: z.array(identifier),
  }),
});

/** What can be said of a commit that was approved. docs/reference/attestations.md says when each of them holds. */
export const SVR_PROPERTIES = [
  'PROMOTION_APPROVED',
  'PROMOTION_APPROVALS_SIGNED',
  'PROMOTION_GATES_PASSED',
  'PROMOTION_PROMOTED',
] as const;
export type SvrProperty = (typeof SVR_PROPERTIES)[number];

/** The decision, on the commit. */
const svrStatement = z.strictObject({
  _type: z.literal(STATEMENT_TYPE),
  subject: commitSubject,
  predicateType: z.literal(SVR_PREDICATE),
  predicate: z.strictObject({
    verifier: z.strictObject({
      id: z.string().regex(/^urn:promote:deployment:[a-z0-9][a-z0-9-]{0,63}$/),
      policies: z.tuple([
        z.strictObject({ name: z.literal('policy'), digest: z.strictObject({ 'promotion-policy/v1': hex }) }),
      ]),
    }),
    timeCreated: z.iso.datetime(),
    properties: z.array(z.enum(SVR_PROPERTIES)).min(1),
  }),
});

export const attestationSchema = z.discriminatedUnion('predicateType', [
  runStatement,
  testResultStatement,
  svrStatement,
]);
export type Attestation = z.infer<typeof attestationSchema>;
export type RunAttestation = z.infer<typeof runStatement>;
export type TestResultAttestation = z.infer<typeof testResultStatement>;
export type SvrAttestation = z.infer<typeof svrStatement>;
