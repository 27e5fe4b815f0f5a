import { setTimeout as sleep } from 'node:timers/promises';

import { revertIntentSchema, type RollbackOutcome } from '../../contracts/step-record.js';
import type { GitPlace } from '../../contracts/git-place.js';
import type { PromotionStep, RollbackStep } from '../../contracts/runbook-steps.js';
import type { KnownRun, RunEvidence } from '../evidence/run-evidence.js';
import { ifPossible } from '../evidence/steps.js';
import { GitError } from '../git/error.js';
import type { PromotionMeans } from '../git/rehearsal.js';
import type { GitRemote } from '../git/remote.js';
import type { RevertTarget } from '../git/revert-commit.js';
import { revertText } from './commit-text.js';
import { remoteAt, styleOf } from './git-place.js';
import { placeOf, readIntent, type GitTools } from './git-steps.js';
import { ownCommits } from './own-commits.js';

/** A rollback step that reverts, and what: the promotion step's move of its branch, or the commit itself. */
export interface RevertStep {
  readonly id: string;
  readonly deadlineMs: number;
  readonly reverts:
    | { readonly kind: 'step'; readonly step: PromotionStep }
    | { readonly kind: 'commit'; readonly place: GitPlace; readonly mainline: number | undefined };
}

/** Undefined where the step reverts nothing by git. */
export function revertStepOf({ loaded }: KnownRun, step: RollbackStep): RevertStep | undefined {
  const { id, deadline: deadlineMs, gitRevert } = step;
  if (gitRevert?.git !== undefined) {
    const { git, mainline } = gitRevert;
    return { id, deadlineMs, reverts: { kind: 'commit', place: git, mainline } };
  }
  const reverted = loaded.runbook.promotion.steps.find((candidate) => candidate.id === gitRevert?.step);
  return reverted === undefined ? undefined : { id, deadlineMs, reverts: { kind: 'step', step: reverted } };
}

/**
 * Gives the branch the tree of its recorded former tip, or takes the commit itself back. Where a promotion step recorded
 * nothing the remote is asked: only a branch that does not have the commit needs no revert. Faults that asking again can
 * mend are tried until the step's time is nearly over.
 */
export async function revertByGit(
  tools: GitTools,
  known: KnownRun,
  step: RevertStep,
  signal: AbortSignal,
): Promise<RollbackOutcome> {
  return untilAnswered(step.deadlineMs, signal, async () => {
    const undone = await undoneBy(tools, known, step);
    if (undone.target !== undefined)
      await revertOnce(tools, known, step, { ...undone, target: undone.target }, signal);
    return prove(tools, known, step, undone, signal);
  });
}

/** Asks the remote: the branch has the revert, or never had the commit. */
export async function verifyRevert(
  tools: GitTools,
  known: KnownRun,
  step: RevertStep,
  signal: AbortSignal,
): Promise<RollbackOutcome> {
  return untilAnswered(step.deadlineMs, signal, async () =>
    prove(tools, known, step, await undoneBy(tools, known, step), signal),
  );
}

/** What is undone, and where. Without a target nothing says what was before: then it is only asked. */
interface Undone {
  readonly place: GitPlace;
  readonly remote: GitRemote;
  readonly promotedTip: string;
  readonly target: RevertTarget | undefined;
}

async function undoneBy(
  { evidence, secretsOf }: GitTools,
  known: KnownRun,
  { reverts }: RevertStep,
): Promise<Undone> {
  const { commit } = known.record;
  const place = placeOfRevert(reverts);
  const remote = remoteAt(place, secretsOf(known.loaded));
  if (reverts.kind === 'commit') {
    const target = { formerTip: undefined, promotedTip: commit, mainline: reverts.mainline };
    return { place, remote, promotedTip: commit, target };
  }
  const intent = await readIntent(evidence, known, reverts.step.id);
  // This run pushed nothing.
  if (intent === undefined) return { place, remote, promotedTip: commit, target: undefined };
  const { formerTip, newTip: promotedTip } = intent;
  return {
    place,
    remote: { ...remote, url: intent.remote, branch: intent.branch },
    promotedTip,
    target: { formerTip, promotedTip },
  };
}

export function placeOfRevert(reverts: RevertStep['reverts']): GitPlace {
  return reverts.kind === 'step' ? placeOf(reverts.step) : reverts.place;
}

async function revertOnce(
  { git, evidence, unrecorded }: GitTools,
  known: KnownRun,
  step: RevertStep,
  { place, remote, target }: Undone & { readonly target: RevertTarget },
  signal: AbortSignal,
): Promise<void> {
  await git.revert(
    remote,
    { ...target, text: () => revertText(evidence, known, place, { ...target, deadlineMs: step.deadlineMs }) },
    {
      known: () => knownReverts(evidence, unrecorded, known, step.id),
      add: async (revert) => {
        // A full disk must not block the revert: until it can be recorded this worker remembers it.
        remember(unrecorded, known, step.id, revert);
        await recordRevert(evidence, known, step.id, remote, revert);
      },
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
  tools: GitTools,
  known: KnownRun,
  step: RevertStep,
  { remote, promotedTip, target }: Undone,
  signal: AbortSignal,
): Promise<RollbackOutcome> {
  const { git, evidence, unrecorded } = tools;
  for (const revert of unrecorded.get(`${known.record.run}/${step.id}`) ?? [])
    await recordRevert(evidence, known, step.id, remote, revert);
  if (target === undefined) return proveUntouched(tools, known, remote, signal);
  const reverts = await knownReverts(evidence, unrecorded, known, step.id);
  const proof = await git.verifyReverted(remote, { promotedTip, reverts, target }, signal);
  const { branch } = remote;
  return {
    verified: proof.verified,
    code: proof.reason,
    detail: `${branch} is at ${proof.tip}${SAID_OF[proof.reason] ?? ''}`,
  };
}

/**
 * This run moved nothing. Where the branch has the commit all the same, only our own reverts may stand after it, and must
 * have left another tree: an earlier run's rollback, after which the commit was asked for again.
 */
async function proveUntouched(
  { git, evidence }: Pick<GitTools, 'git' | 'evidence'>,
  { record }: KnownRun,
  remote: GitRemote,
  signal: AbortSignal,
): Promise<RollbackOutcome> {
  const claim = { promotedTip: record.commit, reverts: [], target: undefined };
  const proof = await git.verifyReverted(remote, claim, signal);
  const detail = `${remote.branch} is at ${proof.tip}`;
  if (proof.verified) return { verified: true, code: proof.reason, detail };
  try {
    const own = await ownCommits(evidence, record.target, remote);
    const { kind } = await git.planPromotion(remote, record.commit, own, signal);
    if (kind === 'again') return { verified: true, code: 'revert_on_branch', detail };
  } catch (error) {
    if (!(error instanceof GitError) || error.code !== 'commit_already_contained') throw error;
  }
  return { verified: false, code: proof.reason, detail };
}

const SAID_OF: Readonly<Record<string, string>> = {
  restored_by_others:
    ': every file that the promotion changed is there as it was before, by a commit that is not ours; nothing was pushed',
  promoted_again: ': a revert of ours is in it, but its content is the promoted one again',
};

const BACKOFF_MS = { first: 200, most: 5_000 };
/** Of the step's time, kept for telling what the last attempt came to. */
const LEFT_FOR_TELLING = { share: 0.2, mostMs: 1_000 };

/** A remote that is away for a moment is asked again; what it refuses is the answer. Being cut short is neither. */
async function untilAnswered(
  deadlineMs: number,
  signal: AbortSignal,
  ask: () => Promise<RollbackOutcome>,
): Promise<RollbackOutcome> {
  const left = Math.min(deadlineMs * LEFT_FOR_TELLING.share, LEFT_FOR_TELLING.mostMs);
  const triesUntil = Date.now() + deadlineMs - left;
  for (let waitMs = BACKOFF_MS.first; ; waitMs = Math.min(waitMs * 2, BACKOFF_MS.most)) {
    try {
      return await ask();
    } catch (error) {
      if (signal.aborted || !(error instanceof GitError)) throw error;
      if (!error.retryable || Date.now() + waitMs > triesUntil)
        return { verified: false, code: error.code, detail: error.message };
    }
    await sleep(waitMs, undefined, { signal });
  }
}

/** Whether the revert could run now; undefined where it could, else why not. Read-only. */
export async function checkRevert(
  { git, evidence, secretsOf }: GitTools,
  { record, loaded }: KnownRun,
  { reverts }: RevertStep,
  signal: AbortSignal,
): Promise<string | undefined> {
  const { commit, target } = record;
  const place = placeOfRevert(reverts);
  const { signingKey } = styleOf(place);
  try {
    const remote = remoteAt(place, secretsOf(loaded));
    const means: PromotionMeans =
      reverts.kind === 'step'
        ? { by: 'git', signingKey, ownCommits: await ownCommits(evidence, target, remote) }
        : { by: 'other', signingKey, mainline: reverts.mainline };
    const checked = await git.checkRevert(remote, commit, means, signal);
    return checked.ok ? undefined : `${checked.code}: ${checked.reason}`;
  } catch (error) {
    if (error instanceof GitError && !signal.aborted) return `${error.code}: ${error.message}`;
    throw error;
  }
}

async function knownReverts(
  evidence: RunEvidence,
  unrecorded: GitTools['unrecorded'],
  known: KnownRun,
  step: string,
): Promise<readonly string[]> {
  const remembered = unrecorded.get(`${known.record.run}/${step}`) ?? [];
  return [...new Set([...remembered, ...(await recordedReverts(evidence, known, step))])];
}

/** Reverts that this rollback step recorded before it pushed them. */
export async function recordedReverts(
  evidence: RunEvidence,
  { folder }: KnownRun,
  step: string,
): Promise<readonly string[]> {
  const reverts: string[] = [];
  for (const path of await evidence.store.list(folder, `rollback/${step}.revert-`)) {
    const intent = await evidence.readJson(folder, path, revertIntentSchema);
    if (intent !== undefined) reverts.push(intent.revert);
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
