import { GitError, type GitErrorCode } from './error.js';
import { contains } from './history.js';
import { bringTip, type Mirror } from './mirror.js';
import { writeCommit, treeOf, type CommitText } from './objects.js';
import { planFrom, writePlanned } from './promotion.js';
import { rehearsePush } from './push.js';
import { writeRevert } from './revert.js';

/**
 * How the commit comes to run: `git` moves the branch to it and a rollback goes back to the former tip; by `other` means
 * the branch may have it already and a rollback reverts that one commit.
 */
export type PromotionMeans = 'git' | 'other';

export type RollbackCheck =
  | { readonly ok: true; readonly tip: string }
  | { readonly ok: false; readonly code: GitErrorCode; readonly reason: string };

/** Names nobody: commits of a rehearsal stay in the mirror. */
const REHEARSAL: CommitText = {
  identity: { name: 'rehearsal', email: 'rehearsal@localhost' },
  message: 'Rehearsal of a rollback; never pushed.',
  at: '2020-01-01T00:00:00Z',
};

/** Plays the rollback through as far as a read can: nothing on the remote changes. */
export async function rehearseRevert(
  mirror: Mirror,
  commit: string,
  ownCommits: readonly string[],
  means: PromotionMeans,
): Promise<RollbackCheck> {
  try {
    const tip = await bringTip(mirror);
    const revert =
      means === 'git'
        ? await afterPromotion(mirror, tip, commit, ownCommits)
        : await asItIs(mirror, tip, commit);
    await rehearsePush(mirror, tip, revert);
    return { ok: true, tip };
  } catch (error) {
    if (error instanceof GitError && !error.retryable)
      return { ok: false, code: error.code, reason: error.message };
    throw error;
  }
}

async function afterPromotion(
  mirror: Mirror,
  tip: string,
  commit: string,
  ownCommits: readonly string[],
): Promise<string> {
  const plan = await planFrom(mirror, tip, commit, ownCommits);
  const promotedTip = await writePlanned(mirror, plan, REHEARSAL);
  return writeRevert(mirror, promotedTip, { formerTip: tip, promotedTip }, REHEARSAL);
}

async function asItIs(mirror: Mirror, tip: string, commit: string): Promise<string> {
  if (await contains(mirror, tip, commit)) {
    return writeRevert(mirror, tip, { formerTip: undefined, promotedTip: commit }, REHEARSAL);
  }
  // Nothing to revert now, but the right to push is still worth knowing.
  return writeCommit(mirror, await treeOf(mirror, tip), [tip], REHEARSAL);
}
