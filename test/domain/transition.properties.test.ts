import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import type { Effect } from '../../src/domain/effect.js';
import type { PromotionEvent } from '../../src/domain/event.js';
import { begin, type Move, type PromotionState } from '../../src/domain/move.js';
import type { Plan } from '../../src/domain/plan.js';
import { isBeforePromoting } from '../../src/domain/phase.js';
import { recordingOf } from '../../src/domain/records.js';
import { ImpossibleTransition, transition } from '../../src/domain/transition.js';
import type { GateResult } from '../../src/domain/verdict.js';
import { failing, GATES, holding } from '../support/plans.js';
import { PROPERTY_RUNS } from '../support/property-runs.js';
import {
  anyEvent,
  anyRound,
  chances,
  lastMove,
  misconfiguredChances,
  plans,
  play,
  quietChances,
  replay,
  resultsOf,
  type Chance,
  type Step,
} from './promotion-model.js';

// Proves what the rules promise for every sequence of events that the workflow can produce, as promotion-model.ts has
// it. That the model is the workflow is not proven here: test/workflows runs the real one.

const RUNS = { numRuns: PROPERTY_RUNS };
const ROLLED: readonly string[] = ['rolling-back', 'rollback-failed', 'rolled-back', 'rollback-acknowledged'];

function holdsForEvery(claim: (plan: Plan, steps: readonly Step[]) => void, arbitrary = chances): void {
  fc.assert(
    fc.property(plans, arbitrary, (plan, chances) => claim(plan, play(plan, chances))),
    RUNS,
  );
}

/** What is asked for belongs to the phase, and the state knows it. */
const isWhole = ({ state, effect }: Move): boolean =>
  state.phase === phaseOf(effect) && state.asked === effect.do;

function answerTo(plan: Plan, state: PromotionState, event: PromotionEvent): Move | ImpossibleTransition {
  try {
    return transition(plan, state, event);
  } catch (error) {
    if (error instanceof ImpossibleTransition) return error;
    throw error;
  }
}

const isRound = ({ event }: Step): boolean =>
  event.type === 'round-closed' || event.type === 'preflight-closed';
const everyGatePasses = (plan: Plan, results: readonly GateResult[]): boolean =>
  plan.gates.every(({ id }) => results.some(({ gate, verdict }) => gate === id && verdict === 'pass'));

/** A promotion step is about to be carried out. */
const promotes = ({ after }: Step): boolean => after.effect.do === 'promote';
/** From here on it is rolling back. */
const declares = ({ before, after }: Step): boolean =>
  after.state.phase === 'rolling-back' && !ROLLED.includes(before.state.phase);

describe('whatever happens', () => {
  it('is answered: the rules know every event that the workflow can produce, and change nothing they are given', () => {
    // play() throws on an impossible transition, and on a write to the frozen plan, state or event.
    holdsForEvery((plan, steps) => {
      for (const { after } of steps) expect(after.state.phase).toBe(phaseOf(after.effect));
      expect(steps[0]?.before.effect ?? begin(plan).effect).toEqual({ do: 'check-prerequisites' });
    });
  });

  it('leads to the same state when the same events come again', () => {
    holdsForEvery((plan, steps) => {
      expect(
        replay(
          plan,
          steps.map(({ event }) => event),
        ),
      ).toEqual(lastMove(plan, steps));
    });
  });

  it('does not depend on the order of the results within a round', () => {
    const orders = fc.array(fc.nat(), { minLength: GATES.length, maxLength: GATES.length });
    fc.assert(
      fc.property(plans, chances, orders, (plan, chances, order) => {
        const shuffled = (results: readonly GateResult[]): GateResult[] =>
          results
            .map((result, index) => ({ result, rank: order[index] ?? 0 }))
            .sort((a, b) => a.rank - b.rank)
            .map(({ result }) => result);
        let move = begin(plan);
        for (const { event, after } of play(plan, chances)) {
          const other = 'results' in event ? { ...event, results: shuffled(event.results) } : event;
          move = transition(plan, move.state, other);
          expect(move.effect).toEqual(after.effect);
          expect({ ...move.state, rounds: [] }).toEqual({ ...after.state, rounds: [] });
        }
      }),
      RUNS,
    );
  });
});

describe('any event at all, in any phase,', () => {
  it('is answered: with a move, or as an impossible transition that changes nothing; with nothing else', () => {
    fc.assert(
      fc.property(plans, chances, anyEvent, fc.nat(), (plan, chances, event, place) => {
        const steps = play(plan, chances);
        const { state } = steps[place % (steps.length + 1)]?.before ?? lastMove(plan, steps);
        const answer = answerTo(plan, state, event);
        expect(answer instanceof ImpossibleTransition || isWhole(answer)).toBe(true);
      }),
      RUNS,
    );
  });

  it('comes with some events that are possible where they come, and some that are not', () => {
    const sample = fc.sample(fc.tuple(plans, chances, anyEvent), { seed: 20_260_102, numRuns: 300 });
    const answers = sample.map(([plan, chances, event]) => {
      const { state } = play(plan, chances).at(-1)?.before ?? begin(plan);
      return answerTo(plan, state, event) instanceof ImpossibleTransition;
    });
    expect(new Set(answers)).toEqual(new Set([true, false]));
  });

  it('is impossible after the end', () => {
    fc.assert(
      fc.property(plans, chances, anyEvent, (plan, chances, event) => {
        const { state, effect } = lastMove(plan, play(plan, chances));
        fc.pre(effect.do === 'end');
        expect(answerTo(plan, state, event)).toBeInstanceOf(ImpossibleTransition);
      }),
      RUNS,
    );
  });
});

describe('nothing is promoted', () => {
  it('unless the last round was a preflight in which every gate passed', () => {
    holdsForEvery((plan, steps) => {
      for (const [index, step] of steps.entries()) {
        if (!promotes(step)) continue;
        const last = steps.slice(0, index + 1).findLast(isRound)?.event;
        expect(last?.type).toBe('preflight-closed');
        if (last?.type !== 'preflight-closed') continue;
        expect(everyGatePasses(plan, last.results)).toBe(true);
        expect(last.notRollbackable).toEqual([]);
      }
    });
  });

  it('unless it was approved after the last time that anyone was asked, and after the last round before that', () => {
    holdsForEvery((_, steps) => {
      for (const [index, step] of steps.entries()) {
        if (!promotes(step)) continue;
        const upTo = steps.slice(0, index + 1);
        const asked = upTo.findLastIndex(({ after }) => after.effect.do === 'await-decision');
        const sinceThen = upTo.slice(asked + 1).map(({ event }) => event.type);
        expect(asked).toBeGreaterThanOrEqual(0);
        expect(sinceThen.slice(0, 2)).toEqual(['approved', 'preflight-closed']);
        expect(sinceThen.filter((type) => type === 'approved')).toHaveLength(1);
        const request = upTo[asked]?.after.effect;
        const decision = upTo[asked + 1]?.event;
        expect(request?.do === 'await-decision' ? request.epoch : undefined).toBe(
          decision?.type === 'approved' ? decision.epoch : 'none',
        );
      }
    });
  });

  it('and called promoted unless every promotion step was promoted, in order, and the watch allowed it', () => {
    holdsForEvery((plan, steps) => {
      const { state, effect } = lastMove(plan, steps);
      if (effect.do !== 'end' || !effect.end.startsWith('promoted')) return;
      const promoted = steps.flatMap(({ event }) => (event.type === 'step-promoted' ? [event.step] : []));
      expect(promoted).toEqual(plan.promotion.map(({ id }) => id));
      expect(steps.some(({ event }) => event.type === 'step-failed')).toBe(false);
      const samples = samplesOf(steps);
      const last = samples.at(-1);
      expect(last?.at).toBeGreaterThanOrEqual(state.watch?.endsAt ?? Number.POSITIVE_INFINITY);
      const clean = last?.grade === 'pass' && samples.every(({ recorded }) => recorded);
      expect(effect.end).toBe(clean ? 'promoted' : 'promoted-with-warnings');
    });
  });

  it('and left so when it is not called promoted: once a step may have had an effect, only a rollback ends it', () => {
    holdsForEvery((plan, steps) => {
      const { effect } = lastMove(plan, steps);
      if (effect.do !== 'end' || effect.end.startsWith('promoted')) return;
      const touched = steps.some(
        ({ event }) =>
          event.type === 'step-promoted' ||
          (event.type === 'step-failed' && event.effect === 'possible') ||
          (event.type === 'faulted' && event.promotedBefore),
      );
      if (!touched) return;
      expect(['rolled-back', 'rollback-acknowledged']).toContain(effect.end);
    });
  });
});

describe('a rollback', () => {
  it('is never declared by a round in which whatever holds is misconfigured', () => {
    holdsForEvery((_, steps) => {
      for (const step of steps.filter(isRound)) expect(step.after.state.phase).not.toBe('rolling-back');
    }, misconfiguredChances);
  });

  it('that a round declares stands on a gate that holds and is not misconfigured, and on what its trigger says', () => {
    holdsForEvery((plan, steps) => {
      for (const step of steps) {
        const { event, after } = step;
        if (!declares(step) || event.type !== 'round-closed') continue;
        expect(after.state.triggers[0]).toBe(after.state.trigger);
        for (const trigger of after.state.triggers)
          expect(gatesBehind(plan, trigger, after.state.rounds, after.state.attempted)).not.toEqual([]);
      }
    });
  });

  it('comes when a gate was failing in the last rounds up to the end of retries, whatever else there was', () => {
    const watched = [
      'gateway-status',
      'deployment-status',
      'deployment-transport',
      'operator-summary',
    ] as const;
    fc.assert(
      fc.property(
        plans.filter(({ gates }) => gates.every(({ expect }) => expect.health === 'healthy')),
        fc.constantFrom(...watched),
        fc.array(anyRound, { minLength: 4, maxLength: 4 }),
        (plan, gate, rounds) => {
          const { retries } = plan.remediation;
          const { rounds: needed } = plan.triggers.repeatedFailing;
          let move = transition(plan, begin(plan).state, { type: 'prerequisites-checked', problems: [] });
          for (let n = 0; n <= retries; n += 1) {
            // Before the last rounds it only holds; then it is failing.
            const own = n > retries - needed ? failing(gate) : holding(gate);
            const others = resultsOf(plan, rounds[n] ?? []);
            const results = others.map((result) => (result.gate === gate ? own : result));
            move = transition(plan, move.state, {
              type: 'round-closed',
              round: `validation-${n + 1}`,
              results,
            });
            if (move.effect.do === 'remediate')
              move = transition(plan, move.state, { type: 'remediation-done', attempted: [gate] });
          }
          expect(move.effect).toEqual({ do: 'roll-back', attempt: 1 });
          expect(move.state.triggers).toContain('repeated_failing');
        },
      ),
      RUNS,
    );
  });

  it('once begun ends as rolled back or acknowledged, or stays failed; what it was declared for stays', () => {
    holdsForEvery((_, steps) => {
      const begun = steps.findIndex(declares);
      if (begun < 0) return;
      const declared = steps[begun]?.after.state;
      for (const { after } of steps.slice(begun)) {
        expect(ROLLED).toContain(after.state.phase);
        expect(after.state.trigger).toBe(declared?.trigger);
        expect(after.state.triggers).toEqual(declared?.triggers);
      }
    });
  });

  it('is called done only after it was verified, and verified again', () => {
    holdsForEvery((plan, steps) => {
      const { effect } = lastMove(plan, steps);
      if (effect.do !== 'end' || effect.end !== 'rolled-back') return;
      expect(steps.slice(-2).map(({ event }) => event)).toEqual([
        { type: 'rollback-tried', unverified: [] },
        { type: 'rollback-confirmed', unverified: [] },
      ]);
    });
  });

  it('is acknowledged only by a person, after it failed', () => {
    holdsForEvery((plan, steps) => {
      const { effect } = lastMove(plan, steps);
      if (effect.do !== 'end' || effect.end !== 'rollback-acknowledged') return;
      expect(steps.at(-1)?.event).toEqual({ type: 'ordered', action: 'acknowledge' });
      expect(steps.at(-1)?.before.state.phase).toBe('rollback-failed');
    });
  });
});

const recordings = (steps: readonly Step[], of: (step: Step) => boolean): readonly string[] =>
  steps.filter(of).map(({ event, before, after }) => recordingOf(before.state, event, after.state));

describe('a record', () => {
  it('is there before the next step, where nothing is promoted yet and no rollback is declared', () => {
    holdsForEvery((_, steps) => {
      const early = recordings(
        steps,
        ({ event, before, after }) =>
          isBeforePromoting(before.state.phase) &&
          !ROLLED.includes(after.state.phase) &&
          event.type !== 'faulted',
      );
      expect(early).toEqual(early.map(() => 'append'));
    });
  });

  it('is waited for by no rollback, and by no watch', () => {
    holdsForEvery((_, steps) => {
      const urgent = recordings(
        steps,
        ({ before, after }) => ROLLED.includes(after.state.phase) || before.state.phase === 'watching',
      );
      expect(urgent).not.toContain('append');
    });
  });

  it('covers many samples only while nothing changes', () => {
    holdsForEvery((_, steps) => {
      const gathered = steps.filter(
        ({ event, before, after }) => recordingOf(before.state, event, after.state) === 'gather',
      );
      expect(gathered.filter(({ after }) => after.state.phase !== 'watching')).toEqual([]);
      const samples = gathered.flatMap(({ event }) => samplesIn(event));
      expect(samples.filter(({ grade, recorded }) => grade !== 'pass' || !recorded)).toEqual([]);
    });
  });
});

describe('it ends', () => {
  it('after so many rounds at most: one, the retries, a preflight, one after its remediation, a preflight', () => {
    holdsForEvery((plan, steps) => {
      const { retries } = plan.remediation;
      const count = (effect: Effect['do']): number =>
        steps.filter(({ after }) => after.effect.do === effect).length;
      expect(steps.filter(isRound).length).toBeLessThanOrEqual(1 + retries + 1 + 1 + 1);
      expect(count('preflight')).toBeLessThanOrEqual(2);
      expect(count('await-decision')).toBeLessThanOrEqual(2);
      expect(count('remediate')).toBeLessThanOrEqual(retries + 1);
    });
  });

  it('by itself, or with a failed rollback that waits for people, after a bounded number of events', () => {
    fc.assert(
      fc.property(plans, quietChances, (plan, chances) => {
        const most = mostEvents(plan);
        const { effect } = lastMove(plan, play(plan, over(chances, most)));
        expect(['end', 'await-orders']).toContain(effect.do);
      }),
      RUNS,
    );
  });

  it('in every way that there is: the model reaches every effect, every end and every trigger', () => {
    const seen = new Set<string>();
    for (const [plan, chances] of fc.sample(fc.tuple(plans, FEW_OR_MANY), {
      seed: 20_260_102,
      numRuns: 3_000,
    }))
      for (const { event, after } of play(plan, chances)) {
        seen.add(`event ${event.type}`);
        seen.add(`do ${after.effect.do}`);
        if (after.effect.do === 'end') seen.add(`end ${after.effect.end}`);
        for (const trigger of after.state.triggers) seen.add(`trigger ${trigger}`);
      }
    expect([...seen].sort()).toEqual(EVERYTHING);
  });
});

const FEW_OR_MANY = fc.oneof(chances, quietChances);

/** Effects begin with asking for prerequisites, which no event leads to. */
const EVERYTHING = [
  'do ask-round',
  'do await-decision',
  'do await-orders',
  'do confirm-rollback',
  'do end',
  'do preflight',
  'do promote',
  'do remediate',
  'do roll-back',
  'do watch',
  'end aborted',
  'end expired',
  'end promoted',
  'end promoted-with-warnings',
  'end rejected',
  'end rollback-acknowledged',
  'end rolled-back',
  'end stopped',
  'event approved',
  'event cancelled',
  'event expired',
  'event faulted',
  'event ordered',
  'event preflight-closed',
  'event prerequisites-checked',
  'event rejected',
  'event remediation-done',
  'event rollback-confirmed',
  'event rollback-tried',
  'event round-closed',
  'event sampled',
  'event step-failed',
  'event step-promoted',
  'trigger cancelled',
  'trigger cortex_artifact_unrepaired',
  'trigger internal_fault',
  'trigger promotion_step_failed',
  'trigger readiness_failed_after_remediation',
  'trigger repeated_failing',
  'trigger requested',
  'trigger unreachable',
];

/** The phase in which an effect is carried out; an end is a phase of its own. */
function phaseOf(effect: Effect): string {
  switch (effect.do) {
    case 'check-prerequisites':
    case 'ask-round':
    case 'preflight':
      return 'validating';
    case 'remediate':
      return 'remediating';
    case 'await-decision':
      return 'awaiting-approval';
    case 'promote':
      return 'promoting';
    case 'watch':
      return 'watching';
    case 'roll-back':
    case 'confirm-rollback':
      return 'rolling-back';
    case 'await-orders':
      return 'rollback-failed';
    case 'end':
      return effect.end;
    default:
      return effect satisfies never;
  }
}

interface KeptSample {
  readonly at: number;
  readonly grade: string;
  readonly recorded: boolean;
}

function samplesOf(steps: readonly Step[]): readonly KeptSample[] {
  return steps.flatMap(({ event }) => samplesIn(event));
}

function samplesIn(event: PromotionEvent): readonly KeptSample[] {
  if (event.type !== 'sampled') return [];
  return event.samples.map(({ at, grade }) => ({ at, grade, recorded: event.recorded }));
}

/** The runbook's triggers said otherwise: the gates that a trigger stands on; none of them is misconfigured. */
function gatesBehind(
  plan: Plan,
  trigger: string,
  rounds: readonly (readonly GateResult[])[],
  attempted: readonly string[],
): readonly string[] {
  const holds = (rounds.at(-1) ?? []).filter(
    ({ verdict, kind }) => verdict === 'hold' && kind !== 'misconfigured',
  );
  switch (trigger) {
    case 'cortex_artifact_unrepaired':
      return holds
        .filter(({ gate }) => gate === 'cortex-status' && attempted.includes(gate))
        .filter(({ reasonCodes }) =>
          reasonCodes.some((code) => /^cortex_observer_events_(?:missing|malformed)$/.test(code)),
        )
        .map(({ gate }) => gate);
    case 'repeated_failing': {
      const { gates, rounds: needed } = plan.triggers.repeatedFailing;
      const last = rounds.slice(rounds.length - needed).flat();
      return gates.filter(
        (id) => last.filter(({ gate, failing }) => gate === id && failing).length === needed,
      );
    }
    case 'readiness_failed_after_remediation':
      return ['gateway-status', 'cortex-status', 'operator-summary'].some((part) => attempted.includes(part))
        ? holds.filter(({ gate }) => gate === 'readiness').map(({ gate }) => gate)
        : [];
    default:
      return [];
  }
}

/** From the prerequisites to the end of a rollback that is applied once more, nobody ordering anything. */
function mostEvents({ remediation, promotion, watch }: Plan): number {
  const rounds = 1 + remediation.retries + 1 + 1 + 1;
  const remediations = remediation.retries + 1;
  const decisions = 2;
  const segments = Math.ceil(watch.windowMs / watch.intervalMs) + watch.unreachableLimit;
  const rollback = 4;
  return 1 + rounds + remediations + decisions + promotion.length + segments + rollback;
}

/** The same chances over and over. */
function* over(chances: readonly Chance[], times: number): Generator<Chance> {
  for (let n = 0; n < times; n += 1) {
    const chance = chances[n % chances.length];
    if (chance !== undefined) yield chance;
  }
}
