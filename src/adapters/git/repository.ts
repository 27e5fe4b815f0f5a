import path from 'node:path';
import { createGitCommand, type GitSettings } from './command.js';
import { contentOf, type BranchContent } from './content.js';
import { bringCommitAnew, subjectOf } from './history.js';
import { askTip, bringTip, openMirror, type Mirror } from './mirror.js';
import {
  planFrom,
  promoteWith,
  type Promoted,
  type PromotionIntent,
  type PromotionPlan,
  type PromotionRequest,
} from './promotion.js';
import { rehearseRevert, type PromotionMeans, type RollbackCheck } from './rehearsal.js';
import { checkCommit, checkRemote, type GitRemote } from './remote.js';
import { outlookFrom, type Outlook, type OutlookRequest } from './outlook.js';
import {
  proveReverted,
  revertWith,
  type RevertClaim,
  type Reverted,
  type RevertProof,
  type RevertRecords,
  type RevertRequest,
} from './revert.js';
import { mainParentOf } from './revert-commit.js';

/**
 * A remote's branch, moved forward only. Every method asks the remote anew, ends by its deadlines, may be called again
 * after any failure, and may run at the same time as others on the same mirror, in this process or another. Commits are
 * full hashes. All throw GitError: besides what they name, bad_remote, bad_branch, bad_commit, access_denied,
 * remote_unreachable, git_timeout, git_failed, git_missing, disk_full and cancelled; all but `resolveCommit` also
 * branch_missing.
 */
export interface GitRepository {
  /** Does the remote have this commit? `subject` is its first line, 200 characters at most. Throws commit_unknown. */
  readonly resolveCommit: (
    remote: GitRemote,
    commit: string,
    signal?: AbortSignal,
  ) => Promise<{ readonly commit: string; readonly subject: string }>;

  /** The commit that the branch is at. */
  readonly tip: (remote: GitRemote, signal?: AbortSignal) => Promise<string>;

  /** Read-only: what promoting would do now. Throws commit_unknown, commit_already_contained, branch_moved_on. */
  readonly planPromotion: (
    remote: GitRemote,
    commit: string,
    ownCommits: readonly string[],
    signal?: AbortSignal,
  ) => Promise<PromotionPlan>;

  /**
   * Moves the branch to the commit: a fast-forward, or a merge with exactly the commit's tree where the only commits outside
   * its history are `ownCommits`. Never forced. `recordIntent` has ended before anything is pushed; if it throws, nothing is.
   * Called again with the recorded intent and the same request it finishes that promotion or says branch_moved_on, also if the
   * branch has our revert of it. Throws also commit_unknown, commit_already_contained (without an intent), push_rejected,
   * push_not_permitted. An error's `effect` tells whether the branch may have moved; after `unknown` a push may land late.
   */
  readonly promote: (
    remote: GitRemote,
    request: PromotionRequest,
    intent: PromotionIntent | undefined,
    recordIntent: (intent: PromotionIntent) => Promise<void>,
    signal?: AbortSignal,
  ) => Promise<Promoted>;

  /**
   * Gives the branch back the tree of the former tip, by a revert on top of what the branch is now; changes made by others
   * since stay. `records.add` has ended before each push, and may be called again with another hash where the branch moved
   * meanwhile. Where others took all of it back, nothing is pushed. Throws also revert_conflict (branch untouched),
   * mainline_missing, push_rejected, push_not_permitted, branch_moved_on (retryable: others kept pushing).
   */
  readonly revert: (
    remote: GitRemote,
    request: RevertRequest,
    records: RevertRecords,
    signal?: AbortSignal,
  ) => Promise<Reverted>;

  /**
   * Asks the remote: is one of the recorded reverts in the branch and not undone, did others take all of it back, or was the
   * promoted commit never on it?
   */
  readonly verifyReverted: (
    remote: GitRemote,
    claim: RevertClaim,
    signal?: AbortSignal,
  ) => Promise<RevertProof>;

  /** Asks the remote: what does the branch hold now? Throws also commit_unknown: it does not have the former tip. */
  readonly content: (
    remote: GitRemote,
    asked: { readonly commit: string; readonly formerTip: string | undefined },
    signal?: AbortSignal,
  ) => Promise<BranchContent>;

  /**
   * Read-only: what the commit has and its base has not, and the other way round. What the mirror has is not asked for again:
   * the history of a commit stays what it is. Throws commit_unknown: the remote does not have the commit, or not the base
   * where no branch stands in for it.
   */
  readonly outlook: (remote: GitRemote, request: OutlookRequest, signal?: AbortSignal) => Promise<Outlook>;

  /** Read-only: can this commit be reverted by itself? Throws commit_unknown, mainline_missing, bad_commit. */
  readonly planRevert: (
    remote: GitRemote,
    commit: string,
    mainline: number | undefined,
    signal?: AbortSignal,
  ) => Promise<void>;

  /**
   * Read-only, before promoting: the commit exists, its revert applies, and the remote takes a push from us (`push --dry-run`;
   * the remote's hooks are not asked by it). Retryable failures are thrown, all others are the answer.
   */
  readonly checkRevert: (
    remote: GitRemote,
    commit: string,
    means: PromotionMeans,
    signal?: AbortSignal,
  ) => Promise<RollbackCheck>;
}

/** `mirrorsDir` is made on first use. Nothing is read from the process's own environment. */
export function createGit(given: GitSettings): GitRepository {
  const settings = { ...given, mirrorsDir: path.resolve(given.mirrorsDir) };
  const git = createGitCommand(settings);
  const open = (remote: GitRemote, hash: string, signal: AbortSignal | undefined): Promise<Mirror> =>
    openMirror(git, settings, checkRemote(remote), hash, signal);
  return {
    resolveCommit: async (remote, commit, signal) => {
      const mirror = await open(remote, checkCommit(commit), signal);
      await bringCommitAnew(mirror, commit);
      return { commit, subject: await subjectOf(mirror, commit) };
    },
    tip: async (remote, signal) => askTip(await open(remote, '', signal)),
    planPromotion: async (remote, commit, ownCommits, signal) => {
      const mirror = await open(remote, checkCommit(commit), signal);
      return planFrom(mirror, await bringTip(mirror), commit, ownCommits.map(checkCommit));
    },
    promote: async (remote, request, intent, recordIntent, signal) => {
      [...request.ownCommits, ...(intent === undefined ? [] : [intent.formerTip, intent.newTip])].forEach(
        checkCommit,
      );
      const mirror = await open(remote, checkCommit(request.commit), signal);
      return promoteWith(mirror, request, intent, recordIntent);
    },
    revert: async (remote, request, records, signal) => {
      if (request.formerTip !== undefined) checkCommit(request.formerTip);
      const mirror = await open(remote, checkCommit(request.promotedTip), signal);
      const known = async (): Promise<readonly string[]> => (await records.known()).map(checkCommit);
      return revertWith(mirror, request, { ...records, known });
    },
    verifyReverted: async (remote, claim, signal) => {
      const mirror = await open(remote, checkCommit(claim.promotedTip), signal);
      claim.reverts.forEach(checkCommit);
      return proveReverted(mirror, claim);
    },
    content: async (remote, { commit, formerTip }, signal) => {
      if (formerTip !== undefined) checkCommit(formerTip);
      const mirror = await open(remote, checkCommit(commit), signal);
      return contentOf(mirror, commit, formerTip);
    },
    outlook: async (remote, request, signal) => {
      const mirror = await open(remote, checkCommit(request.commit), signal);
      if (request.base !== undefined) checkCommit(request.base);
      return outlookFrom(mirror, request);
    },
    planRevert: async (remote, commit, mainline, signal) => {
      const mirror = await open(remote, checkCommit(commit), signal);
      await bringTip(mirror);
      await bringCommitAnew(mirror, commit);
      await mainParentOf(mirror, commit, mainline);
    },
    checkRevert: async (remote, commit, means, signal) => {
      const mirror = await open(remote, checkCommit(commit), signal);
      if (means.by === 'git') means.ownCommits.forEach(checkCommit);
      return rehearseRevert(mirror, commit, means);
    },
  };
}
