import { GitError } from './error.js';
import { contains, parentsOf } from './history.js';
import type { Mirror } from './mirror.js';
import { mergeTrees, treeOf, writeCommit, type CommitText } from './objects.js';

/** What is undone: the branch gets back what it was at the former tip, and what others changed since stays. */
export interface RevertTarget {
  /** Recorded before the promotion. Undefined: the commit's parent, as `git revert <commit>` does. */
  readonly formerTip: string | undefined;
  readonly promotedTip: string;
  /** Which parent of a merge is what was before, from 1; used only without a former tip. */
  readonly mainline?: number | undefined;
}

/** Writes the revert on top of `tip`, which contains `promotedTip`. Throws revert_conflict, bad_commit, mainline_missing. */
export async function writeRevert(
  mirror: Mirror,
  tip: string,
  target: RevertTarget,
  text: CommitText,
): Promise<string> {
  const { promotedTip } = target;
  const formerTree = await treeOf(mirror, await formerOf(mirror, target));
  if (tip === promotedTip) return writeCommit(mirror, formerTree, [tip], text);
  return writeCommit(mirror, await revertedTree(mirror, tip, promotedTip, formerTree), [tip], text);
}

/** The tree of `tip` without what `promotedTip` changed. Throws revert_conflict. */
export async function revertedTree(
  mirror: Mirror,
  tip: string,
  promotedTip: string,
  formerTree: string,
): Promise<string> {
  const undone = await writeCommit(mirror, formerTree, [promotedTip], SIDE_OF_A_MERGE);
  return mergeTrees(mirror, tip, undone);
}

/** One side of a merge of trees; it stays in the mirror. */
const SIDE_OF_A_MERGE: CommitText = {
  identity: { name: 'promote', email: 'promote@localhost' },
  message: 'What was before; never pushed.',
  at: '2020-01-01T00:00:00Z',
};

/** The commit whose tree is what was before. Throws bad_commit, mainline_missing. */
export async function formerOf(mirror: Mirror, target: RevertTarget): Promise<string> {
  const { promotedTip, formerTip, mainline } = target;
  if (formerTip === undefined) return mainParentOf(mirror, promotedTip, mainline);
  await treeOf(mirror, formerTip);
  if (formerTip !== promotedTip && (await contains(mirror, promotedTip, formerTip))) return formerTip;
  throw new GitError(
    'bad_commit',
    `${formerTip} does not come before ${promotedTip}: its tree is not what was.`,
    { details: { commit: formerTip } },
  );
}

/** The parent that a revert goes back to: the only one, or the one of a merge that `mainline` counts from 1. */
export async function mainParentOf(
  mirror: Mirror,
  commit: string,
  mainline: number | undefined,
): Promise<string> {
  const parents = await parentsOf(mirror, commit);
  const [only] = parents;
  if (only === undefined)
    throw new GitError(
      'bad_commit',
      `${commit} is a first commit: there is nothing before it to go back to.`,
      {
        details: { commit },
      },
    );
  if (parents.length === 1) return only;
  const parent = mainline === undefined ? undefined : parents[mainline - 1];
  if (parent !== undefined) return parent;
  const given = mainline === undefined ? 'and none is given' : `and ${mainline} is none of them`;
  throw new GitError(
    'mainline_missing',
    `${commit} is a merge of ${parents.length} parents, ${given}: say in the runbook which of them is what was before, such as mainline: 1.`,
    { details: { commit } },
  );
}
