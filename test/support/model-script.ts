import { validateYaml } from '../../src/adapters/yaml-document.js';
import { planOf } from '../../src/contracts/plan-of.js';
import { consistentRunbook } from '../../src/contracts/runbook-rules.js';
import type { PromotionEvent } from '../../src/domain/event.js';
import { begin, type Move } from '../../src/domain/move.js';
import { ENDS, type Action } from '../../src/domain/phase.js';
import type { Plan } from '../../src/domain/plan.js';
import { transition } from '../../src/domain/transition.js';
import { judge, type GateResult } from '../../src/domain/verdict.js';
import { gradeSample, type Sample } from '../../src/domain/watch.js';
import { observationOf, RUNNING_OBSERVATION, type Attempt, type Said } from './scripted-system.js';
import type { Seeded } from './seeded.js';

/** What a person, or Temporal, does once the promotion has come so far. */
export interface Intervention {
  /** After so many events of the rules, samples that changed nothing left out. */
  readonly afterEvents: number;
  /** And after so many questions to the service: it is being asked, or watched. */
  readonly afterQuestions: number;
  readonly does: Action | 'approve' | 'reject' | 'cancel';
}

export interface Told {
  readonly kind: string;
  readonly phase: string;
}

/** One promotion as the rules say that it goes: what the system answers, what people do, and what comes of it. */
export interface Script {
  readonly retries: number;
  readonly stepsDone: readonly boolean[];
  readonly says: readonly Said[];
  readonly attempts: readonly Attempt[];
  readonly interventions: readonly Intervention[];
  /** Every event but samples that changed nothing, and the phase that it leads to. */
  readonly told: readonly Told[];
  readonly last: Move;
}

/**
 * The ends that a script can come to: none expires, and `abandoned` is no promotion's own end (a terminated run is sealed
 * as it).
 */
export const SCRIPTED_ENDS = ENDS.filter((end) => end !== 'expired' && end !== 'abandoned');

const WATCH = { intervalMs: 600_000, samples: 4 };

const gate = (id: string, url: string) => ({
  id,
  http: { url },
  reader: 'tau-cortex-status',
  expect: { health: 'healthy', gate: 'pass' },
  deadline: '50s',
});

/** The runbook that the script is about, on a system that is served. */
export function runbookOf(
  { retries, stepsDone }: Pick<Script, 'retries' | 'stepsDone'>,
  system: { readonly serviceUrl: string; readonly brakeUrl: string; readonly mark: string },
): string {
  return JSON.stringify({
    v: 1,
    name: 'model',
    gates: [gate('service', system.serviceUrl), gate('brake', system.brakeUrl)],
    remediation: { retries, manual: { deadline: '1h' } },
    approval: { approvers: ['approver@rehearsal'] },
    promotion: {
      steps: stepsDone.map((done, index) => ({
        id: `step-${index + 1}`,
        command: { argv: [done ? 'true' : 'false'] },
        repeatable: false,
      })),
    },
    watch: {
      window: `${(WATCH.samples * WATCH.intervalMs) / 60_000}m`,
      interval: `${WATCH.intervalMs / 60_000}m`,
    },
    rollback: {
      triggers: {
        artifactUnrepaired: { gate: 'service', codes: ['cortex_observer_events_missing'] },
        repeatedFailing: { gates: ['service'], rounds: Math.min(2, retries + 1) },
      },
      confirmAfter: '0s',
      steps: [
        {
          id: 'stop',
          command: { argv: ['touch', system.mark] },
          verify: { gate: 'brake', expect: { gate: 'hold', reasonCodes: ['stopped'] } },
          deadline: '6s',
        },
      ],
    },
  });
}

function planFor(shape: Pick<Script, 'retries' | 'stepsDone'>): Plan {
  const nowhere = { serviceUrl: 'http://127.0.0.1:1/', brakeUrl: 'http://127.0.0.1:1/', mark: 'mark' };
  return planOf(validateYaml(runbookOf(shape, nowhere), 'model.yaml', consistentRunbook));
}

const PERSISTENT = ['hold', 'failing', 'artifact', 'malformed'] as const;

/** Plays one promotion through the rules, and keeps what the world has to do for it to come so. */
export function scriptOf(random: Seeded): Script {
  const shape = {
    retries: random.below(3),
    stepsDone: random.one([[true], [true], [true], [true, true], [false], [true, false]]),
  };
  const plan = planFor(shape);
  const trouble = random.one(PERSISTENT);
  const says: Said[] = [];
  const attempts: Attempt[] = [];
  const interventions: Intervention[] = [];
  const told: Told[] = [];
  let move = begin(plan);

  const seldom = (oneIn: number): boolean => random.below(oneIn) === 0;
  const happens = (event: PromotionEvent): void => {
    const before = move.state.phase;
    move = transition(plan, move.state, event);
    if (event.type !== 'sampled' || move.state.phase !== before)
      told.push({ kind: event.type, phase: move.state.phase });
  };
  const somebody = (does: Intervention['does']): void => {
    interventions.push({ afterEvents: told.length, afterQuestions: says.length, does });
    if (does === 'cancel') happens({ type: 'cancelled' });
    else if (does !== 'approve' && does !== 'reject' && does !== 'remediated')
      happens({ type: 'ordered', action: does });
  };
  /** What a round or a sample finds, or undefined where somebody ends the promotion before it is answered. */
  const ask = (): readonly GateResult[] | undefined => {
    const said = seldom(25)
      ? 'silence'
      : seldom(25)
        ? 'misconfigured'
        : random.one(['pass', 'pass', trouble]);
    says.push(said);
    if (said !== 'silence') return resultsOf(plan, said);
    somebody(random.one(['abort', 'cancel']));
    return undefined;
  };

  for (let turns = 0; move.effect.do !== 'end' && turns < 60; turns += 1) {
    const { effect } = move;
    switch (effect.do) {
      case 'check-prerequisites':
        happens({ type: 'prerequisites-checked', problems: [] });
        break;
      case 'ask-round': {
        const results = ask();
        if (results !== undefined) happens({ type: 'round-closed', round: effect.round, results });
        break;
      }
      case 'remediate': {
        const does = seldom(12) ? random.one(['abort', 'cancel']) : 'remediated';
        somebody(does);
        if (does === 'remediated')
          happens({ type: 'remediation-done', attempted: effect.repairs.flatMap(({ gates }) => gates) });
        break;
      }
      case 'await-decision': {
        const does = seldom(6) ? random.one(['reject', 'abort', 'cancel']) : 'approve';
        somebody(does);
        if (does === 'approve') happens({ type: 'approved', epoch: effect.epoch });
        if (does === 'reject') happens({ type: 'rejected', epoch: effect.epoch });
        break;
      }
      case 'preflight': {
        const results = ask();
        if (results !== undefined)
          happens({ type: 'preflight-closed', round: effect.round, results, notRollbackable: [] });
        break;
      }
      case 'promote':
        if (shape.stepsDone[move.state.steps.length - 1] === true)
          happens({ type: 'step-promoted', step: effect.step, at: 0 });
        else happens({ type: 'step-failed', step: effect.step, code: 'x', effect: 'possible' });
        break;
      case 'watch': {
        if (seldom(8)) {
          somebody(random.one(['rollback', 'cancel']));
          break;
        }
        const said = random.one([
          'pass',
          'pass',
          'hold',
          'failing',
          'failing',
          'malformed',
          'misconfigured',
        ] as const);
        says.push(said);
        happens({ type: 'sampled', samples: [sampleOf(plan, effect.watch, said)], recorded: true });
        break;
      }
      case 'roll-back': {
        const attempt = random.one([
          { stops: true, stays: true },
          { stops: true, stays: true },
          { stops: true, stays: false },
          { stops: false, stays: false },
        ]);
        attempts.push(attempt);
        happens({ type: 'rollback-tried', unverified: attempt.stops ? [] : ['stop'] });
        break;
      }
      case 'confirm-rollback':
        happens({ type: 'rollback-confirmed', unverified: attempts.at(-1)?.stays === true ? [] : ['stop'] });
        break;
      case 'await-orders':
        somebody(random.one(['retry-rollback', 'acknowledge']));
        break;
      default:
        effect satisfies never;
    }
  }
  return { ...shape, says, attempts, interventions, told, last: move };
}

function resultsOf(plan: Plan, said: Exclude<Said, 'silence'>): readonly GateResult[] {
  return plan.gates.map(({ id, expect: expected }) =>
    judge(id, id === 'service' ? observationOf(said) : RUNNING_OBSERVATION, expected),
  );
}

/** Taken when it is due: the stage's clock makes it so. */
function sampleOf(
  plan: Plan,
  watch: { readonly samples: number; readonly nextAt: number },
  said: Exclude<Said, 'silence'>,
): Sample {
  return { n: watch.samples + 1, at: watch.nextAt, grade: gradeSample(resultsOf(plan, said)) };
}
