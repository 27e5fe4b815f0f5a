import { afterPush, GitError } from './error.js';
import { bringCommit, contains, outsideOf } from './history.js';
import { bringTip, type Mirror } from './mirror.js';
import { treeOf, writeCommit, type CommitText } from './objects.js';
import { push } from './push.js';

/** What is recorded before a push: the branch goes from `formerTip` to `newTip` or stays. */
export interface PromotionIntent {
  readonly formerTip: string;
  readonly newTip: string;
}

export interface PromotionPlan {
  /** `again`: the branch has the commit, undone by our own reverts alone. */
  readonly kind: 'fast-forward' | 'merge' | 'again';
  readonly formerTip: string;
  readonly commit: string;
  /** Our own recorded commits that a merge, or promoting again, leaves behind; none for a fast-forward. */
  readonly outside: readonly string[];
}

export interface PromotionRequest extends CommitText {
  /** Full hash. */
  readonly commit: string;
  /** Full hashes of every revert and merge that this pipeline recorded for the branch, and of nothing else. */
  readonly ownCommits: readonly string[];
}

export interface Promoted extends PromotionIntent {
  /** By this call; false where an earlier one had done it already. */
  readonly pushed: boolean;
  /** The branch afterwards, as the remote says: `newTip` or a descendant of it. */
  readonly tip: string;
}

const NAMED_COMMITS = 20;

/** What promoting would do with the branch at this tip. Throws commit_already_contained, branch_moved_on. */
export async function planFrom(
  mirror: Mirror,
  formerTip: string,
  commit: string,
  ownCommits: readonly string[],
): Promise<PromotionPlan> {
  await bringCommit(mirror, commit);
  const { branch, shown } = mirror.remote;
  const own = new Set(ownCommits);
  if (await contains(mirror, formerTip, commit)) {
    const undone = await undoneByUs(mirror, formerTip, commit, own);
    if (undone !== undefined) return { kind: 'again', formerTip, commit, outside: undone };
    throw new GitError(
      'commit_already_contained',
      `${branch} of ${shown} has the commit ${commit} already (its tip is ${formerTip}): promote a new commit.`,
      { details: { actualTip: formerTip, commit } },
    );
  }
  if (await contains(mirror, commit, formerTip))
    return { kind: 'fast-forward', formerTip, commit, outside: [] };
  // Asks for more than there are of our own: a list cut short has others in it.
  const outside = await outsideOf(mirror, commit, formerTip, own.size + NAMED_COMMITS);
  const foreign = outside.filter((hash) => !own.has(hash)).slice(0, NAMED_COMMITS);
  if (foreign.length === 0) return { kind: 'merge', formerTip, commit, outside };
  throw new GitError(
    'branch_moved_on',
    `${branch} of ${shown} is at ${formerTip}, which the commit ${commit} does not come after: commits such as ${foreign[0] ?? ''} would be lost. Base the commit on the branch, then start again.`,
    { details: { actualTip: formerTip, commit, commits: foreign } },
  );
}

/**
 * The commits after one that the branch has, where they are all our own recorded ones and left another tree: it was rolled
 * back, and nothing of others would be lost by giving its tree back.
 */
async function undoneByUs(
  mirror: Mirror,
  tip: string,
  commit: string,
  own: ReadonlySet<string>,
): Promise<readonly string[] | undefined> {
  const outside = await outsideOf(mirror, commit, tip, own.size + 1);
  if (!outside.every((hash) => own.has(hash))) return undefined;
  return (await treeOf(mirror, tip)) === (await treeOf(mirror, commit)) ? undefined : outside;
}

/**
 * The commit itself, a commit with its tree on top of our own reverts of it, or a merge of the tip and the commit with
 * exactly the commit's tree. Gives its hash.
 */
export async function writePlanned(mirror: Mirror, plan: PromotionPlan, text: CommitText): Promise<string> {
  switch (plan.kind) {
    case 'fast-forward':
      return plan.commit;
    case 'again':
      return writeCommit(mirror, await treeOf(mirror, plan.commit), [plan.formerTip], text);
    case 'merge':
      return writeCommit(mirror, await treeOf(mirror, plan.commit), [plan.formerTip, plan.commit], text);
    default:
      return plan.kind satisfies never;
  }
}

/** Records what it is about to do, then moves the branch; with an earlier intent, finishes that one and no other. */
export async function promoteWith(
  mirror: Mirror,
  request: PromotionRequest,
  intent: PromotionIntent | undefined,
  recordIntent: (intent: PromotionIntent) => Promise<void>,
): Promise<Promoted> {
  if (intent !== undefined) {
    const done = await afterPush(() => findPromoted(mirror, intent, request.ownCommits));
    if (done.promoted) return { ...intent, pushed: false, tip: done.tip };
    if (done.tip !== intent.formerTip) throw movedOn(mirror, intent, done.tip);
  }
  const tip = intent?.formerTip ?? (await bringTip(mirror));
  const plan = await planFrom(mirror, tip, request.commit, request.ownCommits);
  const planned: PromotionIntent = { formerTip: tip, newTip: await writePlanned(mirror, plan, request) };
  if (intent === undefined) {
    await recordIntent(planned);
  } else if (planned.newTip !== intent.newTip) {
    throw new GitError(
      'git_failed',
      `The recorded promotion to ${intent.newTip} cannot be made again: the same inputs now give ${planned.newTip}. Nothing was pushed.`,
    );
  }
  const outcome = await push(mirror, planned.formerTip, planned.newTip);
  if (outcome.kind === 'moved') throw movedOn(mirror, planned, outcome.tip);
  return { ...planned, pushed: outcome.kind === 'pushed', tip: outcome.tip };
}

/** Did an earlier call push it? A promotion that our own revert has undone since is not done. */
async function findPromoted(
  mirror: Mirror,
  intent: PromotionIntent,
  ownCommits: readonly string[],
): Promise<{ readonly promoted: boolean; readonly tip: string }> {
  const tip = await bringTip(mirror);
  if (!(await contains(mirror, tip, intent.newTip))) return { promoted: false, tip };
  for (const own of ownCommits) {
    if (own === intent.newTip || !(await contains(mirror, tip, own))) continue;
    if (await contains(mirror, own, intent.newTip)) throw movedOn(mirror, intent, tip);
  }
  return { promoted: true, tip };
}

function movedOn(mirror: Mirror, intent: PromotionIntent, tip: string): GitError {
  const { branch, shown } = mirror.remote;
  return new GitError(
    'branch_moved_on',
    `${branch} of ${shown} was expected at ${intent.formerTip} and is at ${tip}: look at what came between, then start again.`,
    { details: { expectedTip: intent.formerTip, actualTip: tip, commit: intent.newTip } },
  );
}
