import { z } from 'zod';

import type { Changes } from '../domain/changes.js';
import { commitHash, digest, runId } from './names.js';

/** How much of what changes is shown: it goes into Temporal's history, and a person reads it before they decide. */
export const CHANGES_LIMITS = {
  commits: 20,
  /** More commits than this are not counted. */
  countedCommits: 1_000,
  subjectChars: 100,
  paths: 20,
  pathChars: 200,
  valueChars: 120,
  problemChars: 300,
  /** Of the whole, as JSON in UTF-8. */
  bytes: 6 * 1024,
} as const;

const count = z.int().min(0);
const value = z.string().max(CHANGES_LIMITS.valueChars).nullable();

/** `approval-<epoch>/changes.json`: what is different from the target's last promotion, for those who decide. */
export const changesSchema = z.strictObject({
  v: z.literal(1),
  /** The newest run of the target that ended promoted; null where there is none. */
  since: z.strictObject({ run: runId, commit: commitHash, promotedAt: z.iso.datetime() }).nullable(),
  /**
   * What the commits are told against: the commit of that promotion, or where the repository does not have it, or there is
   * none, the branch that the runbook promotes to. Null where the commits can't be told.
   */
  base: z.strictObject({ kind: z.enum(['promotion', 'branch']), commit: commitHash }).nullable(),
  /** What the commit has and the base has not; newest first. */
  commits: z
    .array(z.strictObject({ hash: commitHash, subject: z.string().max(CHANGES_LIMITS.subjectChars) }))
    .max(CHANGES_LIMITS.commits),
  /** How many more; both together are counted up to `countedCommits`. */
  moreCommits: count.max(CHANGES_LIMITS.countedCommits),
  /** How many commits the base has and the commit has not, counted up to `countedCommits`: promoting takes them out. */
  leftOut: count.max(CHANGES_LIMITS.countedCommits),
  /** One line why the commits can't be told. */
  commitsProblem: z.string().max(CHANGES_LIMITS.problemChars).nullable(),
  runbook: z.strictObject({
    /** Digest of the runbook of that promotion. */
    was: digest.nullable(),
    paths: z
      .array(
        z.strictObject({
          path: z.string().max(CHANGES_LIMITS.pathChars),
          /** JSON, cut; null where there was, or is, nothing. */
          before: value,
          after: value,
        }),
      )
      .max(CHANGES_LIMITS.paths),
    morePaths: count,
  }),
}) satisfies z.ZodType<Changes>;
