import * as fc from 'fast-check';
import type { Effect } from '../../src/domain/effect.js';
import type { PromotionEvent } from '../../src/domain/event.js';
import { begin, type Move } from '../../src/domain/move.js';
import { refuseAction, type Action } from '../../src/domain/phase.js';
import type { Plan, WatchLimits } from '../../src/domain/plan.js';
import type { Health, RolloutGate } from '../../src/domain/posture.js';
import type { Observation } from '../../src/domain/observation.js';
import { transition } from '../../src/domain/transition.js';
import { judge, type GateResult } from '../../src/domain/verdict.js';
import type { Sample, SampleGrade, WatchState } from '../../src/domain/watch.js';
import { GATES, tauPlan } from '../support/plans.js';

/**
 * A small model of the workflow (workflows/promotion.ts, effects.ts and orders.ts): given what the rules want done, the
 * events that can come of it, orders and cancellation at the moments at which they are handed over, and faults of ours.
 */

/** A round's answers by the place of their gate; undefined is what the runbook expects. */
export type Answers = readonly (Observation | undefined)[];

/** Something happens; what of it is looked at depends on what the promotion was about to do. */
export interface Chance {
  readonly interruption: Exclude<Action, 'remediated'> | 'cancelled' | 'faulted' | undefined;
  /** Where it faults: whether another history of this run promoted. */
  readonly promotedBefore: boolean;
  readonly prerequisites: boolean;
  readonly observations: Answers;
  readonly decision: 'approved' | 'rejected' | 'expired';
  readonly notRollbackable: boolean;
  readonly step: 'promoted' | 'failed-without-effect' | 'failed';
  readonly grades: readonly SampleGrade[];
  readonly recorded: boolean;
  /** How late a sample is taken, ms. */
  readonly lateMs: number;
  readonly verified: boolean;
}

export interface Step {
  readonly event: PromotionEvent;
  readonly before: Move;
  readonly after: Move;
}

/** Everything that happens to one promotion: as many chances as there are, or until it ended. */
export function play(plan: Plan, chances: Iterable<Chance>): readonly Step[] {
  const steps: Step[] = [];
  let move = frozen(begin(plan));
  for (const chance of chances) {
    if (move.effect.do === 'end') break;
    const event = eventOf(plan, move, chance);
    if (event === undefined) continue;
    const after = frozen(transition(plan, move.state, frozen(event)));
    steps.push({ event, before: move, after });
    move = after;
  }
  return steps;
}

/** The same events again, without the model. */
export function replay(plan: Plan, events: readonly PromotionEvent[]): Move {
  return events.reduce(({ state }, event) => transition(plan, state, event), begin(plan));
}

export function lastMove(plan: Plan, steps: readonly Step[]): Move {
  return steps.at(-1)?.after ?? begin(plan);
}

function eventOf(plan: Plan, { state, effect }: Move, chance: Chance): PromotionEvent | undefined {
  const { interruption } = chance;
  if (interruption === 'faulted' && effect.do !== 'await-orders')
    return { type: 'faulted', code: 'journal_fork', promotedBefore: chance.promotedBefore };
  // A rollback is never cancelled, and a failed one waits for people.
  if (interruption === 'cancelled' && state.phase !== 'rolling-back' && state.phase !== 'rollback-failed')
    return { type: 'cancelled' };
  if (isOrder(interruption) && refuseAction(interruption, state.phase) === undefined)
    return { type: 'ordered', action: interruption };
  return outcomeOf(plan, effect, chance);
}

function isOrder(interruption: Chance['interruption']): interruption is Exclude<Action, 'remediated'> {
  return interruption !== undefined && interruption !== 'cancelled' && interruption !== 'faulted';
}

/** Undefined where nothing comes of it by itself: a failed rollback waits for an order. */
function outcomeOf(plan: Plan, effect: Effect, chance: Chance): PromotionEvent | undefined {
  switch (effect.do) {
    case 'check-prerequisites':
      return { type: 'prerequisites-checked', problems: chance.prerequisites ? [] : ['jq is not on PATH'] };
    case 'ask-round':
      return { type: 'round-closed', round: effect.round, results: resultsOf(plan, chance.observations) };
    case 'remediate':
      return {
        type: 'remediation-done',
        attempted: [...new Set(effect.repairs.flatMap(({ gates }) => gates))],
      };
    case 'await-decision':
      return { type: chance.decision, epoch: effect.epoch };
    case 'preflight':
      return {
        type: 'preflight-closed',
        round: effect.round,
        results: resultsOf(plan, chance.observations),
        notRollbackable: chance.notRollbackable ? ['deployment-revert: refused'] : [],
      };
    case 'promote':
      return chance.step === 'promoted'
        ? { type: 'step-promoted', step: effect.step, at: 1_000_000 }
        : {
            type: 'step-failed',
            step: effect.step,
            code: 'push_refused',
            effect: chance.step === 'failed' ? 'possible' : 'none',
          };
    case 'watch':
      return {
        type: 'sampled',
        samples: segment(plan.watch, effect.watch, chance),
        recorded: chance.recorded,
      };
    case 'roll-back':
      return { type: 'rollback-tried', unverified: chance.verified ? [] : ['gateway-stop: still_running'] };
    case 'confirm-rollback':
      return {
        type: 'rollback-confirmed',
        unverified: chance.verified ? [] : ['gateway-stop: still_running'],
      };
    case 'await-orders':
    case 'end':
      return undefined;
    default:
      return effect satisfies never;
  }
}

export function resultsOf(plan: Plan, answers: Answers): GateResult[] {
  return plan.gates.map(({ id, expect }, index) =>
    judge(id, answers[index] ?? answered(expect.health, expect.gate, 'as_expected'), expect),
  );
}

/** As activities/watch.ts samples: until one does not pass, or the window ended. */
function segment({ intervalMs }: WatchLimits, watch: WatchState, { grades, lateMs }: Chance): Sample[] {
  const samples: Sample[] = [];
  let due = watch.nextAt;
  for (const grade of grades) {
    const at = due + lateMs;
    samples.push({ n: watch.samples + samples.length + 1, at, grade });
    if (grade !== 'pass' || at >= watch.endsAt) break;
    due = Math.min(at + intervalMs, watch.endsAt);
  }
  return samples;
}

const ANSWER = { kind: 'answered', recommendations: [] } as const;
const answered = (health: Health, gate: RolloutGate, ...reasonCodes: readonly string[]): Observation => ({
  ...ANSWER,
  posture: { health, gate, reasonCodes },
});
const silent = (kind: 'unreachable' | 'malformed' | 'misconfigured'): Observation => ({
  kind,
  code: `${kind}:code`,
  detail: '',
});
const MISCONFIGURED = silent('misconfigured');
const FAILING = answered('failing', 'hold', 'down');

const often = <T>(usual: T, ...seldom: readonly T[]): fc.Arbitrary<T> =>
  fc.oneof(
    { weight: 8, arbitrary: fc.constant(usual) },
    { weight: 2, arbitrary: fc.constantFrom(...seldom) },
  );

const bad = fc.constantFrom(
  FAILING,
  answered('failing', 'hold', 'service_stopped'),
  answered('failing', 'hold', 'service_stopped', 'stopped_by_emergency_rollback'),
  answered('degraded', 'hold', 'cortex_observer_events_missing'),
  answered('degraded', 'hold', 'cortex_observer_events_malformed'),
  answered('healthy', 'pass'),
  answered('unknown', 'hold', 'stuck'),
  silent('unreachable'),
  silent('malformed'),
  MISCONFIGURED,
);
/** One answer, as expected or not. */
const anyAnswer = fc.oneof({ weight: 2, arbitrary: fc.constant(undefined) }, { weight: 3, arbitrary: bad });

const everyGate = (answer: fc.Arbitrary<Observation | undefined>): fc.Arbitrary<Answers> =>
  fc.array(answer, { minLength: GATES.length, maxLength: GATES.length });
export const anyRound = everyGate(anyAnswer);
/** Rounds in which nothing but a wrong question holds. */
const misconfiguredRound = everyGate(fc.constantFrom(undefined, MISCONFIGURED));
const GATEWAY = GATES.indexOf('gateway-status');

const usualRound: fc.Arbitrary<Answers> = fc.oneof(
  { weight: 5, arbitrary: fc.constant<Answers>([]) },
  { weight: 2, arbitrary: anyRound },
  { weight: 1, arbitrary: misconfiguredRound },
  // What stays broken in the same way over several rounds is what triggers count.
  { weight: 1, arbitrary: fc.constant(GATES.map((_, index) => (index === GATEWAY ? FAILING : undefined))) },
);

const grade = fc.oneof(
  { weight: 4, arbitrary: fc.constant<SampleGrade>('pass') },
  { weight: 3, arbitrary: fc.constantFrom<SampleGrade[]>('failing', 'unreachable', 'hold') },
);

function chanceOf(
  interruption: fc.Arbitrary<Chance['interruption']>,
  observations = usualRound,
): fc.Arbitrary<Chance> {
  return fc.record({
    interruption,
    promotedBefore: often(false, true),
    prerequisites: fc.integer({ min: 0, max: 19 }).map((n) => n > 0),
    observations,
    decision: often<Chance['decision']>('approved', 'rejected', 'expired'),
    notRollbackable: often(false, true),
    step: often<Chance['step']>('promoted', 'failed-without-effect', 'failed'),
    grades: fc.array(grade, { minLength: 1, maxLength: 5 }),
    recorded: often(true, false),
    lateMs: fc.integer({ min: 0, max: 5 }),
    verified: fc.boolean(),
  });
}

const someInterruption = fc.oneof(
  { weight: 24, arbitrary: fc.constant(undefined) },
  {
    weight: 3,
    arbitrary: fc.constantFrom<Chance['interruption'][]>('rollback', 'retry-rollback', 'acknowledge'),
  },
  { weight: 1, arbitrary: fc.constantFrom<Chance['interruption'][]>('abort', 'cancelled', 'faulted') },
);

/** Enough for the longest way through, and then some that go on after a failed rollback. */
export const chances = fc.array(chanceOf(someInterruption), { minLength: 1, maxLength: 40, size: 'max' });
/** Nobody says anything, and nothing of ours fails. */
export const quietChances = fc.array(chanceOf(fc.constant(undefined)), {
  minLength: 1,
  maxLength: 20,
  size: 'max',
});
/** As chances, but whatever holds is misconfigured. */
export const misconfiguredChances = fc.array(chanceOf(someInterruption, misconfiguredRound), {
  minLength: 1,
  maxLength: 40,
  size: 'max',
});

const names = (kind: string): fc.Arbitrary<string> =>
  fc.integer({ min: 0, max: 3 }).map((n) => `${kind}-${n}`);
const someResults = anyRound.map((answers) => resultsOf(tauPlan(), answers));
const epoch = fc.integer({ min: 0, max: 3 });
const step = fc.constantFrom('first', 'second', 'third', 'other');
const lines = fc.constantFrom<(readonly string[])[]>([], ['gateway-stop: still_running']);

/** Whatever could be said to the rules, also what the workflow never says. */
export const anyEvent: fc.Arbitrary<PromotionEvent> = fc.oneof(
  fc.record({ type: fc.constant('prerequisites-checked' as const), problems: lines }),
  fc.record({ type: fc.constant('round-closed' as const), round: names('validation'), results: someResults }),
  fc.record({ type: fc.constant('remediation-done' as const), attempted: lines }),
  fc.record({ type: fc.constantFrom('approved' as const, 'rejected' as const, 'expired' as const), epoch }),
  fc.record({
    type: fc.constant('preflight-closed' as const),
    round: names('preflight'),
    results: someResults,
    notRollbackable: lines,
  }),
  fc.record({ type: fc.constant('step-promoted' as const), step, at: fc.nat() }),
  fc.record({
    type: fc.constant('step-failed' as const),
    step,
    code: fc.constant('x'),
    effect: fc.constantFrom('none' as const, 'possible' as const),
  }),
  fc.record({
    type: fc.constant('sampled' as const),
    samples: fc.array(fc.record({ n: fc.nat(), at: fc.nat(), grade })),
    recorded: fc.boolean(),
  }),
  fc.record({
    type: fc.constantFrom('rollback-tried' as const, 'rollback-confirmed' as const),
    unverified: lines,
  }),
  fc.record({
    type: fc.constant('ordered' as const),
    action: fc.constantFrom(
      'abort' as const,
      'rollback' as const,
      'retry-rollback' as const,
      'acknowledge' as const,
    ),
  }),
  fc.constant<PromotionEvent>({ type: 'cancelled' }),
  fc.record({ type: fc.constant('faulted' as const), code: fc.constant('x'), promotedBefore: fc.boolean() }),
);

/** Tau's plan, with limits small enough that every end is near. */
export const plans: fc.Arbitrary<Plan> = fc
  .record({
    retries: fc.integer({ min: 0, max: 3 }),
    rounds: fc.integer({ min: 1, max: 4 }),
    steps: fc.constantFrom(['first'], ['first', 'second'], ['first', 'second', 'third']),
    watch: fc.record({
      windowMs: fc.integer({ min: 1, max: 60 }),
      intervalMs: fc.integer({ min: 5, max: 30 }),
      repeatedFailing: fc.integer({ min: 1, max: 3 }),
      unreachableLimit: fc.integer({ min: 1, max: 4 }),
    }),
    sparse: fc.boolean(),
  })
  // "`repeatedFailing` above retries + 1 is a runbook error"
  .map(({ rounds, sparse, ...changes }) => {
    const plan = tauPlan({ ...changes, rounds: Math.min(rounds, changes.retries + 1) });
    return frozen(sparse ? withSparseOperator(plan) : plan);
  });

/** "For sparse local environments where operator summary is expected to hold" */
function withSparseOperator(plan: Plan): Plan {
  const gates = plan.gates.map((gate) =>
    gate.id === 'operator-summary' ? { ...gate, expect: { health: 'failing', gate: 'hold' } as const } : gate,
  );
  return { ...plan, gates };
}

/** Frozen all through: a rule that changed what it was given would throw. */
function frozen<T>(value: T): T {
  if (typeof value !== 'object' || value === null || Object.isFrozen(value)) return value;
  for (const member of Object.values(value)) frozen<unknown>(member);
  return Object.freeze(value);
}
