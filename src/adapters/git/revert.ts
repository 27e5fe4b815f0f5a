import { GitError } from './error.js';
import { contains, parentsOf } from './history.js';
import { bringTip, type Mirror } from './mirror.js';
import type { CommitText } from './objects.js';
import { push } from './push.js';
import { changedFiles, isRestored } from './restored.js';
import { writeRevert, type RevertTarget } from './revert-commit.js';

export interface RevertRequest extends RevertTarget {
  /** Asked for right before each revert is written. */
  readonly text: () => Promise<CommitText>;
}

/** The reverts of this promotion that are recorded, wherever; a new one is recorded before it is pushed. */
export interface RevertRecords {
  readonly known: () => Promise<readonly string[]>;
  readonly add: (revertCommit: string) => Promise<void>;
}

export interface Reverted {
  readonly outcome: 'reverted' | 'already-reverted' | 'restored-by-others' | 'never-promoted';
  readonly tip: string;
  /** The revert that the branch has; undefined where none of ours is there. */
  readonly revertCommit: string | undefined;
}

export interface RevertClaim {
  readonly promotedTip: string;
  readonly reverts: readonly string[];
  /** What the branch's content is compared with; undefined where it is not known what was before. */
  readonly target: RevertTarget | undefined;
}

export interface RevertProof {
  readonly verified: boolean;
  readonly reason:
    | 'never_on_branch'
    | 'revert_on_branch'
    | 'restored_by_others'
    | 'no_recorded_revert_on_branch'
    | 'promoted_again';
  readonly tip: string;
}

const PUSH_ATTEMPTS = 5;

/** Puts a revert on top of whatever the branch is now; each attempt's revert is recorded before it is pushed. */
export async function revertWith(
  mirror: Mirror,
  request: RevertRequest,
  records: RevertRecords,
): Promise<Reverted> {
  const ours = new Set<string>();
  for (let attempt = 1; attempt <= PUSH_ATTEMPTS; attempt += 1) {
    const tip = await bringTip(mirror);
    if (!(await contains(mirror, tip, request.promotedTip))) {
      return { outcome: 'never-promoted', tip, revertCommit: undefined };
    }
    // Read anew each time: another worker may have recorded and pushed one since.
    const recorded = new Set([...(await records.known()), ...ours]);
    const found = await revertOn(mirror, tip, request.promotedTip, [...recorded]);
    if (found.kind === 'there') {
      const outcome = ours.has(found.revert) ? 'reverted' : 'already-reverted';
      return { outcome, tip, revertCommit: found.revert };
    }
    if (found.kind === 'none' && (await isRestored(mirror, tip, request)))
      return { outcome: 'restored-by-others', tip, revertCommit: undefined };
    const revertCommit = await writeRevert(mirror, tip, request, await request.text());
    if (!recorded.has(revertCommit)) await records.add(revertCommit);
    ours.add(revertCommit);
    const outcome = await push(mirror, tip, revertCommit);
    if (outcome.kind !== 'moved') return { outcome: 'reverted', tip: outcome.tip, revertCommit };
  }
  const { branch, shown } = mirror.remote;
  throw new GitError(
    'branch_moved_on',
    `${branch} of ${shown} moved during each of ${PUSH_ATTEMPTS} attempts to revert ${request.promotedTip}: stop other pushes, then try again.`,
    { retryable: true, details: { commit: request.promotedTip } },
  );
}

/**
 * Proof by ancestry of recorded commits, or by the branch's content, asked anew; never by a message, which anybody can
 * write. A revert that was itself undone since proves nothing.
 */
export async function proveReverted(mirror: Mirror, claim: RevertClaim): Promise<RevertProof> {
  const { promotedTip, reverts, target } = claim;
  const tip = await bringTip(mirror);
  if (!(await contains(mirror, tip, promotedTip))) return { verified: true, reason: 'never_on_branch', tip };
  const found = await revertOn(mirror, tip, promotedTip, reverts);
  if (found.kind === 'there') return { verified: true, reason: 'revert_on_branch', tip };
  if (found.kind === 'undone') return { verified: false, reason: 'promoted_again', tip };
  return target !== undefined && (await isRestored(mirror, tip, target))
    ? { verified: true, reason: 'restored_by_others', tip }
    : { verified: false, reason: 'no_recorded_revert_on_branch', tip };
}

type FoundRevert =
  | { readonly kind: 'there'; readonly revert: string }
  /** A revert is in the branch, but something that it took back is there again as it was promoted. */
  | { readonly kind: 'undone' | 'none' };

/** A recorded revert counts if the branch has it and it came after what it reverts: one of an earlier run does not. */
async function revertOn(
  mirror: Mirror,
  tip: string,
  promotedTip: string,
  reverts: readonly string[],
): Promise<FoundRevert> {
  let undone = false;
  for (const revert of reverts) {
    if (revert === promotedTip || !(await contains(mirror, tip, revert))) continue;
    if (!(await contains(mirror, revert, promotedTip))) continue;
    if (!(await isUndone(mirror, tip, promotedTip, revert))) return { kind: 'there', revert };
    undone = true;
  }
  return { kind: undone ? 'undone' : 'none' };
}

/** Is a file that the revert took back, since then, again what was promoted? Whatever else changed since stays. */
async function isUndone(mirror: Mirror, tip: string, promotedTip: string, revert: string): Promise<boolean> {
  if (tip === revert) return false;
  const [before] = await parentsOf(mirror, revert);
  if (before === undefined) return false;
  const notAsPromoted = await changedFiles(mirror, promotedTip, tip);
  const since = await changedFiles(mirror, revert, tip);
  const takenBack = await changedFiles(mirror, before, revert);
  return [...takenBack].some((file) => since.has(file) && !notAsPromoted.has(file));
}
