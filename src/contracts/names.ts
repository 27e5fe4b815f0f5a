import { z } from 'zod';

/** A target's name: one DNS-like label, safe in a workflow ID, a folder name and a URL. */
export const TARGET_PATTERN = /^[a-z0-9](?:[a-z0-9-]{0,61}[a-z0-9])?$/;
export const targetName = z
  .string()
  .regex(
    TARGET_PATTERN,
    'a target is 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit',
  );

/** Names an installation in every statement that it signs. */
export const deploymentName = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9-]{0,63}$/,
    'a deployment is 1 to 64 of a-z, 0-9 and -, beginning with a letter or digit',
  );

/** A full commit hash, SHA-1 or SHA-256, lower case. Short hashes are ambiguous: a branch named like one would win. */
export const COMMIT_PATTERN = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/;
export const commitHash = z.string().regex(COMMIT_PATTERN, 'a commit is its full hash: 40 or 64 hex digits');

/** Who asks or decides: an address-like name, as it stands in the runbook's approvers. */
export const identity = z
  .string()
  .regex(
    /^[a-z0-9][a-z0-9._@+-]{0,127}$/,
    'a name is 1 to 128 of a-z, 0-9 and . _ @ + -, beginning with a letter or digit',
  );

/** Identifier of a gate, repair or step: part of file names. */
export const identifier = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,46}[a-z0-9])?$/,
    'an id is 1 to 48 of a-z, 0-9 and -, beginning and ending with a letter or digit',
  );

export const digest = z.string().regex(/^sha256:[0-9a-f]{64}$/);

/** `20260102T030405678Z-5f0c2a9e`: when it was opened, and 32 random bits. */
export const RUN_PATTERN = /^\d{8}T\d{9}Z-[0-9a-f]{8}$/;
export const runId = z.string().regex(RUN_PATTERN);

/** A build of the worker, such as a version or a commit. */
export const buildId = z
  .string()
  .regex(/^[A-Za-z0-9][A-Za-z0-9_-]{0,127}$/, 'letters, digits, - and _, at most 128: such as a commit');

/** Where workers stand, such as a network that the targets' gates are reached from. */
export const siteName = z
  .string()
  .regex(
    /^[a-z0-9](?:[a-z0-9-]{0,30}[a-z0-9])?$/,
    'a-z, 0-9 and -, at most 32, with a letter or digit at both ends',
  )
  .refine(
    (site) => !/(?:^|-)(?:evidence|watch|rollback|notify)$/.test(site),
    'its task queues would be those of another site: let it not end in evidence, watch, rollback or notify',
  );
