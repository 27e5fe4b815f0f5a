import { setTimeout as sleep } from 'node:timers/promises';

import {
  gitIntentSchema,
  revertIntentSchema,
  type GitIntent,
  type PromotionOutcome,
  type RollbackOutcome,
} from '../../contracts/step-record.js';
import type { PromotionStep } from '../../contracts/runbook.js';
import type { KnownRun, RunEvidence } from '../evidence/run-evidence.js';
import { ifPossible } from '../evidence/steps.js';
import { GitError } from '../git/error.js';
import type { CommitText } from '../git/objects.js';
import type { GitRemote } from '../git/remote.js';
import type { GitRepository } from '../git/repository.js';
import { ownCommits } from './own-commits.js';

export interface GitTools {
  readonly git: GitRepository;
  readonly evidence: RunEvidence;
  /** Reverts by run and step that may have been pushed before they could be recorded. */
  readonly unrecorded: Map<string, readonly string[]>;
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
    if (!(error instanceof GitError) || signal.aborted) throw error;
    // A recorded intent may have been pushed by an earlier attempt: only a refusal before any intent proves no effect.
    const untouched = recorded === undefined && error.effect === 'none';
    return { done: false, code: error.code, detail: error.message, effect: untouched ? 'none' : 'possible' };
  }
}

/** A rollback step that reverts, and the promotion step that it reverts. */
export interface RevertStep {
  readonly id: string;
  readonly reverts: PromotionStep;
}

/**
 * Gives the branch the tree of its recorded former tip. Where nothing was recorded the remote is asked: only a branch that
 * does not have the commit needs no revert. Faults that asking again can mend are tried until the signal ends it.
 */
export async function revertByGit(
  tools: GitTools,
  known: KnownRun,
  step: RevertStep,
  signal: AbortSignal,
): Promise<RollbackOutcome> {
  return untilAnswered(signal, async () => {
    const intent = await readIntent(tools.evidence, known, step.reverts.id);
    if (intent !== undefined) await revertOnce(tools, known, step, intent, signal);
    return prove(tools, known, step, intent, signal);
  });
}

/** Asks the remote: the branch has the revert, or never had the commit. */
export async function verifyRevert(
  tools: GitTools,
  known: KnownRun,
  step: RevertStep,
  signal: AbortSignal,
): Promise<RollbackOutcome> {
  return untilAnswered(signal, async () =>
    prove(tools, known, step, await readIntent(tools.evidence, known, step.reverts.id), signal),
  );
}

async function revertOnce(
  { git, evidence, unrecorded }: GitTools,
  known: KnownRun,
  step: RevertStep,
  intent: GitIntent,
  signal: AbortSignal,
): Promise<void> {
  const remote = { url: intent.remote, branch: intent.branch };
  const request = {
    formerTip: intent.formerTip,
    promotedTip: intent.newTip,
    ...commitText(known, 'Revert the promotion of'),
  };
  const before = await knownReverts(evidence, unrecorded, known, step.id);
  await git.revert(
    remote,
    request,
    before,
    async (revert) => {
      // A full disk must not block the revert: until it can be recorded this worker remembers it.
      remember(unrecorded, known, step.id, revert);
      await recordRevert(evidence, known, step.id, remote, revert);
    },
    signal,
  );
}

/** Our own commit, which the next promotion of the target may leave behind. Written again it is the same. */
async function recordRevert(
  evidence: RunEvidence,
  { folder }: KnownRun,
  step: string,
  { url, branch }: GitRemote,
  revert: string,
): Promise<void> {
  const path = `rollback/${step}.revert-${revert.slice(0, 16)}.json`;
  await ifPossible(() => evidence.putJson(folder, path, { v: 1, step, remote: url, branch, revert }));
}

async function prove(
  { git, evidence, unrecorded }: GitTools,
  known: KnownRun,
  step: RevertStep,
  intent: GitIntent | undefined,
  signal: AbortSignal,
): Promise<RollbackOutcome> {
  const remote =
    intent === undefined ? remoteOf(step.reverts) : { url: intent.remote, branch: intent.branch };
  const promotedTip = intent?.newTip ?? known.record.commit;
  for (const revert of unrecorded.get(`${known.record.run}/${step.id}`) ?? [])
    await recordRevert(evidence, known, step.id, remote, revert);
  const reverts = intent === undefined ? [] : await knownReverts(evidence, unrecorded, known, step.id);
  const proof = await git.verifyReverted(remote, { promotedTip, reverts }, signal);
  return { verified: proof.verified, code: proof.reason, detail: `${remote.branch} is at ${proof.tip}` };
}

const BACKOFF_MS = { first: 200, most: 5_000 };

/** A remote that is away for a moment is asked again; what it refuses is the answer. Being cut short is neither. */
async function untilAnswered(
  signal: AbortSignal,
  ask: () => Promise<RollbackOutcome>,
): Promise<RollbackOutcome> {
  for (let waitMs = BACKOFF_MS.first; ; waitMs = Math.min(waitMs * 2, BACKOFF_MS.most)) {
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted || !(error instanceof GitError)) throw error;
      if (!error.retryable) return { verified: false, code: error.code, detail: error.message };
    }
    await sleep(waitMs, undefined, { signal });
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
    if (error instanceof GitError && !signal.aborted) return `${error.code}: ${error.message}`;
    throw error;
  }
}

export function remoteOf({ id, git }: PromotionStep): GitRemote {
  if (git === undefined) throw new Error(`the promotion step ${id} is no git step`);
  return { url: git.remote, branch: git.branch };
}

function intentPath(step: string): string {
  return `promotion/${step}.intent.json`;
}

/** The recorded intent, or undefined where this run pushed nothing. */
export async function readIntent(
  evidence: RunEvidence,
  { folder }: KnownRun,
  promotionStep: string,
): Promise<GitIntent | undefined> {
  return evidence.readJson(folder, intentPath(promotionStep), gitIntentSchema);
}

async function knownReverts(
  evidence: RunEvidence,
  unrecorded: GitTools['unrecorded'],
  { folder, record }: KnownRun,
  step: string,
): Promise<readonly string[]> {
  const reverts = [...(unrecorded.get(`${record.run}/${step}`) ?? [])];
  for (const path of await evidence.store.list(folder, `rollback/${step}.revert-`)) {
    const intent = await evidence.readJson(folder, path, revertIntentSchema);
    if (intent !== undefined && !reverts.includes(intent.revert)) reverts.push(intent.revert);
  }
  return reverts;
}

function remember(
  unrecorded: GitTools['unrecorded'],
  { record }: KnownRun,
  step: string,
  revert: string,
): void {
  const key = `${record.run}/${step}`;
  unrecorded.set(key, [...(unrecorded.get(key) ?? []), revert]);
}

/** Everything in it comes from the run, so that a repeated step makes the same commit. */
function commitText({ record }: KnownRun, verb: string): CommitText {
  const { commit, target, run, openedAt } = record;
  const message = `${verb} ${commit.slice(0, 12)} (${target})\n\nPromotion-Target: ${target}\nPromotion-Run: ${run}\nPromotion-Commit: ${commit}\n`;
  return { identity: AUTHOR, message, at: openedAt };
}
