import { GitError } from './error.js';
import { contains, parentsOf } from './history.js';
import { bringTip, type Mirror } from './mirror.js';
import { mergeTrees, treeOf, writeCommit, type CommitText } from './objects.js';
import { push } from './push.js';

/** What is undone: the branch gets back the tree that it had at `formerTip`. */
export interface RevertTarget {
  /** Undefined: the first parent of `promotedTip`, as `git revert <commit>` (of a merge: `-m 1`) does. */
  readonly formerTip: string | undefined;
  readonly promotedTip: string;
}

export interface RevertRequest extends RevertTarget, CommitText {}

export interface Reverted {
  readonly outcome: 'reverted' | 'already-reverted' | 'never-promoted';
  readonly tip: string;
  /** The revert that the branch has; undefined where there was nothing to revert. */
  readonly revertCommit: string | undefined;
}

export interface RevertProof {
  readonly verified: boolean;
  readonly reason: 'never_on_branch' | 'revert_on_branch' | 'no_recorded_revert_on_branch';
  readonly tip: string;
}

const PUSH_ATTEMPTS = 5;

/** Puts a revert on top of whatever the branch is now; each attempt's revert is recorded before it is pushed. */
export async function revertWith(
  mirror: Mirror,
  request: RevertRequest,
  knownReverts: readonly string[],
  recordIntent: (revertCommit: string) => Promise<void>,
): Promise<Reverted> {
  const recorded = new Set(knownReverts);
  const ours = new Set<string>();
  for (let attempt = 1; attempt <= PUSH_ATTEMPTS; attempt += 1) {
    const tip = await bringTip(mirror);
    if (!(await contains(mirror, tip, request.promotedTip))) {
      return { outcome: 'never-promoted', tip, revertCommit: undefined };
    }
    const found = await revertOn(mirror, tip, request.promotedTip, [...recorded]);
    if (found !== undefined) {
      return { outcome: ours.has(found) ? 'reverted' : 'already-reverted', tip, revertCommit: found };
    }
    const revertCommit = await writeRevert(mirror, tip, request, request);
    if (!recorded.has(revertCommit)) await recordIntent(revertCommit);
    recorded.add(revertCommit);
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

/** Proof by ancestry of recorded commits, asked anew; never by a message, which anybody can write. */
export async function proveReverted(
  mirror: Mirror,
  promotedTip: string,
  reverts: readonly string[],
): Promise<RevertProof> {
  const tip = await bringTip(mirror);
  if (!(await contains(mirror, tip, promotedTip))) return { verified: true, reason: 'never_on_branch', tip };
  const found = await revertOn(mirror, tip, promotedTip, reverts);
  return found === undefined
    ? { verified: false, reason: 'no_recorded_revert_on_branch', tip }
    : { verified: true, reason: 'revert_on_branch', tip };
}

/** Writes the revert on top of `tip`, which contains `promotedTip`. Throws revert_conflict, bad_commit. */
export async function writeRevert(
  mirror: Mirror,
  tip: string,
  target: RevertTarget,
  text: CommitText,
): Promise<string> {
  const { promotedTip } = target;
  const formerTip = target.formerTip ?? (await firstParent(mirror, promotedTip));
  const formerTree = await treeOf(mirror, formerTip);
  if (formerTip === promotedTip || !(await contains(mirror, promotedTip, formerTip))) {
    throw new GitError(
      'bad_commit',
      `${formerTip} does not come before ${promotedTip}: its tree is not what was.`,
      {
        details: { commit: formerTip },
      },
    );
  }
  if (tip === promotedTip) return writeCommit(mirror, formerTree, [tip], text);
  const undone = await writeCommit(mirror, formerTree, [promotedTip], text);
  return writeCommit(mirror, await mergeTrees(mirror, tip, undone), [tip], text);
}

/** A recorded revert counts if the branch has it and it came after what it reverts: one of an earlier run does not. */
async function revertOn(
  mirror: Mirror,
  tip: string,
  promotedTip: string,
  reverts: readonly string[],
): Promise<string | undefined> {
  for (const revert of reverts) {
    if (revert === promotedTip || !(await contains(mirror, tip, revert))) continue;
    if (await contains(mirror, revert, promotedTip)) return revert;
  }
  return undefined;
}

async function firstParent(mirror: Mirror, commit: string): Promise<string> {
  const [parent] = await parentsOf(mirror, commit);
  if (parent !== undefined) return parent;
  throw new GitError('bad_commit', `${commit} is a first commit: there is nothing before it to go back to.`, {
    details: { commit },
  });
}
