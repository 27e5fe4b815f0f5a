import { setTimeout as sleep } from 'node:timers/promises';

import { gitIntentSchema, type GitIntent, type PromotionOutcome } from '../../contracts/step-record.js';
import type { GitPlace } from '../../contracts/git-place.js';
import type { PromotionStep } from '../../contracts/runbook-steps.js';
import type { KnownRun, RunEvidence } from '../evidence/run-evidence.js';
import { GitError } from '../git/error.js';
import type { Promoted } from '../git/promotion.js';
import type { GitRepository } from '../git/repository.js';
import type { LoadedRunbook } from '../runbook/resolve.js';
import { promotionText } from './commit-text.js';
import { remoteAt, type Secrets } from './git-place.js';
import { ownCommits } from './own-commits.js';

export interface GitTools {
  readonly git: GitRepository;
  readonly evidence: RunEvidence;
  /** The runbook's secrets with their values. They never leave the worker. */
  readonly secretsOf: (loaded: LoadedRunbook) => Secrets;
  /** Reverts by run and step that may have been pushed before they could be recorded. */
  readonly unrecorded: Map<string, readonly string[]>;
}

/**
 * Moves the environment branch to the run's commit. The intent is durable before the push, so a repeated call finishes
 * that push or stops.
 *
 * @throws EvidenceError where the intent can't be written: nothing was pushed then
 */
export async function promoteByGit(
  tools: GitTools,
  known: KnownRun,
  step: PromotionStep,
  signal: AbortSignal,
): Promise<PromotionOutcome> {
  const earlier = await readIntent(tools.evidence, known, step.id);
  const triesUntil = Date.now() + Math.min(TRIES_FOR_MS, step.deadline);
  let untouched = earlier === undefined;
  for (let waitMs = BACKOFF_MS.first; ; waitMs = Math.min(waitMs * 2, BACKOFF_MS.most)) {
    try {
      const promoted = await promoteOnce(tools, known, step, signal);
      return { done: true, code: 'branch_moved', detail: `${placeOf(step).branch} is at ${promoted.tip}` };
    } catch (error) {
      if (!(error instanceof GitError) || signal.aborted) throw error;
      // A recorded intent may have been pushed by an earlier attempt: only refusals before any push prove no effect.
      untouched &&= error.effect === 'none';
      if (!error.retryable || Date.now() + waitMs > triesUntil)
        return {
          done: false,
          code: error.code,
          detail: error.message,
          effect: untouched ? 'none' : 'possible',
        };
    }
    await sleep(waitMs, undefined, { signal });
  }
}

/** A remote that is away for a moment is asked again. Not for long: what was asked right before must still hold. */
const TRIES_FOR_MS = 30_000;
const BACKOFF_MS = { first: 200, most: 5_000 };

async function promoteOnce(
  { git, evidence, secretsOf }: GitTools,
  known: KnownRun,
  step: PromotionStep,
  signal: AbortSignal,
): Promise<Promoted> {
  const { folder, record } = known;
  const { commit } = record;
  const place = placeOf(step);
  const remote = remoteAt(place, secretsOf(known.loaded));
  const request = {
    commit,
    ownCommits: await ownCommits(evidence, record.target, remote),
    ...promotionText(known, place),
  };
  return git.promote(
    remote,
    request,
    await readIntent(evidence, known, step.id),
    async ({ formerTip, newTip }) => {
      const { url, branch } = remote;
      const intent: GitIntent = { v: 1, step: step.id, remote: url, branch, commit, formerTip, newTip };
      await evidence.putJson(folder, intentPath(step.id), intent);
    },
    signal,
  );
}

/** The recorded intent, or undefined where this run pushed nothing. */
export async function readIntent(
  evidence: RunEvidence,
  { folder }: KnownRun,
  promotionStep: string,
): Promise<GitIntent | undefined> {
  return evidence.readJson(folder, intentPath(promotionStep), gitIntentSchema);
}

export function placeOf({ id, git }: PromotionStep): GitPlace {
  if (git === undefined) throw new Error(`the promotion step ${id} is no git step`);
  return git;
}

function intentPath(step: string): string {
  return `promotion/${step}.intent.json`;
}
