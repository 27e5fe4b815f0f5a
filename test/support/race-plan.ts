import { validateYaml } from '../../src/adapters/yaml-document.js';
import { planOf } from '../../src/contracts/plan-of.js';
import { consistentRunbook } from '../../src/contracts/runbook-rules.js';
import type { Plan } from '../../src/domain/plan.js';
import type { Seeded } from './seeded.js';

/** Something that is said in a race, and when. */
export interface Shot {
  readonly says:
    | {
        readonly what: 'decision';
        readonly by: string;
        readonly verdict: 'approve' | 'reject';
        /** What it is about: the request that is open, one before it, or none that there ever was. */
        readonly about: 'open' | 'earlier' | 'nothing';
        readonly backdated: boolean;
      }
    | { readonly what: 'abort'; readonly by: string }
    | { readonly what: 'cancel' }
    /** The same bytes as that one's, by the same person. */
    | { readonly what: 'again'; readonly shot: number };
  readonly way: 'update' | 'signal';
  readonly when:
    | { readonly at: 'asked'; readonly afterMs: number }
    /** Once that one before it was answered. */
    | { readonly at: 'answer'; readonly shot: number }
    /** Once the service was asked so often: 2 is the first preflight, 3 the next round or the watch. */
    | { readonly at: 'question'; readonly nth: number }
    | { readonly at: 'deadline'; readonly beforeMs: number };
}

/** One race: who may decide, what the system says, and what is said at the same moments. */
export interface RacePlan {
  readonly approvers: readonly string[];
  readonly required: number;
  /** Undefined: longer than the race. */
  readonly expiresMs: number | undefined;
  /** What the service says, question by question; afterwards it passes. */
  readonly rounds: readonly ('pass' | 'hold')[];
  /** By approval request: the second is asked where the first preflight holds. */
  readonly waves: readonly (readonly Shot[])[];
}

export const REQUESTER = 'requester@rehearsal';
const NAMES = ['approver-a@rehearsal', 'approver-b@rehearsal', 'approver-c@rehearsal'] as const;
const STRANGER = 'stranger@rehearsal';

/** The same seed gives the same race, but for the moments at which messages arrive. */
export function racePlan(random: Seeded): RacePlan {
  const names = NAMES.slice(0, random.one([2, 3, 3]));
  const required = 1 + random.below(names.length);
  const approvers = random.below(4) === 0 ? [...names, REQUESTER] : names;
  const first = random.one(['pass', 'pass', 'hold'] as const);
  const second = random.one(['pass', 'pass', 'hold'] as const);
  const expiresMs = random.below(4) === 0 ? 400 + random.below(900) : undefined;
  return {
    approvers,
    required,
    expiresMs,
    rounds: ['pass', first, 'pass', first === 'hold' ? second : 'pass'],
    waves: [
      waveOf(random, approvers, { shots: 3 + random.below(5), question: 2, epoch: 1, expiresMs }),
      waveOf(random, approvers, { shots: 2 + random.below(4), question: 4, epoch: 2, expiresMs }),
    ],
  };
}

interface Wave {
  readonly shots: number;
  readonly question: number;
  readonly epoch: number;
  readonly expiresMs: number | undefined;
}

function waveOf(random: Seeded, approvers: readonly string[], wave: Wave): readonly Shot[] {
  const shots: Shot[] = [];
  for (let index = 0; index < wave.shots; index += 1) {
    const says = saysOf(random, approvers, index, wave);
    shots.push({
      says,
      way: says.what === 'decision' && random.below(3) === 0 ? 'signal' : 'update',
      when: whenOf(random, shots, wave),
    });
  }
  return shots;
}

function saysOf(random: Seeded, approvers: readonly string[], index: number, { epoch }: Wave): Shot['says'] {
  const anybody = random.one([approvers[0] ?? '', ...approvers.slice(1)]);
  const decision = {
    what: 'decision',
    by: anybody,
    verdict: 'approve',
    about: 'open',
    backdated: false,
  } as const;
  const kinds: readonly [number, () => Shot['says']][] = [
    [12, () => decision],
    [2, () => ({ ...decision, verdict: 'reject' })],
    [3, () => (index === 0 ? decision : { what: 'again', shot: random.below(index) })],
    [2, () => ({ ...decision, by: STRANGER, verdict: random.one(['approve', 'reject']) })],
    [1, () => ({ ...decision, by: REQUESTER })],
    [epoch === 1 ? 1 : 3, () => ({ ...decision, about: epoch === 1 ? 'nothing' : 'earlier' })],
    [1, () => ({ ...decision, backdated: true })],
    [1, () => ({ what: 'abort', by: random.one([REQUESTER, anybody, STRANGER]) })],
    [1, () => ({ what: 'cancel' })],
  ];
  let drawn = random.below(kinds.reduce((sum, [weight]) => sum + weight, 0));
  for (const [weight, make] of kinds) {
    if (drawn < weight) return make();
    drawn -= weight;
  }
  return decision;
}

function whenOf(random: Seeded, before: readonly Shot[], { question, expiresMs }: Wave): Shot['when'] {
  // A question that is never asked keeps nobody else waiting.
  const answered = before.flatMap(({ when }, index) => (when.at === 'question' ? [] : [index]));
  const [first, ...others] = answered;
  const drawn = random.below(6);
  if (expiresMs !== undefined && drawn < 4) return { at: 'deadline', beforeMs: random.below(250) - 20 };
  if (drawn === 0 && first !== undefined) return { at: 'answer', shot: random.one([first, ...others]) };
  if (drawn === 1) return { at: 'question', nth: question + random.below(2) };
  return { at: 'asked', afterMs: random.below(2) * random.below(60) };
}

const gate = (id: string, url: string) => ({
  id,
  http: { url },
  reader: 'tau-cortex-status',
  expect: { health: 'healthy', gate: 'pass' },
  deadline: '10s',
});

type Voting = Pick<RacePlan, 'approvers' | 'required' | 'expiresMs'>;

/** The runbook that the race is about, on a system that is served. */
export function raceRunbook(
  { approvers, required, expiresMs }: Voting,
  places: {
    readonly serviceUrl: string;
    readonly brakeUrl: string;
    readonly mark: string;
    readonly promoted: string;
  },
): string {
  return JSON.stringify({
    v: 1,
    name: 'race',
    gates: [gate('service', places.serviceUrl), gate('brake', places.brakeUrl)],
    remediation: {
      retries: 1,
      repairs: [
        {
          id: 'refresh',
          helps: { service: ['cortex_observer_events_stale'] },
          command: { argv: ['true'] },
          deadline: '10s',
        },
      ],
    },
    approval: { required, approvers, expires: expiresMs === undefined ? '1h' : `${expiresMs}ms` },
    promotion: {
      steps: [{ id: 'deploy', command: { argv: ['mkdir', places.promoted] }, repeatable: false }],
    },
    watch: { window: '20m', interval: '10m' },
    rollback: {
      triggers: { repeatedFailing: { gates: ['service'], rounds: 2 } },
      confirmAfter: '0s',
      steps: [
        {
          id: 'stop',
          command: { argv: ['touch', places.mark] },
          verify: { gate: 'brake', expect: { gate: 'hold', reasonCodes: ['stopped'] } },
          deadline: '20s',
        },
      ],
    },
  });
}

/** As the worker has it. */
export function planOfRace(race: Voting): Plan {
  const nowhere = 'http://127.0.0.1:1/';
  const places = { serviceUrl: nowhere, brakeUrl: nowhere, mark: 'mark', promoted: 'promoted' };
  return planOf(validateYaml(raceRunbook(race, places), 'race.yaml', consistentRunbook));
}
