import type { RollbackOutcome } from '../../contracts/step-record.js';
import type { RollbackStep } from '../../contracts/runbook-steps.js';
import type { KnownRun } from '../evidence/run-evidence.js';
import { GitError } from '../git/error.js';
import { remoteAt } from './git-place.js';
import { readIntent, type GitTools } from './git-steps.js';

/**
 * What the branch of a promotion step holds now, asked of the remote: the tree of its recorded former tip, the commit, or
 * no such commit.
 */
export async function branchContent(
  { git, evidence, secretsOf }: GitTools,
  known: KnownRun,
  { id, verify }: RollbackStep,
  signal: AbortSignal,
): Promise<RollbackOutcome> {
  const step = known.loaded.runbook.promotion.steps.find((candidate) => candidate.id === verify?.branch);
  if (step?.git === undefined || verify?.has === undefined)
    return { verified: false, code: 'no_verification', detail: `${id} says not how it is verified` };
  const intent = await readIntent(evidence, known, step.id);
  const { commit } = known.record;
  try {
    const place = remoteAt(step.git, secretsOf(known.loaded));
    const remote = intent === undefined ? place : { ...place, url: intent.remote, branch: intent.branch };
    const { tip, hasCommit, treeOfFormerTip } = await git.content(
      remote,
      { commit, formerTip: intent?.formerTip },
      signal,
    );
    const seen = `${remote.branch} is at ${tip}`;
    // Where nothing was pushed there is no former tip: the branch is what it was as long as it has not got the commit.
    const holds = {
      'former-tree': treeOfFormerTip ?? !hasCommit,
      commit: hasCommit,
      'no-commit': !hasCommit,
    }[verify.has];
    return holds
      ? { verified: true, code: 'verified', detail: seen }
      : { verified: false, code: 'not_in_effect', detail: `${seen}, which is not ${EXPECTED[verify.has]}` };
  } catch (error) {
    if (!(error instanceof GitError) || signal.aborted) throw error;
    return { verified: false, code: error.code, detail: error.message };
  }
}

const EXPECTED = {
  'former-tree': 'the tree that it had before',
  commit: 'a branch with the commit',
  'no-commit': 'a branch without the commit',
} as const;
