import { MANUAL_TEXT } from '../../src/domain/remediation.js';
import { describe, expect, it } from 'vitest';
import type { Effect } from '../../src/domain/effect.js';
import type { PromotionEvent } from '../../src/domain/event.js';
import { begin, type PromotionState } from '../../src/domain/move.js';
import { ENDS, PHASES, type End, type Phase } from '../../src/domain/phase.js';
import type { Plan } from '../../src/domain/plan.js';
import { ImpossibleTransition, transition } from '../../src/domain/transition.js';
import type { TriggerCode } from '../../src/domain/triggers.js';
import type { GateResult } from '../../src/domain/verdict.js';
import {
  failing,
  holding,
  malformed,
  misconfigured,
  roundOf,
  tauPlan,
  unreachable,
} from '../support/plans.js';
import {
  after,
  approved,
  cameBack,
  cancelled,
  expired,
  faulted,
  faultedAfterPromotion,
  lastSample,
  notRollbackable,
  notRolledBack,
  ordered,
  preflight,
  prerequisitesMet,
  prerequisitesNotMet,
  PROMOTED_AT,
  rejected,
  repairsAttempted,
  rolledBack,
  round,
  sampled,
  stepFailed,
  stepPromoted,
  stillRolledBack,
  TO_APPROVAL,
  TO_PREFLIGHT,
  TO_PROMOTING,
  TO_ROLLBACK_FAILED,
  TO_ROLLING_BACK,
  TO_WATCHING,
  type Happening,
} from './events.js';

// The classes of the design's rules, one sentence each. What holds for every sequence: transition.properties.test.ts.

const PLAN = tauPlan();
const MINUTE = 60_000;

interface Expected {
  readonly phase: Phase | End;
  /** What of the effect and of the state matters to the case. */
  readonly effect: Pick<Effect, 'do'>;
  readonly state?: object;
}

interface Case extends Expected {
  readonly says: string;
  readonly when: readonly Happening[];
  readonly plan?: Plan;
}

function table(cases: readonly Case[]): void {
  it.each(cases)('$says', ({ when, phase, effect, plan = PLAN, state = {} }) => {
    const move = after(plan, ...when);
    expect(move.effect).toMatchObject(effect);
    expect(move.state).toMatchObject({ ...state, phase });
  });
}

function doing<Kind extends Effect['do']>(effect: Partial<Extract<Effect, { do: Kind }>> & { do: Kind }) {
  return effect;
}
const ended = (end: End, reason: string): Expected => ({
  phase: end,
  effect: doing({ do: 'end', end, reason }),
});
const validating = (round: string): Expected => ({
  phase: 'validating',
  effect: doing({ do: 'ask-round', round }),
});
const rollingBack = (attempt: number, ...triggers: readonly TriggerCode[]): Expected => ({
  phase: 'rolling-back',
  effect: doing({ do: 'roll-back', attempt }),
  state: { trigger: triggers[0], triggers, rollbackAttempts: attempt },
});
const failedRollback: Expected = { phase: 'rollback-failed', effect: { do: 'await-orders' } };

const afterRound1 = (...results: readonly GateResult[]): readonly Happening[] => [
  prerequisitesMet,
  round(...results),
];
const rounds = (first: readonly GateResult[], last: readonly GateResult[]): readonly Happening[] => [
  prerequisitesMet,
  round(...first),
  repairsAttempted,
  round(...last),
];

describe('before round 1', () => {
  it('the prerequisites are checked first', () => {
    const { state, effect } = begin(PLAN);
    expect(effect).toEqual({ do: 'check-prerequisites' });
    expect(state).toMatchObject({ phase: 'validating', epoch: 0, retriesLeft: 1, rounds: [], attempted: [] });
  });

  table([
    { says: 'met prerequisites lead to round 1', when: [prerequisitesMet], ...validating('validation-1') },
    {
      says: 'a prerequisite that is not met stops the promotion',
      when: [prerequisitesNotMet],
      ...ended('stopped', 'prerequisite_not_met'),
    },
  ]);
});

describe('after round 1', () => {
  table([
    {
      says: 'it waits for approval when every gate passes',
      when: afterRound1(),
      phase: 'awaiting-approval',
      effect: doing({ do: 'await-decision', epoch: 1, round: 'validation-1' }),
    },
    {
      says: 'it stops when every holding gate is misconfigured',
      when: afterRound1(misconfigured('gateway-status'), misconfigured('deployment-status')),
      ...ended('stopped', 'misconfigured'),
    },
    {
      says: 'it remediates what is not misconfigured, in runbook order, when others are',
      when: afterRound1(
        misconfigured('gateway-status'),
        holding('deployment-status', 'stuck'),
        holding('cortex-status', 'cortex_observer_events_stale'),
      ),
      phase: 'remediating',
      effect: doing({
        do: 'remediate',
        round: 'remediation-1',
        repairs: [
          { repair: 'cortex-chat-probe', manual: undefined, gates: ['cortex-status'], deadlineMs: MINUTE },
          {
            repair: 'manual',
            manual: MANUAL_TEXT,
            gates: ['deployment-status'],
            deadlineMs: 15 * MINUTE,
          },
        ],
      }),
    },
    {
      says: 'it remediates a single failing gate: once is not repeated',
      when: afterRound1(failing('gateway-status')),
      phase: 'remediating',
      effect: doing({ do: 'remediate' }),
    },
    ...[unreachable, malformed].map((silent) => ({
      says: `it remediates a gate that is ${silent('gateway-status').kind}`,
      when: afterRound1(silent('gateway-status')),
      phase: 'remediating' as const,
      effect: doing({ do: 'remediate' }),
    })),
    {
      says: 'it stops without remediation where the runbook has no retries and no trigger holds',
      plan: tauPlan({ retries: 0, rounds: 1 }),
      when: afterRound1(holding('deployment-status', 'stuck')),
      ...ended('stopped', 'gate_hold'),
    },
    {
      says: 'it rolls back where the runbook has no retries and once is repeated',
      plan: tauPlan({ retries: 0, rounds: 1 }),
      when: afterRound1(failing('deployment-status')),
      ...rollingBack(1, 'repeated_failing'),
    },
  ]);

  it('a gate without a result holds, and a round without any is no pass', () => {
    for (const results of [roundOf().slice(1), []]) {
      const { effect } = after(PLAN, prerequisitesMet, () => ({
        type: 'round-closed',
        round: 'validation-1',
        results,
      }));
      expect(effect).toMatchObject({ do: 'remediate', repairs: [] });
    }
  });
});

describe('after remediation', () => {
  table([
    {
      says: 'all gates are asked again',
      when: [prerequisitesMet, round(holding('deployment-status')), repairsAttempted],
      ...validating('validation-2'),
      state: { attempted: ['deployment-status'] },
    },
    {
      says: 'with two retries a second remediation follows, even when failing is repeated already',
      plan: tauPlan({ retries: 2 }),
      when: [
        prerequisitesMet,
        round(failing('deployment-status')),
        repairsAttempted,
        round(failing('deployment-status')),
      ],
      phase: 'remediating',
      effect: doing({ do: 'remediate', round: 'remediation-2' }),
    },
  ]);
});

describe('after the last round', () => {
  const CORTEX = holding('cortex-status', 'cortex_observer_events_missing');
  table([
    {
      says: 'it waits for approval when every gate passes',
      when: rounds([failing('gateway-status')], []),
      phase: 'awaiting-approval',
      effect: doing({ do: 'await-decision', epoch: 1, round: 'validation-2' }),
    },
    {
      says: 'it rolls back when the same gate was failing in both rounds',
      when: rounds([failing('deployment-transport')], [failing('deployment-transport')]),
      ...rollingBack(1, 'repeated_failing'),
    },
    {
      says: 'it stops when one gate was failing in the first round and another in the last',
      when: rounds([failing('deployment-transport')], [failing('deployment-status')]),
      ...ended('stopped', 'gate_hold'),
    },
    {
      says: 'it rolls back when cortex’s artifact is still missing',
      when: rounds([CORTEX], [CORTEX]),
      ...rollingBack(1, 'cortex_artifact_unrepaired'),
    },
    {
      says: 'it stops when cortex’s artifact went missing only in the last round, for no repair was attempted',
      when: rounds([holding('deployment-status')], [CORTEX]),
      ...ended('stopped', 'gate_hold'),
    },
    {
      says: 'it rolls back when readiness holds after a repair for one of its parts',
      when: rounds(
        [holding('readiness'), holding('operator-summary', 'x')],
        [holding('readiness'), unreachable('operator-summary')],
      ),
      ...rollingBack(1, 'readiness_failed_after_remediation'),
    },
    {
      says: 'it names the first of several triggers and records them all',
      when: rounds(
        [failing('gateway-status', 'down'), CORTEX, holding('readiness')],
        [failing('gateway-status', 'down'), CORTEX, holding('readiness')],
      ),
      ...rollingBack(
        1,
        'cortex_artifact_unrepaired',
        'repeated_failing',
        'readiness_failed_after_remediation',
      ),
    },
    {
      says: 'it stops when a gate only holds',
      when: rounds([holding('deployment-status')], [holding('deployment-status')]),
      ...ended('stopped', 'gate_hold'),
    },
    {
      says: 'it stops when a gate is out of reach twice: that is not failing',
      when: rounds([unreachable('deployment-status')], [unreachable('deployment-status')]),
      ...ended('stopped', 'gate_hold'),
    },
    {
      says: 'it stops when only misconfigured gates are left, whatever was attempted',
      when: rounds(
        [holding('readiness'), failing('gateway-status')],
        [misconfigured('readiness'), misconfigured('gateway-status')],
      ),
      ...ended('stopped', 'misconfigured'),
    },
    {
      says: 'it stops when one gate holds and what could have triggered is misconfigured',
      when: rounds(
        [failing('gateway-status'), holding('deployment-status')],
        [misconfigured('gateway-status'), misconfigured('readiness'), holding('deployment-status')],
      ),
      ...ended('stopped', 'gate_hold'),
    },
    {
      says: 'it counts the last rounds only: a gate that recovered in between is not failing repeatedly',
      plan: tauPlan({ retries: 3 }),
      when: [
        ...rounds([failing('deployment-status')], [failing('deployment-status')]),
        repairsAttempted,
        round(holding('deployment-status')),
        repairsAttempted,
        round(failing('deployment-status')),
      ],
      ...ended('stopped', 'gate_hold'),
    },
  ]);
});

describe('approval', () => {
  table([
    {
      says: 'leads to a preflight',
      when: [...TO_APPROVAL, approved],
      phase: 'validating',
      effect: doing({ do: 'preflight', epoch: 1, round: 'preflight-1' }),
    },
    { says: 'that is rejected ends it', when: [...TO_APPROVAL, rejected], ...ended('rejected', 'rejected') },
    { says: 'that never came ends it', when: [...TO_APPROVAL, expired], ...ended('expired', 'expired') },
  ]);
});

describe('the preflight', () => {
  const VOID = [...TO_PREFLIGHT, preflight(holding('deployment-status', 'stuck'))];
  const AGAIN = [...VOID, repairsAttempted, round(), approved];
  table([
    {
      says: 'leads to the first promotion step when every gate passes',
      when: TO_PROMOTING,
      phase: 'promoting',
      effect: doing({ do: 'promote', step: 'environment-branch' }),
      state: { steps: ['environment-branch'] },
    },
    {
      says: 'voids the approval when a gate holds, and remediates',
      when: VOID,
      phase: 'remediating',
      effect: doing({
        do: 'remediate',
        round: 'remediation-1',
        repairs: [
          {
            repair: 'manual',
            manual: MANUAL_TEXT,
            gates: ['deployment-status'],
            deadlineMs: 15 * MINUTE,
          },
        ],
      }),
      state: { retriesLeft: 0 },
    },
    {
      says: 'asks all gates again after that',
      when: [...VOID, repairsAttempted],
      ...validating('validation-2'),
    },
    {
      says: 'needs new decisions after that, on a new epoch',
      when: [...VOID, repairsAttempted, round()],
      phase: 'awaiting-approval',
      effect: doing({ do: 'await-decision', epoch: 2, round: 'validation-2' }),
    },
    {
      says: 'is asked a second time after the new approval',
      when: AGAIN,
      phase: 'validating',
      effect: doing({ do: 'preflight', epoch: 2, round: 'preflight-2' }),
    },
    {
      says: 'leads to promoting the second time too',
      when: [...AGAIN, preflight()],
      phase: 'promoting',
      effect: doing({ do: 'promote', step: 'environment-branch' }),
    },
    {
      says: 'stops when a gate holds a second time',
      when: [...AGAIN, preflight(failing('gateway-status'))],
      ...ended('stopped', 'gate_hold'),
    },
    {
      says: 'gives one remediation only, however many retries the runbook has',
      plan: tauPlan({ retries: 5 }),
      when: [...VOID, repairsAttempted, round(holding('deployment-status'))],
      ...ended('stopped', 'gate_hold'),
    },
    {
      says: 'is a round: failing there and in the round after it is repeated failing',
      when: [
        ...TO_PREFLIGHT,
        preflight(failing('gateway-status')),
        repairsAttempted,
        round(failing('gateway-status')),
      ],
      ...rollingBack(1, 'repeated_failing'),
    },
    {
      says: 'stops when a gate holds and the runbook has no remediation',
      plan: tauPlan({ retries: 0, rounds: 1 }),
      when: [...TO_PREFLIGHT, preflight(holding('deployment-status'))],
      ...ended('stopped', 'gate_hold'),
    },
    {
      says: 'stops when the gate that was failing there only holds in the round after it',
      when: [
        ...TO_PREFLIGHT,
        preflight(failing('gateway-status')),
        repairsAttempted,
        round(holding('gateway-status')),
      ],
      ...ended('stopped', 'gate_hold'),
    },
    {
      says: 'stops when every holding gate is misconfigured',
      when: [...TO_PREFLIGHT, preflight(misconfigured('cortex-status'))],
      ...ended('stopped', 'misconfigured'),
    },
    {
      says: 'stops when rollback could not run',
      when: [...TO_PREFLIGHT, notRollbackable],
      ...ended('stopped', 'not_rollbackable'),
    },
    {
      says: 'stops where there is nothing to promote',
      plan: tauPlan({ steps: [] }),
      when: TO_PROMOTING,
      ...ended('stopped', 'no_promotion_step'),
    },
  ]);
});

describe('promoting', () => {
  const TWO = tauPlan({ steps: ['first', 'second'] });
  table([
    {
      says: 'goes on with the next step',
      plan: TWO,
      when: [...TO_PROMOTING, stepPromoted],
      phase: 'promoting',
      effect: doing({ do: 'promote', step: 'second' }),
      state: { steps: ['first', 'second'] },
    },
    {
      says: 'leads to the watch after the last step, from when it was done',
      when: TO_WATCHING,
      phase: 'watching',
      effect: doing({
        do: 'watch',
        watch: {
          endsAt: PROMOTED_AT + 10 * MINUTE,
          nextAt: PROMOTED_AT + 15_000,
          samples: 0,
          failingStreak: 0,
          unreachableStreak: 0,
          last: undefined,
          unrecorded: 0,
        },
      }),
    },
    {
      says: 'rolls back when a step failed and something may have changed',
      when: [...TO_PROMOTING, stepFailed('push_unknown', 'possible')],
      ...rollingBack(1, 'promotion_step_failed'),
    },
    {
      says: 'stops when the first step is proven to have had no effect',
      when: [...TO_PROMOTING, stepFailed('quorum_not_met', 'none')],
      ...ended('stopped', 'quorum_not_met'),
    },
    {
      says: 'rolls back when a second step had no effect: half promoted is no state to stay in',
      plan: TWO,
      when: [...TO_PROMOTING, stepPromoted, stepFailed('branch_moved', 'none')],
      ...rollingBack(1, 'promotion_step_failed'),
    },
  ]);
});

describe('the watch', () => {
  table([
    {
      says: 'goes on within its window',
      when: [...TO_WATCHING, sampled('pass')],
      phase: 'watching',
      effect: doing({ do: 'watch' }),
      state: { watch: { samples: 1, nextAt: PROMOTED_AT + 30_000, last: 'pass' } },
    },
    {
      says: 'goes on after a segment in which nothing was sampled',
      when: [...TO_WATCHING, sampled()],
      phase: 'watching',
      effect: doing({ do: 'watch' }),
    },
    {
      says: 'ends promoted when the sample at its end passes',
      when: [...TO_WATCHING, lastSample('pass')],
      ...ended('promoted', 'promoted'),
    },
    {
      says: 'ends with warnings when the sample at its end holds',
      when: [...TO_WATCHING, lastSample('hold')],
      ...ended('promoted-with-warnings', 'promoted-with-warnings'),
    },
    {
      says: 'ends with warnings when a sample could not be recorded',
      when: [...TO_WATCHING, lastSample('pass', false)],
      ...ended('promoted-with-warnings', 'promoted-with-warnings'),
    },
    {
      says: 'is prolonged when the sample at its end is failing',
      when: [...TO_WATCHING, lastSample('failing')],
      phase: 'watching',
      effect: doing({ do: 'watch' }),
    },
    {
      says: 'rolls back at the second failing sample in a row, in one segment',
      when: [...TO_WATCHING, sampled('pass', 'failing', 'failing', 'pass')],
      ...rollingBack(1, 'repeated_failing'),
    },
    {
      says: 'rolls back at the second failing sample in a row, over segments',
      when: [...TO_WATCHING, sampled('failing'), sampled('unreachable'), sampled('failing')],
      ...rollingBack(1, 'repeated_failing'),
    },
    {
      says: 'rolls back at the fourth sample in a row without an answer',
      when: [
        ...TO_WATCHING,
        sampled('unreachable'),
        sampled('unreachable', 'unreachable'),
        sampled('unreachable'),
      ],
      ...rollingBack(1, 'unreachable'),
    },
  ]);

  it('looks at no sample after the one that decided', () => {
    const { state } = after(PLAN, ...TO_WATCHING, sampled('failing', 'failing', 'pass', 'pass'));
    expect(state.watch).toMatchObject({ samples: 2, failingStreak: 2 });
  });
});

describe('a rollback', () => {
  table([
    {
      says: 'that is verified is confirmed after a while',
      when: [...TO_ROLLING_BACK, rolledBack],
      phase: 'rolling-back',
      effect: doing({ do: 'confirm-rollback', attempt: 1 }),
    },
    {
      says: 'that still holds then is done',
      when: [...TO_ROLLING_BACK, rolledBack, stillRolledBack],
      ...ended('rolled-back', 'requested'),
    },
    {
      says: 'that is not verified has failed and waits for people',
      when: TO_ROLLBACK_FAILED,
      ...failedRollback,
    },
    {
      says: 'that did not hold is applied once more',
      when: [...TO_ROLLING_BACK, rolledBack, cameBack],
      ...rollingBack(2, 'requested'),
    },
    {
      says: 'that holds the second time is done',
      when: [...TO_ROLLING_BACK, rolledBack, cameBack, rolledBack, stillRolledBack],
      ...ended('rolled-back', 'requested'),
    },
    {
      says: 'that did not hold a second time has failed',
      when: [...TO_ROLLING_BACK, rolledBack, cameBack, rolledBack, cameBack],
      ...failedRollback,
    },
    {
      says: 'that failed is tried again when it is ordered, for the same reason as before',
      when: [...TO_ROLLBACK_FAILED, ordered('retry-rollback')],
      ...rollingBack(2, 'requested'),
    },
    {
      says: 'that is tried again and is not verified again has failed again',
      when: [...TO_ROLLBACK_FAILED, ordered('retry-rollback'), notRolledBack],
      ...failedRollback,
    },
    {
      says: 'that is tried again may be applied once more again',
      when: [
        ...TO_ROLLING_BACK,
        rolledBack,
        cameBack,
        rolledBack,
        cameBack,
        ordered('retry-rollback'),
        rolledBack,
        cameBack,
      ],
      ...rollingBack(4, 'requested'),
    },
    {
      says: 'that failed ends when it is acknowledged, and never as rolled back',
      when: [...TO_ROLLBACK_FAILED, ordered('acknowledge')],
      ...ended('rollback-acknowledged', 'requested'),
    },
    {
      says: 'that is interrupted by a fault of ours has failed',
      when: [...TO_ROLLING_BACK, faulted],
      ...failedRollback,
      state: { trigger: 'requested' },
    },
    {
      says: 'that failed stays so through a fault of ours',
      when: [...TO_ROLLBACK_FAILED, faulted],
      ...failedRollback,
    },
    {
      says: 'that failed stays so when it is cancelled',
      when: [...TO_ROLLBACK_FAILED, cancelled],
      ...failedRollback,
    },
    {
      says: 'ends with the trigger that it was declared for',
      when: [...TO_WATCHING, sampled('failing', 'failing'), rolledBack, stillRolledBack],
      ...ended('rolled-back', 'repeated_failing'),
    },
  ]);
});

describe('by hand, before promoting', () => {
  const places: readonly (readonly [string, readonly Happening[]])[] = [
    ['checking prerequisites', []],
    ['validating', [prerequisitesMet]],
    ['remediating', [prerequisitesMet, round(holding('cortex-status'))]],
    ['awaiting approval', TO_APPROVAL],
    ['in preflight', TO_PREFLIGHT],
  ];
  table(
    places.flatMap(([place, when]) => [
      {
        says: `abort ends it while ${place}`,
        when: [...when, ordered('abort')],
        ...ended('aborted', 'aborted'),
      },
      {
        says: `cancelling ends it while ${place}`,
        when: [...when, cancelled],
        ...ended('aborted', 'cancelled'),
      },
      {
        says: `a fault of ours stops it while ${place}`,
        when: [...when, faulted],
        ...ended('stopped', 'journal_fork'),
      },
      {
        says: `a fault of ours rolls back while ${place} where another history of this run promoted`,
        when: [...when, faultedAfterPromotion],
        ...rollingBack(1, 'internal_fault'),
      },
    ]),
  );
});

describe('by hand, from promoting on', () => {
  const places: readonly (readonly [string, readonly Happening[]])[] = [
    ['promoting', TO_PROMOTING],
    ['watching', TO_WATCHING],
  ];
  table(
    places.flatMap(([place, when]) => [
      {
        says: `rollback is carried out while ${place}`,
        when: [...when, ordered('rollback')],
        ...rollingBack(1, 'requested'),
      },
      {
        says: `cancelling rolls back while ${place}`,
        when: [...when, cancelled],
        ...rollingBack(1, 'cancelled'),
      },
      {
        says: `a fault of ours rolls back while ${place}`,
        when: [...when, faulted],
        ...rollingBack(1, 'internal_fault'),
      },
    ]),
  );
});

function thrownBy(state: PromotionState, happening: PromotionEvent): unknown {
  try {
    return transition(PLAN, state, happening);
  } catch (error) {
    return error;
  }
}

describe('what can not be', () => {
  const event = {
    prerequisites: prerequisitesMet,
    round: round(),
    preflight: preflight(),
    remediated: repairsAttempted,
    approved,
    rejected,
    expired,
    'step promoted': stepPromoted,
    'step failed': stepFailed('x', 'possible'),
    sampled: lastSample('pass'),
    'rollback tried': rolledBack,
    'rollback confirmed': stillRolledBack,
    abort: ordered('abort'),
    rollback: ordered('rollback'),
    'retry-rollback': ordered('retry-rollback'),
    acknowledge: ordered('acknowledge'),
    cancelled,
    faulted,
  } satisfies Readonly<Record<string, Happening>>;
  type EventName = keyof typeof event;
  const names: readonly EventName[] = [
    'prerequisites',
    'round',
    'preflight',
    'remediated',
    'approved',
    'rejected',
    'expired',
    'step promoted',
    'step failed',
    'sampled',
    'rollback tried',
    'rollback confirmed',
    'abort',
    'rollback',
    'retry-rollback',
    'acknowledge',
    'cancelled',
    'faulted',
  ];

  /** Where a promotion can stand, and all that can happen there. */
  const places: readonly (readonly [string, Phase | End, readonly Happening[], readonly EventName[]])[] = [
    ['checking prerequisites', 'validating', [], ['prerequisites', 'abort', 'cancelled', 'faulted']],
    ['asking a round', 'validating', [prerequisitesMet], ['round', 'abort', 'cancelled', 'faulted']],
    ['in preflight', 'validating', TO_PREFLIGHT, ['preflight', 'abort', 'cancelled', 'faulted']],
    [
      'remediating',
      'remediating',
      [prerequisitesMet, round(holding('cortex-status'))],
      ['remediated', 'abort', 'cancelled', 'faulted'],
    ],
    [
      'awaiting approval',
      'awaiting-approval',
      TO_APPROVAL,
      ['approved', 'rejected', 'expired', 'abort', 'cancelled', 'faulted'],
    ],
    [
      'promoting',
      'promoting',
      TO_PROMOTING,
      ['step promoted', 'step failed', 'rollback', 'cancelled', 'faulted'],
    ],
    ['watching', 'watching', TO_WATCHING, ['sampled', 'rollback', 'cancelled', 'faulted']],
    ['rolling back', 'rolling-back', TO_ROLLING_BACK, ['rollback tried', 'faulted']],
    [
      'confirming the rollback',
      'rolling-back',
      [...TO_ROLLING_BACK, rolledBack],
      ['rollback confirmed', 'faulted'],
    ],
    [
      'its rollback failed',
      'rollback-failed',
      TO_ROLLBACK_FAILED,
      ['retry-rollback', 'acknowledge', 'cancelled', 'faulted'],
    ],
    ['promoted', 'promoted', [...TO_WATCHING, lastSample('pass')], []],
    ['promoted with warnings', 'promoted-with-warnings', [...TO_WATCHING, lastSample('hold')], []],
    ['stopped', 'stopped', [prerequisitesNotMet], []],
    ['rejected', 'rejected', [...TO_APPROVAL, rejected], []],
    ['expired', 'expired', [...TO_APPROVAL, expired], []],
    ['aborted', 'aborted', [ordered('abort')], []],
    ['rolled back', 'rolled-back', [...TO_ROLLING_BACK, rolledBack, stillRolledBack], []],
    ['acknowledged', 'rollback-acknowledged', [...TO_ROLLBACK_FAILED, ordered('acknowledge')], []],
  ];
  const pairs = places.flatMap(([place, phase, when, possible]) =>
    names.map((name) => ({ place, phase, name, when, possible: possible.includes(name) })),
  );
  const impossible = pairs.filter(({ possible }) => !possible);

  it('is looked at in every phase and every end', () => {
    // No event leads to abandoned: src/domain/take-over.ts begins and ends there.
    const reached = [...PHASES, ...ENDS].filter((phase) => phase !== 'abandoned');
    expect(new Set(places.map(([, phase]) => phase))).toEqual(new Set(reached));
    expect(impossible.length).toBeGreaterThan(pairs.length / 2);
  });

  it.each(pairs.filter(({ possible }) => possible))('$name while $place is answered', (pair) => {
    const { state, effect } = after(PLAN, ...pair.when);
    expect(state.phase).toBe(pair.phase);
    expect(() => transition(PLAN, state, event[pair.name](effect))).not.toThrow();
  });

  it.each(impossible)('$name while $place is a bug, and says so', ({ phase, name, when }) => {
    const { state, effect } = after(PLAN, ...when);
    expect(state.phase).toBe(phase);
    const thrown = thrownBy(state, event[name](effect));
    expect(thrown).toBeInstanceOf(ImpossibleTransition);
    expect(thrown).toMatchObject({ name: 'ImpossibleTransition', code: 'impossible_transition' });
  });

  /** The right kind of answer, to a question that was not asked. */
  const others: readonly (readonly [string, readonly Happening[], PromotionEvent])[] = [
    [
      'the results of another round',
      [prerequisitesMet],
      { type: 'round-closed', round: 'validation-2', results: roundOf() },
    ],
    [
      'the results of another preflight',
      TO_PREFLIGHT,
      { type: 'preflight-closed', round: 'preflight-2', results: roundOf(), notRollbackable: [] },
    ],
    ['an approval of an earlier request', TO_APPROVAL, { type: 'approved', epoch: 0 }],
    ['a rejection of an earlier request', TO_APPROVAL, { type: 'rejected', epoch: 0 }],
    ['the end of an earlier request', TO_APPROVAL, { type: 'expired', epoch: 0 }],
    ['another step that was promoted', TO_PROMOTING, { type: 'step-promoted', step: 'other', at: 1 }],
    [
      'another step that failed',
      TO_PROMOTING,
      { type: 'step-failed', step: 'other', code: 'x', effect: 'none' },
    ],
  ];
  it.each(others)('%s is no answer', (_, when, happening) => {
    expect(thrownBy(after(PLAN, ...when).state, happening)).toBeInstanceOf(ImpossibleTransition);
  });

  it('is a sample of a watch that never began', () => {
    const { state, effect } = after(PLAN, ...TO_WATCHING);
    const thrown = thrownBy({ ...state, watch: undefined }, lastSample('pass')(effect));
    expect(thrown).toMatchObject({ message: 'impossible transition: sampled while watching' });
  });

  it('names the event and the phase', () => {
    expect(() => after(PLAN, approved)).toThrow('impossible transition: approved while validating');
    expect(() => after(PLAN, ordered('rollback'))).toThrow(
      'impossible transition: rollback while validating',
    );
  });
});
