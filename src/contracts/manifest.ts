import { z } from 'zod';

import { digest, runId, targetName } from './names.js';
import type { RunRecord } from './run-record.js';

const counts = z.record(z.string().max(64), z.int().min(1));

/** `manifest.json`: every file of a sealed run but itself and the attestations, which are over it. */
export const manifestSchema = z.strictObject({
  v: z.literal(1),
  deployment: z.string().max(64),
  run: runId,
  target: targetName,
  end: z.string().max(64),
  /** The target's sealed run before it. */
  previous: z.strictObject({ run: runId, manifest: digest }).nullable(),
  journal: z.strictObject({ seq: z.int().min(0), head: z.string().max(80) }),
  /** Sorted by path. `redactions`: markers in the file, by name. */
  files: z.array(
    z.strictObject({ path: z.string().max(512), size: z.int().min(0), sha256: digest, redactions: counts }),
  ),
});
export type Manifest = z.infer<typeof manifestSchema>;

/** Whether it is of the run of that record. */
export function isOf({ run, target, deployment, previous }: Manifest, record: RunRecord): boolean {
  return (
    record.run === run &&
    record.target === target &&
    record.deployment === deployment &&
    (record.previous?.manifest ?? null) === (previous?.manifest ?? null) &&
    (record.previous?.run ?? null) === (previous?.run ?? null)
  );
}

/** Whether its files have the one order that they may have, none twice. */
export function isSorted({ files }: Manifest): boolean {
  return files.every(({ path }, index) => index === 0 || (files[index - 1]?.path ?? '') < path);
}

/** `heads/<target>/<seq>.json`: which run was sealed when, for one target; written once each, so that none is forgotten. */
export const headSchema = z.strictObject({
  v: z.literal(1),
  target: targetName,
  seq: z.int().min(1),
  run: runId,
  manifest: digest,
  end: z.string().max(64),
});
export type TargetHead = z.infer<typeof headSchema>;
