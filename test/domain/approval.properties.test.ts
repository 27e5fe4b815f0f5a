import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { refuseVote, tally, type Ballot, type Vote } from '../../src/domain/approval.js';
import type { ApprovalPolicy } from '../../src/domain/plan.js';
import { PROPERTY_RUNS } from '../support/property-runs.js';

// Proves whose votes make an approval, for every sequence of votes; they are taken as the workflow takes them: refused, or
// added to the ballot. That the worker counts the stored ones again: test/activities.

const RUNS = { numRuns: PROPERTY_RUNS };
const PEOPLE = ['a', 'b', 'c', 'requester', 'stranger'] as const;
const SUBJECT = 'sha256:current';
const EXPIRES_AT = 100;

interface Received extends Vote {
  readonly at: number;
}

const policies: fc.Arbitrary<ApprovalPolicy> = fc.record({
  required: fc.integer({ min: 1, max: 3 }),
  approvers: fc.uniqueArray(fc.constantFrom('a', 'b', 'c', 'requester'), { minLength: 1 }),
  selfApproval: fc.boolean(),
  expiresMs: fc.constant(EXPIRES_AT),
});
const received: fc.Arbitrary<Received> = fc
  .record({
    by: fc.constantFrom(...PEOPLE),
    verdict: fc.constantFrom('approve', 'approve', 'approve', 'reject'),
    subject: fc.constantFrom(SUBJECT, SUBJECT, SUBJECT, 'sha256:earlier'),
    at: fc.integer({ min: 0, max: EXPIRES_AT + 10 }),
  })
  .map((vote) => ({ ...vote, voter: vote.by }));
const manyReceived = fc.array(received, { maxLength: 12 });

const EMPTY: Ballot = { subject: SUBJECT, requester: 'requester', expiresAt: EXPIRES_AT, votes: [] };

function take(policy: ApprovalPolicy, votes: readonly Received[]): Ballot {
  return votes.reduce<Ballot>(
    (ballot, vote) =>
      refuseVote(policy, ballot, vote, vote.at) === undefined
        ? { ...ballot, votes: [...ballot.votes, vote] }
        : ballot,
    EMPTY,
  );
}

function holdsForAll(claim: (policy: ApprovalPolicy, votes: readonly Received[]) => void): void {
  fc.assert(fc.property(policies, manyReceived, claim), RUNS);
}

describe('an approval', () => {
  it('stands on enough people who may decide, each once, in time, on the current digest, and on nobody’s no', () => {
    holdsForAll((policy, votes) => {
      if (tally(policy, take(policy, votes)) !== 'approved') return;
      const good = votes.filter(
        ({ by, verdict, subject, at }) =>
          verdict === 'approve' &&
          subject === SUBJECT &&
          at < EXPIRES_AT &&
          policy.approvers.includes(by) &&
          (by !== 'requester' || policy.selfApproval),
      );
      expect(new Set(good.map(({ by }) => by)).size).toBeGreaterThanOrEqual(policy.required);
    });
  });

  it('is the same without the votes that were on another digest, late, or of strangers', () => {
    holdsForAll((policy, votes) => {
      const worthLooking = votes.filter(
        ({ by, subject, at }) => subject === SUBJECT && at < EXPIRES_AT && policy.approvers.includes(by),
      );
      expect(take(policy, worthLooking)).toEqual(take(policy, votes));
    });
  });

  it('never comes of decisions on an earlier digest, however many', () => {
    holdsForAll((policy, votes) => {
      const earlier = votes.map((vote) => ({ ...vote, subject: 'sha256:earlier' }));
      expect(tally(policy, take(policy, earlier))).toBe('open');
      // Nor where they were let in, as by a store that somebody wrote to.
      expect(tally(policy, { ...EMPTY, votes: earlier })).toBe('open');
    });
  });

  it('is over with one eligible no, whatever came before and comes after', () => {
    holdsForAll((policy, votes) => {
      const ballot = take(policy, votes);
      const [person] = policy.approvers.filter((by) => !ballot.votes.some((vote) => vote.by === by));
      if (person === undefined) return;
      const no: Vote = { by: person, voter: person, verdict: 'reject', subject: SUBJECT };
      expect(tally(policy, { ...ballot, votes: [...ballot.votes, no] })).toBe('rejected');
    });
  });

  it('counts nobody twice', () => {
    holdsForAll((policy, votes) => {
      const { votes: taken } = take(policy, votes);
      expect(new Set(taken.map(({ by }) => by)).size).toBe(taken.length);
    });
  });
});
