import type { Phase, End } from './phase.js';
import type { ApprovalPolicy } from './plan.js';
import type { DecisionStatement } from './statement.js';

export interface Vote {
  readonly by: string;
  readonly verdict: 'approve' | 'reject';
  /** Digest of the subject that it decides on. */
  readonly subject: string;
}

export type DecisionRefusal =
  | 'not_awaiting_approval'
  | 'other_run'
  | 'other_subject'
  | 'expired'
  | 'not_an_approver'
  | 'requester_cannot_approve'
  | 'already_voted';

export interface Ballot {
  readonly subject: string;
  readonly requester: string;
  /** ms since the epoch; a decision received at or after it is refused. */
  readonly expiresAt: number;
  readonly votes: readonly Vote[];
}

/** Why a vote may not be counted, or undefined where it may. Checked when it comes and again before promoting. */
export function refuseVote(
  policy: ApprovalPolicy,
  ballot: Ballot,
  vote: Vote,
  receivedAt: number,
): DecisionRefusal | undefined {
  if (vote.subject !== ballot.subject) return 'other_subject';
  if (receivedAt >= ballot.expiresAt) return 'expired';
  if (!policy.approvers.includes(vote.by)) return 'not_an_approver';
  if (vote.verdict === 'approve' && vote.by === ballot.requester && !policy.selfApproval)
    return 'requester_cannot_approve';
  if (ballot.votes.some(({ by }) => by === vote.by)) return 'already_voted';
  return undefined;
}

/** An open approval request, and the votes on it. */
export interface OpenBallot extends Ballot {
  readonly request: string;
  readonly epoch: number;
}

/** Where a promotion stands when a decision comes. */
export interface Asking {
  readonly phase: Phase | End;
  readonly epoch: number;
  readonly run: string;
  readonly deployment: string;
  readonly target: string;
  readonly ballot: OpenBallot | undefined;
}

/**
 * Why a decision is refused, or undefined where its vote counts: it is for this run, for the request that is open now, on
 * its digest, and of somebody who may decide.
 *
 * @param receivedAt ms since the epoch
 */
export function refuseDecision(
  policy: ApprovalPolicy,
  { phase, epoch, run, deployment, target, ballot }: Asking,
  statement: DecisionStatement,
  receivedAt: number,
): DecisionRefusal | undefined {
  if (phase !== 'awaiting-approval' || ballot?.epoch !== epoch) return 'not_awaiting_approval';
  if (statement.run !== run || statement.deployment !== deployment || statement.target !== target)
    return 'other_run';
  if (statement.request !== ballot.request) return 'other_subject';
  return refuseVote(policy, ballot, statement, receivedAt);
}

/** One eligible reject ends it; otherwise as many distinct approvers as the policy requires. */
export function tally(policy: ApprovalPolicy, ballot: Ballot): 'approved' | 'rejected' | 'open' {
  const eligible = ballot.votes.filter(
    ({ by, subject }) => policy.approvers.includes(by) && subject === ballot.subject,
  );
  if (eligible.some(({ verdict }) => verdict === 'reject')) return 'rejected';
  const approvers = new Set(
    eligible.map(({ by }) => by).filter((by) => by !== ballot.requester || policy.selfApproval),
  );
  return policy.required >= 1 && approvers.size >= policy.required ? 'approved' : 'open';
}
