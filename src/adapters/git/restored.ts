import { GitError } from './error.js';
import type { Mirror } from './mirror.js';
import { treeOf } from './objects.js';
import { formerOf, revertedTree, type RevertTarget } from './revert-commit.js';

/**
 * Has somebody else taken the promotion back, so that nothing of it is left? Judged by content alone: the promotion changed
 * something, every file that it changed is at `tip` what it was before, bit for bit, and a revert would neither conflict
 * nor change anything. A line that was only moved, or a file that was only renamed, is not taken back.
 */
export async function isRestored(mirror: Mirror, tip: string, target: RevertTarget): Promise<boolean> {
  try {
    const former = await formerOf(mirror, target);
    const promoted = await changedFiles(mirror, former, target.promotedTip);
    if (promoted.size === 0) return false;
    for (const file of await changedFiles(mirror, former, tip)) if (promoted.has(file)) return false;
    const reverted = await revertedTree(mirror, tip, target.promotedTip, await treeOf(mirror, former));
    return reverted === (await treeOf(mirror, tip));
  } catch (error) {
    // Not known is no: then a revert of ours is tried, which says what is wrong.
    if (error instanceof GitError && NOT_KNOWN.has(error.code)) return false;
    throw error;
  }
}

const NOT_KNOWN: ReadonlySet<string> = new Set([
  'bad_commit',
  'commit_unknown',
  'git_failed',
  'mainline_missing',
  'revert_conflict',
]);

/** Paths whose content, mode or presence differs between two commits. */
export async function changedFiles(mirror: Mirror, from: string, to: string): Promise<ReadonlySet<string>> {
  const { stdout } = await mirror.local([
    'diff-tree',
    '-r',
    '-z',
    '--no-renames',
    '--name-only',
    '--end-of-options',
    from,
    to,
  ]);
  return new Set(stdout.split('\0').filter((name) => name !== ''));
}
