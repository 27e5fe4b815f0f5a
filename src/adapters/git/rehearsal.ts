import { GitError, type GitErrorCode } from './error.js';
import { bringCommitAnew, contains } from './history.js';
import { bringTip, type Mirror } from './mirror.js';
import { writeCommit, treeOf, type CommitText } from './objects.js';
import { planFrom, writePlanned } from './promotion.js';
import { rehearsePush } from './push.js';
import { mainParentOf, writeRevert } from './revert-commit.js';

/**
 * How the commit comes to run: by `git` the branch is moved to it and a rollback goes back to the former tip; by `other`
 * means the branch may have it already and a rollback reverts that one commit.
 */
export type PromotionMeans = {
  /** What the commits of the promotion and of its revert are signed with. */
  readonly signingKey?: string | undefined;
} & (
  | { readonly by: 'git'; readonly ownCommits: readonly string[] }
  | { readonly by: 'other'; readonly mainline: number | undefined }
);

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
  means: PromotionMeans,
): Promise<RollbackCheck> {
  try {
    const tip = await bringTip(mirror);
    const text = { ...REHEARSAL, signingKey: means.signingKey };
    const revert =
      means.by === 'git'
        ? await afterPromotion(mirror, tip, commit, means.ownCommits, text)
        : await asItIs(mirror, tip, commit, means.mainline, text);
    if (means.by === 'git' && means.signingKey !== undefined) await proveSameSignature(mirror, tip, text);
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
  text: CommitText,
): Promise<string> {
  const plan = await planFrom(mirror, tip, commit, ownCommits);
  const promotedTip = await writePlanned(mirror, plan, text);
  return writeRevert(mirror, promotedTip, { formerTip: tip, promotedTip }, text);
}

async function asItIs(
  mirror: Mirror,
  tip: string,
  commit: string,
  mainline: number | undefined,
  text: CommitText,
): Promise<string> {
  await bringCommitAnew(mirror, commit);
  await mainParentOf(mirror, commit, mainline);
  if (await contains(mirror, tip, commit))
    return writeRevert(mirror, tip, { formerTip: undefined, promotedTip: commit, mainline }, text);
  // Nothing to revert now, but the right to push is still worth knowing.
  return writeCommit(mirror, await treeOf(mirror, tip), [tip], text);
}

/** A promotion that was cut short is finished by making the same commit again: its signature must be the same. */
async function proveSameSignature(mirror: Mirror, tip: string, text: CommitText): Promise<void> {
  const tree = await treeOf(mirror, tip);
  const [one, two] = [
    await writeCommit(mirror, tree, [tip], text),
    await writeCommit(mirror, tree, [tip], text),
  ];
  if (one !== two)
    throw new GitError(
      'signing_failed',
      'The signing key signs the same commit differently each time, so a repeated step could not finish it: use an ed25519 or RSA key.',
    );
}
