import type { Phase, End } from './phase.js';
import type { ApprovalPolicy } from './plan.js';
import type { Identity, SignatureRefusal } from './signing.js';
import { statementText, type DecisionStatement } from './statement.js';

export interface Vote {
  readonly by: string;
  /** Who it is, whatever name or key they use: names and keys that belong together are one voter. */
  readonly voter: string;
  readonly verdict: 'approve' | 'reject';
  /** Digest of the subject that it decides on. */
  readonly subject: string;
}

export type DecisionRefusal =
  | 'not_awaiting_approval'
  | 'other_run'
  | 'other_subject'
  | 'expired'
  | 'policy_changed'
  | 'not_signed_now'
  | 'not_an_approver'
  | 'requester_voted'
  | 'already_voted'
  | 'same_voter'
  | 'secret_in_text'
  | SignatureRefusal;

export interface Ballot {
  readonly subject: string;
  /** The requester as a voter. */
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
  if (vote.verdict === 'approve' && vote.voter === ballot.requester && !policy.selfApproval)
    return 'requester_voted';
  if (ballot.votes.some(({ by }) => by === vote.by)) return 'already_voted';
  if (ballot.votes.some(({ voter }) => voter === vote.voter)) return 'same_voter';
  return undefined;
}

/** An open approval request, and the votes on it. */
export interface OpenBallot extends Ballot {
  readonly request: string;
  readonly epoch: number;
  readonly votes: readonly CountedVote[];
  /** The subject itself, canonical: whoever decides checks that its digest is the one that they sign. */
  readonly text: string;
}

/** A vote as it was taken. */
export interface CountedVote extends Vote {
  /** Left out where an earlier version carried it along. */
  readonly statement?: DecisionStatement | undefined;
  readonly identity: Identity;
  /** Fingerprint of the key that signed it. */
  readonly key: string | null;
}

/** A vote that nobody has looked into yet: by its name alone. */
export function voteOf(statement: DecisionStatement, voter = statement.by): Vote {
  const { by, verdict, subject } = statement;
  return { by, voter, verdict, subject };
}

/** The same bytes again: the answer is the one that they were given. */
export function isCounted({ votes }: OpenBallot, statement: DecisionStatement): boolean {
  const text = statementText(statement);
  return votes.some(({ statement: own }) => own !== undefined && statementText(own) === text);
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
 * @param voter who it is, once a worker has looked; until then the name alone
 */
export function refuseDecision(
  policy: ApprovalPolicy,
  { phase, epoch, run, deployment, target, ballot }: Asking,
  statement: DecisionStatement,
  receivedAt: number,
  voter = statement.by,
): DecisionRefusal | undefined {
  if (phase !== 'awaiting-approval' || ballot?.epoch !== epoch) return 'not_awaiting_approval';
  if (statement.run !== run || statement.deployment !== deployment || statement.target !== target)
    return 'other_run';
  if (statement.request !== ballot.request) return 'other_subject';
  return refuseVote(policy, ballot, voteOf(statement, voter), receivedAt);
}

/** One eligible reject ends it; otherwise as many distinct approvers as the policy requires. */
export function tally(policy: ApprovalPolicy, ballot: Ballot): 'approved' | 'rejected' | 'open' {
  if (eligibleVotes(policy, ballot).some(({ verdict }) => verdict === 'reject')) return 'rejected';
  return policy.required >= 1 && missing(policy, ballot) === 0 ? 'approved' : 'open';
}

/** How many distinct approvers are missing. */
export function missing(policy: ApprovalPolicy, ballot: Ballot): number {
  const approving = eligibleVotes(policy, ballot)
    .filter(
      ({ verdict, voter }) => verdict === 'approve' && (voter !== ballot.requester || policy.selfApproval),
    )
    .map(({ voter }) => voter);
  return Math.max(0, policy.required - new Set(approving).size);
}

/** Names that may still decide, as far as names alone tell. */
export function waitingFor(policy: ApprovalPolicy, { requester, votes }: Ballot): readonly string[] {
  return policy.approvers.filter(
    (name) => (name !== requester || policy.selfApproval) && !votes.some(({ by }) => by === name),
  );
}

function eligibleVotes(policy: ApprovalPolicy, { votes, subject }: Ballot): readonly Vote[] {
  return votes.filter((vote) => policy.approvers.includes(vote.by) && vote.subject === subject);
}
