import {
  gitIntentSchema,
  revertIntentSchema,
  type GitIntent,
  type PromotionOutcome,
  type RollbackOutcome,
} from '../../contracts/step-record.js';
import type { PromotionStep } from '../../contracts/runbook.js';
import type { KnownRun, RunEvidence } from '../evidence/run-evidence.js';
import { GitError } from '../git/error.js';
import type { CommitText } from '../git/objects.js';
import type { GitRemote } from '../git/remote.js';
import type { GitRepository } from '../git/repository.js';
import { ownCommits } from './own-commits.js';

export interface GitTools {
  readonly git: GitRepository;
  readonly evidence: RunEvidence;
}

const AUTHOR = { name: 'promote', email: 'promote@localhost' };

/**
 * Moves the environment branch to the run's commit. The intent is durable before the push, so a repeated call finishes
 * that push or stops.
 *
 * @throws EvidenceError where the intent can't be written: nothing was pushed then
 */
export async function promoteByGit(
  { git, evidence }: GitTools,
  known: KnownRun,
  step: PromotionStep,
  signal: AbortSignal,
): Promise<PromotionOutcome> {
  const { folder, record } = known;
  const remote = remoteOf(step);
  const path = intentPath(step.id);
  const recorded = await evidence.readJson(folder, path, gitIntentSchema);
  const request = {
    commit: record.commit,
    ownCommits: await ownCommits(evidence, record.target, remote),
    ...commitText(known, 'Promote'),
  };
  try {
    const promoted = await git.promote(
      remote,
      request,
      recorded,
      async ({ formerTip, newTip }) => {
        const intent: GitIntent = {
          v: 1,
          step: step.id,
          remote: remote.url,
          branch: remote.branch,
          commit: record.commit,
          formerTip,
          newTip,
        };
        await evidence.putJson(folder, path, intent);
      },
      signal,
    );
    return { done: true, code: 'branch_moved', detail: `${remote.branch} is at ${promoted.tip}` };
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    // A recorded intent may have been pushed by an earlier attempt: only a refusal before any intent proves no effect.
    const untouched = recorded === undefined && error.effect === 'none';
    return { done: false, code: error.code, detail: error.message, effect: untouched ? 'none' : 'possible' };
  }
}

/** Gives the branch the tree of its recorded former tip; where nothing was ever pushed there is nothing to revert. */
export async function revertByGit(
  tools: GitTools,
  known: KnownRun,
  step: { readonly id: string; readonly reverts: PromotionStep },
  signal: AbortSignal,
): Promise<RollbackOutcome> {
  const { git, evidence } = tools;
  const intent = await evidence.readJson(known.folder, intentPath(step.reverts.id), gitIntentSchema);
  if (intent === undefined) return NEVER_PROMOTED;
  const remote = { url: intent.remote, branch: intent.branch };
  try {
    await git.revert(
      remote,
      {
        formerTip: intent.formerTip,
        promotedTip: intent.newTip,
        ...commitText(known, 'Revert the promotion of'),
      },
      await knownReverts(evidence, known.folder, step.id),
      async (revert) => {
        const path = `rollback/${step.id}.revert-${revert.slice(0, 16)}.json`;
        await evidence.putJson(known.folder, path, {
          v: 1,
          step: step.id,
          remote: remote.url,
          branch: remote.branch,
          revert,
        });
      },
      signal,
    );
  } catch (error) {
    if (error instanceof GitError) return { verified: false, code: error.code, detail: error.message };
    throw error;
  }
  return verifyRevert(tools, known, step, signal);
}

/** Asks the remote: the branch has the revert, or never had the commit. */
export async function verifyRevert(
  { git, evidence }: GitTools,
  known: KnownRun,
  step: { readonly id: string; readonly reverts: PromotionStep },
  signal: AbortSignal,
): Promise<RollbackOutcome> {
  const intent = await evidence.readJson(known.folder, intentPath(step.reverts.id), gitIntentSchema);
  if (intent === undefined) return NEVER_PROMOTED;
  const remote = { url: intent.remote, branch: intent.branch };
  try {
    const reverts = await knownReverts(evidence, known.folder, step.id);
    const proof = await git.verifyReverted(remote, { promotedTip: intent.newTip, reverts }, signal);
    return { verified: proof.verified, code: proof.reason, detail: `${remote.branch} is at ${proof.tip}` };
  } catch (error) {
    if (error instanceof GitError) return { verified: false, code: error.code, detail: error.message };
    throw error;
  }
}

/** Whether the revert could run now; undefined where it could, else why not. Read-only. */
export async function checkRevert(
  { git, evidence }: GitTools,
  known: KnownRun,
  reverts: PromotionStep,
  signal: AbortSignal,
): Promise<string | undefined> {
  const remote = remoteOf(reverts);
  try {
    const own = await ownCommits(evidence, known.record.target, remote);
    const checked = await git.checkRevert(remote, known.record.commit, own, 'git', signal);
    return checked.ok ? undefined : `${checked.code}: ${checked.reason}`;
  } catch (error) {
    if (error instanceof GitError) return `${error.code}: ${error.message}`;
    throw error;
  }
}

const NEVER_PROMOTED: RollbackOutcome = {
  verified: true,
  code: 'never_promoted',
  detail: 'this run pushed nothing to the branch',
};

export function remoteOf({ id, git }: PromotionStep): GitRemote {
  if (git === undefined) throw new Error(`the promotion step ${id} is no git step`);
  return { url: git.remote, branch: git.branch };
}

function intentPath(step: string): string {
  return `promotion/${step}.intent.json`;
}

async function knownReverts(evidence: RunEvidence, folder: string, step: string): Promise<readonly string[]> {
  const reverts: string[] = [];
  for (const path of await evidence.store.list(folder, `rollback/${step}.revert-`)) {
    const intent = await evidence.readJson(folder, path, revertIntentSchema);
    if (intent !== undefined) reverts.push(intent.revert);
  }
  return reverts;
}

/** Everything in it comes from the run, so that a repeated step makes the same commit. */
function commitText({ record }: KnownRun, verb: string): CommitText {
  const { commit, target, run, openedAt } = record;
  const message = `${verb} ${commit.slice(0, 12)} (${target})\n\nPromotion-Target: ${target}\nPromotion-Run: ${run}\nPromotion-Commit: ${commit}\n`;
  return { identity: AUTHOR, message, at: openedAt };
}
