import { describe, expect, test } from 'vitest';

import type { OpenBallot } from '../../src/domain/approval.js';
import type { ControlStatement, DecisionStatement } from '../../src/domain/statement.js';
import { explain, type Observed, type Spoken } from './race-model.js';
import { planOfRace, REQUESTER } from './race-plan.js';

/** Proves that the checker of races explains what can be, and nothing that can't: it is what the races prove anything by. */

const APPROVERS = ['approver-a@rehearsal', 'approver-b@rehearsal'] as const;
const [A, B] = APPROVERS;
const SUBJECT = `sha256:${'1'.repeat(64)}`;
const EXPIRES_AT = Date.parse('2026-01-02T03:04:05.678Z');

function observed(required: number, over: Partial<Observed>): Observed {
  return {
    plan: planOfRace({ approvers: APPROVERS, required, expiresMs: 1_000 }),
    run: 'r',
    deployment: 'd',
    target: 't',
    requester: REQUESTER,
    rounds: [],
    asked: [ballot()],
    spoken: [],
    refusals: [],
    votes: [],
    end: { end: 'promoted', reason: 'promoted', trigger: null },
    ...over,
  };
}

function ballot(): OpenBallot {
  return {
    subject: SUBJECT,
    requester: REQUESTER,
    expiresAt: EXPIRES_AT,
    votes: [],
    request: '0'.repeat(32),
    epoch: 1,
    text: '',
  };
}

/** @param at ms before the deadline at which it is said and answered; its answer is what an accepted one is told */
function vote(
  by: string,
  verdict: 'approve' | 'reject',
  at: readonly [said: number, answered: number],
  reason?: string,
): Spoken {
  const statement: DecisionStatement = {
    v: 1,
    type: 'promotion-decision.v1',
    deployment: 'd',
    target: 't',
    at: new Date(EXPIRES_AT - at[0]).toISOString(),
    by,
    run: 'r',
    subject: SUBJECT,
    request: '0'.repeat(32),
    verdict,
    comment: '',
  };
  const answer =
    reason === undefined
      ? { accepted: true, reason: `${verdict} by ${by} is recorded` }
      : { accepted: false, reason };
  return {
    says: { what: 'decision', statement },
    saidAt: EXPIRES_AT - at[0],
    answeredAt: EXPIRES_AT - at[1],
    answer,
  };
}

/** By a signal: nobody waits for its answer. */
function unheard(spoken: Spoken): Spoken {
  return { ...spoken, answeredAt: Number.POSITIVE_INFINITY, answer: undefined };
}

function abort(by: string, at: readonly [said: number, answered: number], reason?: string): Spoken {
  const statement: ControlStatement = {
    v: 1,
    type: 'promotion-control.v1',
    deployment: 'd',
    target: 't',
    at: new Date(EXPIRES_AT - at[0]).toISOString(),
    by,
    run: 'r',
    action: 'abort',
    head: { seq: 1, digest: SUBJECT },
    reason: '',
  };
  const answer =
    reason === undefined
      ? { accepted: true, reason: `abort by ${by} is recorded` }
      : { accepted: false, reason };
  return {
    says: { what: 'abort', statement },
    saidAt: EXPIRES_AT - at[0],
    answeredAt: EXPIRES_AT - at[1],
    answer,
  };
}

const counted = (by: string, verdict: 'approve' | 'reject' = 'approve') => ({
  by,
  verdict,
  subject: SUBJECT,
});
const refusal = (by: string, what: string, reason: string) => ({ by, what, reason });
const ended = (end: string, reason = end) => ({ end, reason, trigger: null });
const LATE = 'not_awaiting_approval';

describe('an order explains', () => {
  const CASES: readonly [what: string, seen: Observed][] = [
    [
      'a quorum that promotes, whichever came first',
      observed(2, {
        spoken: [vote(A, 'approve', [900, 800]), vote(B, 'approve', [900, 850])],
        votes: [counted(A), counted(B)],
      }),
    ],
    [
      'a reject that came after the quorum, and is too late',
      observed(1, {
        spoken: [vote(A, 'approve', [900, 800]), vote(B, 'reject', [900, 800], LATE)],
        votes: [counted(A)],
        refusals: [refusal(B, 'reject', LATE)],
      }),
    ],
    [
      'that the later of two signals counted, and the earlier is too late when it is repeated',
      observed(2, {
        spoken: [
          unheard(vote(B, 'approve', [900, 0])),
          unheard(vote(B, 'approve', [899, 0])),
          vote(A, 'approve', [890, 700]),
          vote(B, 'approve', [900, 701], LATE),
        ],
        votes: [counted(B), counted(A)],
        refusals: [refusal(B, 'approve', 'already_voted'), refusal(B, 'approve', LATE)],
      }),
    ],
    [
      'an abort right after the vote that would have promoted',
      observed(1, {
        spoken: [vote(A, 'approve', [900, 800]), abort(REQUESTER, [900, 800])],
        votes: [counted(A)],
        end: ended('aborted'),
      }),
    ],
    [
      'a first preflight that holds, whose votes count for nothing in the second request',
      observed(1, {
        rounds: ['pass', 'hold', 'pass', 'pass'],
        asked: [
          ballot(),
          { ...ballot(), epoch: 2, subject: `sha256:${'2'.repeat(64)}`, request: '2'.repeat(32) },
        ],
        spoken: [vote(A, 'approve', [900, 800]), vote(B, 'approve', [800, 700], 'other_subject')],
        votes: [counted(A)],
        refusals: [refusal(B, 'approve', 'other_subject')],
        end: ended('expired'),
      }),
    ],
    [
      'a cancellation while it promotes, which rolls back',
      observed(1, {
        spoken: [
          vote(A, 'approve', [900, 800]),
          { says: { what: 'cancel' }, saidAt: EXPIRES_AT - 900, answeredAt: Infinity, answer: undefined },
        ],
        votes: [counted(A)],
        end: { end: 'rolled-back', reason: 'cancelled', trigger: 'cancelled' },
      }),
    ],
    [
      'a vote that was said in time and heard too late',
      observed(1, {
        spoken: [vote(A, 'approve', [10, -50], 'expired')],
        refusals: [refusal(A, 'approve', 'expired')],
        end: ended('expired'),
      }),
    ],
    [
      'a vote that came too late while the approval before it was being recorded',
      observed(1, {
        spoken: [vote(A, 'approve', [900, 800]), vote(B, 'approve', [10, -50], 'expired')],
        votes: [counted(A)],
        refusals: [refusal(B, 'approve', 'expired')],
      }),
    ],
    [
      'one that came in time and waited for its turn, while another was too late',
      observed(2, {
        spoken: [
          vote(A, 'approve', [900, -200]),
          vote(A, 'approve', [850, -200], 'already_voted'),
          unheard(vote(A, 'approve', [-10, 0])),
        ],
        votes: [counted(A)],
        refusals: [refusal(A, 'approve', 'expired'), refusal(A, 'approve', 'already_voted')],
        end: ended('expired'),
      }),
    ],
    ['nobody who says anything, until the time is over', observed(1, { end: ended('expired') })],
  ];
  test.each(CASES)('%s', (_, seen) => {
    expect(explain(seen)).toBeDefined();
  });
});

describe('no order explains', () => {
  const CASES: readonly [what: string, seen: Observed][] = [
    ['a promotion that nobody approved', observed(1, {})],
    [
      'a promotion by too few',
      observed(2, { spoken: [vote(A, 'approve', [900, 800])], votes: [counted(A)] }),
    ],
    [
      'a promotion by one approver twice',
      observed(2, {
        spoken: [vote(A, 'approve', [900, 800]), vote(A, 'approve', [850, 800])],
        votes: [counted(A), counted(A)],
      }),
    ],
    [
      'a promotion over a reject that was accepted',
      observed(1, {
        spoken: [vote(A, 'approve', [900, 800]), vote(B, 'reject', [900, 800])],
        votes: [counted(A), counted(B, 'reject')],
      }),
    ],
    [
      'a promotion after an abort that was accepted',
      observed(1, {
        spoken: [vote(A, 'approve', [900, 800]), abort(REQUESTER, [900, 800])],
        votes: [counted(A)],
      }),
    ],
    [
      'an end in time over a vote that was taken',
      observed(1, {
        spoken: [vote(A, 'approve', [10, -50])],
        votes: [counted(A)],
        end: ended('expired'),
      }),
    ],
    [
      'an accepted vote that stands in no record',
      observed(1, { spoken: [vote(A, 'approve', [900, 800])], end: ended('expired') }),
    ],
    [
      'a refusal without its record',
      observed(1, {
        spoken: [vote(A, 'approve', [900, 800], 'other_subject'), vote(B, 'approve', [700, 600])],
        votes: [counted(B)],
      }),
    ],
    [
      'a vote that was refused as too late before the vote that decided was even said',
      observed(1, {
        spoken: [vote(B, 'approve', [900, 800], LATE), vote(A, 'approve', [700, 600])],
        votes: [counted(A)],
        refusals: [refusal(B, 'approve', LATE)],
      }),
    ],
    [
      'a vote that was said after the deadline and counted',
      observed(1, { spoken: [vote(A, 'approve', [-10, -50])], votes: [counted(A)] }),
    ],
    [
      'a deadline that passed before a vote that was answered in time',
      observed(1, {
        spoken: [vote(A, 'approve', [900, 800], 'expired')],
        refusals: [refusal(A, 'approve', 'expired')],
        end: ended('expired'),
      }),
    ],
    [
      "an abort of a stranger's that was taken",
      observed(1, { spoken: [abort('stranger@rehearsal', [900, 800])], end: ended('aborted') }),
    ],
    ['an end that nobody brought about', observed(1, { end: ended('rejected') })],
  ];
  test.each(CASES)('%s', (_, seen) => {
    expect(explain(seen)).toBeUndefined();
  });
});
