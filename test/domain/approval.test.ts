import { describe, expect, it } from 'vitest';
import {
  refuseDecision,
  refuseVote,
  tally,
  type Asking,
  type Ballot,
  type Vote,
} from '../../src/domain/approval.js';
import { PHASES, ENDS } from '../../src/domain/phase.js';
import type { ApprovalPolicy } from '../../src/domain/plan.js';
import type { DecisionStatement } from '../../src/domain/statement.js';

// Proves who may decide and what votes come to. Signatures and run identifiers are checked elsewhere.

const POLICY: ApprovalPolicy = {
  required: 2,
  approvers: ['a', 'b', 'c', 'r'],
  selfApproval: false,
  expiresMs: 1_000,
};
const BALLOT: Ballot = { subject: 'sha256:1', requester: 'r', expiresAt: 5_000, votes: [] };
const approve = (by: string, subject = 'sha256:1'): Vote => ({ by, voter: by, verdict: 'approve', subject });
const reject = (by: string, subject = 'sha256:1'): Vote => ({ by, voter: by, verdict: 'reject', subject });
const after = (...votes: readonly Vote[]): Ballot => ({ ...BALLOT, votes });

describe('a vote', () => {
  it('of an approver on this subject before the deadline is counted', () => {
    expect(refuseVote(POLICY, BALLOT, approve('a'), 4_999)).toBeUndefined();
    expect(refuseVote(POLICY, BALLOT, reject('a'), 4_999)).toBeUndefined();
  });

  const refused: readonly (readonly [string, Ballot, Vote, number, string])[] = [
    ['on another subject', BALLOT, approve('a', 'sha256:2'), 0, 'other_subject'],
    ['received at the deadline', BALLOT, approve('a'), 5_000, 'expired'],
    ['received after the deadline', BALLOT, reject('a'), 5_001, 'expired'],
    ['of a stranger', BALLOT, approve('x'), 0, 'not_an_approver'],
    ['of a stranger who rejects', BALLOT, reject('x'), 0, 'not_an_approver'],
    ['of an approver spelt otherwise', BALLOT, approve('A'), 0, 'not_an_approver'],
    ['of the requester to approve', BALLOT, approve('r'), 0, 'requester_voted'],
    ['of one who approved already', after(approve('a')), approve('a'), 0, 'already_voted'],
    ['of one who approved and now rejects', after(approve('a')), reject('a'), 0, 'already_voted'],
  ];
  it.each(refused)('%s is refused', (_, ballot, vote, receivedAt, reason) => {
    expect(refuseVote(POLICY, ballot, vote, receivedAt)).toBe(reason);
  });

  it('of the requester to reject is counted: nobody needs leave to stop', () => {
    expect(refuseVote(POLICY, BALLOT, reject('r'), 0)).toBeUndefined();
  });

  it('of the requester to approve is counted where the runbook says so by name', () => {
    expect(refuseVote({ ...POLICY, selfApproval: true }, BALLOT, approve('r'), 0)).toBeUndefined();
  });

  it('of a requester who is no approver is refused even then', () => {
    const policy = { ...POLICY, approvers: ['a'], selfApproval: true };
    expect(refuseVote(policy, BALLOT, approve('r'), 0)).toBe('not_an_approver');
  });
});

describe('the votes', () => {
  const outcomes: readonly (readonly [string, readonly Vote[], 'approved' | 'rejected' | 'open'])[] = [
    ['none at all leave it open', [], 'open'],
    ['one approval of two leaves it open', [approve('a')], 'open'],
    ['two approvals approve', [approve('a'), approve('b')], 'approved'],
    ['three approvals approve too', [approve('a'), approve('b'), approve('c')], 'approved'],
    ['two approvals of one person are one', [approve('a'), approve('a')], 'open'],
    ['an approval of the requester does not count', [approve('a'), approve('r')], 'open'],
    ['an approval of a stranger does not count', [approve('a'), approve('x')], 'open'],
    ['an approval of another subject does not count', [approve('a'), approve('b', 'sha256:2')], 'open'],
    ['one reject ends it', [reject('a')], 'rejected'],
    ['one reject ends it whatever was approved', [approve('a'), approve('b'), reject('c')], 'rejected'],
    ['a reject of the requester who is an approver ends it', [reject('r')], 'rejected'],
    ['a reject of a stranger changes nothing', [reject('x'), approve('a'), approve('b')], 'approved'],
    ['a reject of another subject changes nothing', [reject('c', 'sha256:2'), approve('a')], 'open'],
  ];
  it.each(outcomes)('%s', (_, votes, outcome) => {
    expect(tally(POLICY, after(...votes))).toBe(outcome);
  });

  it('count the requester’s own approval only where the runbook says so', () => {
    const votes = after(approve('a'), approve('r'));
    expect(tally({ ...POLICY, selfApproval: true }, votes)).toBe('approved');
  });

  it('never approve under a policy that asks for nobody', () => {
    expect(tally({ ...POLICY, required: 0 }, after())).toBe('open');
    expect(tally({ ...POLICY, required: 0 }, after(approve('a')))).toBe('open');
  });

  it('never approve where the list of approvers is empty', () => {
    expect(tally({ ...POLICY, required: 1, approvers: [] }, after(approve('a')))).toBe('open');
  });

  it('do not count who is no approver any more', () => {
    const votes = after(approve('a'), approve('b'));
    expect(tally({ ...POLICY, approvers: ['a', 'c'] }, votes)).toBe('open');
  });
});

describe('a decision', () => {
  const ASKING: Asking = {
    phase: 'awaiting-approval',
    epoch: 2,
    run: 'run-1',
    deployment: 'local',
    target: 'tau-production',
    ballot: { ...BALLOT, votes: [], request: 'request-2', epoch: 2, text: '' },
  };
  const STATEMENT: DecisionStatement = {
    v: 1,
    type: 'promotion-decision.v1',
    deployment: 'local',
    target: 'tau-production',
    at: '2026-01-02T03:04:05.678Z',
    by: 'a',
    run: 'run-1',
    subject: 'sha256:1',
    request: 'request-2',
    verdict: 'approve',
    comment: '',
  };
  const refusal = (
    asking: Partial<Asking> = {},
    statement: Partial<DecisionStatement> = {},
  ): string | undefined =>
    refuseDecision(POLICY, { ...ASKING, ...asking }, { ...STATEMENT, ...statement }, 4_999);

  it('on the request that is open now is counted', () => {
    expect(refusal()).toBeUndefined();
  });

  it('is refused in every other phase, and after the end', () => {
    const others = [...PHASES, ...ENDS].filter((phase) => phase !== 'awaiting-approval');
    expect(others.map((phase) => refusal({ phase }))).toEqual(others.map(() => 'not_awaiting_approval'));
  });

  it.each([
    ['before anyone was asked', { ballot: undefined }, {}, 'not_awaiting_approval'],
    ['before anyone was asked again', { epoch: 3 }, {}, 'not_awaiting_approval'],
    ['for another run', {}, { run: 'run-0' }, 'other_run'],
    ['for another deployment', {}, { deployment: 'elsewhere' }, 'other_run'],
    ['for another target', {}, { target: 'tau-staging' }, 'other_run'],
    ['on an earlier request', {}, { request: 'request-1' }, 'other_subject'],
    ['on another digest', {}, { subject: 'sha256:2' }, 'other_subject'],
    ['of a stranger', {}, { by: 'x' }, 'not_an_approver'],
  ])('%s is refused', (_, asking, statement, reason) => {
    expect(refusal(asking, statement)).toBe(reason);
  });
});
