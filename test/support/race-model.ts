import { isCounted, refuseDecision, tally, voteOf, type OpenBallot } from '../../src/domain/approval.js';
import { makesWay } from '../../src/domain/effect.js';
import type { Answer } from '../../src/domain/messages.js';
import { begin, type Move } from '../../src/domain/move.js';
import { hearsCancellation, isEnd, refuseAction } from '../../src/domain/phase.js';
import type { Plan } from '../../src/domain/plan.js';
import { refuseOrderer } from '../../src/domain/policy.js';
import { isSignedNow } from '../../src/domain/signing.js';
import { statementText, type ControlStatement, type DecisionStatement } from '../../src/domain/statement.js';
import { transition } from '../../src/domain/transition.js';
import { judge } from '../../src/domain/verdict.js';
import { observationOf, RUNNING_OBSERVATION } from './scripted-system.js';

/** What somebody said to a promotion, and what came back. Times are ms since the epoch. */
export interface Spoken {
  readonly says:
    | { readonly what: 'decision'; readonly statement: DecisionStatement }
    | { readonly what: 'abort'; readonly statement: ControlStatement }
    | { readonly what: 'cancel' };
  readonly saidAt: number;
  /** Infinite where nobody waits for an answer: it may be heard at any time from then on. */
  readonly answeredAt: number;
  /** `gone`: there was no promotion any more; undefined where nobody waits for an answer. */
  readonly answer: Answer | 'gone' | undefined;
}

/** A race as it was seen from outside, and as its evidence has it. */
export interface Observed {
  readonly plan: Plan;
  readonly run: string;
  readonly deployment: string;
  readonly target: string;
  readonly requester: string;
  /** What the service said to each round, in order; afterwards it passes. */
  readonly rounds: readonly ('pass' | 'hold')[];
  /** Approval requests as they were asked, from epoch 1. */
  readonly asked: readonly OpenBallot[];
  readonly spoken: readonly Spoken[];
  /** In the order in which they were recorded. */
  readonly refusals: readonly { readonly by: string; readonly what: string; readonly reason: string }[];
  /** In the order in which they were recorded. */
  readonly votes: readonly { readonly by: string; readonly verdict: string; readonly subject: string }[];
  readonly end: { readonly end: string; readonly reason: string; readonly trigger: string | null };
}

/** Where the rules stand after some of what was said. */
interface Standing {
  readonly move: Move;
  readonly ballot: OpenBallot | undefined;
  /** The deadline of the request that is open has passed. */
  readonly late: boolean;
  /** What the votes came to, and is being recorded: until it is, the request is open. */
  readonly decided: 'approved' | 'rejected' | undefined;
  /** An abort was taken and is carried out next. */
  readonly ordered: boolean;
  readonly cancelled: boolean;
  /** Orders as their text. */
  readonly taken: readonly string[];
  /** So many of the recorded ones are accounted for. */
  readonly refusals: number;
  readonly votes: number;
}

const MOST_LOOKED_AT = 400_000;
const SEALING = 'its end is decided and its evidence is being sealed: too late for an order';

/**
 * An order of all that was said, of deadlines and of what the rules do by themselves, in which the rules alone give every
 * answer that was given, every record, and the end. It keeps what was answered before something else was said.
 *
 * @returns that order, or undefined where there is none
 * @throws where it would have to look at too many orders
 */
export function explain(seen: Observed): readonly string[] | undefined {
  const dead = new Set<string>();
  const path: string[] = [];
  const start: Standing = {
    move: begin(seen.plan),
    ballot: undefined,
    late: false,
    decided: undefined,
    ordered: false,
    cancelled: false,
    taken: [],
    refusals: 0,
    votes: 0,
  };
  const search = (at: Standing, said: ReadonlySet<number>): boolean => {
    if (isExplained(seen, at, said)) return true;
    const key = keyOf(at, said);
    if (dead.has(key)) return false;
    for (const [label, next, index] of [...byThemselves(seen, at, said), ...bySpeaking(seen, at, said)]) {
      path.push(label);
      if (search(next, index === undefined ? said : new Set([...said, index]))) return true;
      path.pop();
    }
    if (dead.size >= MOST_LOOKED_AT) throw new Error('too many orders to look at');
    dead.add(key);
    return false;
  };
  return search(start, new Set()) ? path : undefined;
}

type Step = readonly [label: string, next: Standing, spoken?: number];

function isExplained(
  seen: Observed,
  { move, refusals, votes }: Standing,
  said: ReadonlySet<number>,
): boolean {
  const { effect, state } = move;
  return (
    effect.do === 'end' &&
    effect.end === seen.end.end &&
    effect.reason === seen.end.reason &&
    (state.trigger ?? null) === seen.end.trigger &&
    said.size === seen.spoken.length &&
    refusals === seen.refusals.length &&
    votes === seen.votes.length
  );
}

function keyOf({ move: { state, effect }, ballot, ...rest }: Standing, said: ReadonlySet<number>): string {
  return JSON.stringify([
    [...said].sort((a, b) => a - b),
    state.phase,
    state.epoch,
    state.rounds.length,
    state.watch?.samples,
    state.trigger,
    effect.do,
    ballot?.epoch,
    // Which of two votes of one person was counted decides how both are answered when they are repeated.
    ballot?.votes.map(({ statement }) => statement),
    rest,
  ]);
}

/** What happens without anybody saying anything: an order that was taken goes first wherever the effect makes way. */
function byThemselves(seen: Observed, at: Standing, said: ReadonlySet<number>): readonly Step[] {
  const { move, ordered, cancelled, decided } = at;
  const { effect, state } = move;
  if (effect.do === 'end') return [];
  const interrupts: Step[] = [];
  if (ordered)
    interrupts.push(['abort', { ...go(seen, at, { type: 'ordered', action: 'abort' }), ordered: false }]);
  else if (cancelled && hearsCancellation(state.phase))
    interrupts.push(['cancelled', { ...go(seen, at, { type: 'cancelled' }), cancelled: false }]);
  if (interrupts.length > 0 && makesWay(effect) && decided === undefined) return interrupts;
  return [...interrupts, ...goingOn(seen, at, said)];
}

function goingOn(seen: Observed, at: Standing, said: ReadonlySet<number>): readonly Step[] {
  const { move, ballot, late, decided } = at;
  const { effect, state } = move;
  const event = (happened: Parameters<typeof go>[2]): Step[] => [[happened.type, go(seen, at, happened)]];
  switch (effect.do) {
    case 'check-prerequisites':
      return event({ type: 'prerequisites-checked', problems: [] });
    case 'ask-round':
      return event({
        type: 'round-closed',
        round: effect.round,
        results: resultsOf(seen, state.rounds.length),
      });
    case 'remediate':
      return event({ type: 'remediation-done', attempted: effect.repairs.flatMap(({ gates }) => gates) });
    case 'await-decision': {
      const asked = seen.asked[effect.epoch - 1];
      if (ballot?.epoch !== effect.epoch)
        return asked === undefined ? [] : [['asked', { ...at, ballot: asked, late: false }]];
      const ends: Step[] =
        decided === undefined
          ? []
          : [
              [
                decided,
                { ...go(seen, at, { type: decided, epoch: effect.epoch }), decided: undefined, late: false },
              ],
            ];
      if (late) return decided === undefined ? event({ type: 'expired', epoch: effect.epoch }) : ends;
      const passes = seen.spoken.every(
        ({ answeredAt }, index) => said.has(index) || answeredAt >= ballot.expiresAt,
      )
        ? [['deadline', { ...at, late: true }] as const]
        : [];
      return [...ends, ...passes];
    }
    case 'preflight': {
      const results = resultsOf(seen, state.rounds.length);
      return event({ type: 'preflight-closed', round: effect.round, results, notRollbackable: [] });
    }
    case 'promote':
      return event({ type: 'step-promoted', step: effect.step, at: 0 });
    case 'watch': {
      const sample = { n: effect.watch.samples + 1, at: effect.watch.nextAt, grade: 'pass' } as const;
      return event({ type: 'sampled', samples: [sample], recorded: true });
    }
    case 'roll-back':
      return event({ type: 'rollback-tried', unverified: [] });
    case 'confirm-rollback':
      return event({ type: 'rollback-confirmed', unverified: [] });
    case 'await-orders':
    case 'end':
      return [];
    default:
      return effect satisfies never;
  }
}

function go(seen: Observed, at: Standing, event: Parameters<typeof transition>[2]): Standing {
  return { ...at, move: transition(seen.plan, at.move.state, event) };
}

function resultsOf({ plan, rounds }: Observed, round: number) {
  const said = rounds[round] ?? 'pass';
  return plan.gates.map(({ id, expect }) =>
    judge(id, id === 'service' ? observationOf(said) : RUNNING_OBSERVATION, expect),
  );
}

/** Whatever may be heard next: nothing that was said only after something else was answered goes before that. */
function bySpeaking(seen: Observed, at: Standing, said: ReadonlySet<number>): readonly Step[] {
  const open = seen.spoken.flatMap((spoken, index) => (said.has(index) ? [] : [{ spoken, index }]));
  const firstAnswer = Math.min(...open.map(({ spoken }) => spoken.answeredAt));
  return open.flatMap(({ spoken, index }): Step[] => {
    if (spoken.saidAt > firstAnswer || !isAsked(seen, at, spoken)) return [];
    const next = hear(seen, at, spoken);
    return next === undefined ? [] : [[labelOf(spoken), next, index]];
  });
}

/** A race begins with its first request, and nobody can name a request that was not asked yet. */
function isAsked({ asked }: Observed, { ballot }: Standing, { says }: Spoken): boolean {
  const named = says.what === 'decision' ? says.statement.request : undefined;
  const epoch = asked.find(({ request }) => request === named)?.epoch ?? 1;
  return ballot !== undefined && ballot.epoch >= epoch;
}

/** @returns undefined where the rules would have said something else here */
function hear(seen: Observed, at: Standing, { says, answer, saidAt }: Spoken): Standing | undefined {
  const over = isEnd(at.move.state.phase);
  if (answer === 'gone') return over ? at : undefined;
  if (says.what === 'cancel') return over ? at : { ...at, cancelled: true };
  if (says.what === 'decision') {
    for (const receivedAt of momentsOf(at, saidAt)) {
      const next = hearDecision(seen, at, says.statement, { saidAt, receivedAt }, answer);
      if (next !== undefined) return next;
    }
    return undefined;
  }
  return hearAbort(seen, at, says.statement, answer);
}

/**
 * When a vote may have been received: once the deadline has passed, after it; and before it if it was said before, for votes
 * of one person are looked into one after the other, and what waited for its turn is answered later.
 */
function momentsOf({ late, ballot }: Standing, saidAt: number): readonly number[] {
  const inTime = Number.NEGATIVE_INFINITY;
  const tooLate = Number.POSITIVE_INFINITY;
  if (!late) return [inTime];
  return ballot !== undefined && saidAt <= ballot.expiresAt ? [tooLate, inTime] : [tooLate];
}

function hearDecision(
  seen: Observed,
  at: Standing,
  statement: DecisionStatement,
  { saidAt, receivedAt }: { readonly saidAt: number; readonly receivedAt: number },
  answer: Answer | undefined,
): Standing | undefined {
  const { ballot, move } = at;
  const { by, verdict, subject } = statement;
  const taken = { accepted: true, reason: `${verdict} by ${by} is recorded` };
  if (ballot !== undefined && isCounted(ballot, statement)) return fits(answer, taken) ? at : undefined;
  const { plan, run, deployment, target } = seen;
  const { phase, epoch } = move.state;
  // Said after the deadline, it was heard after the deadline.
  const waits = phase === 'awaiting-approval' && ballot?.epoch === epoch;
  if (waits && !at.late && saidAt > ballot.expiresAt) return undefined;
  const reason =
    refuseDecision(plan.approval, { phase, epoch, run, deployment, target, ballot }, statement, receivedAt) ??
    (isSignedNow(statement.at, saidAt) ? undefined : 'not_signed_now');
  if (reason !== undefined || ballot === undefined)
    return refused(seen, at, { by, what: verdict, reason: reason ?? '' }, answer);
  // Looking into a vote takes longer than recording what the others came to.
  if (at.decided !== undefined) return undefined;
  const recorded = seen.votes[at.votes];
  if (recorded?.by !== by || recorded.verdict !== verdict || recorded.subject !== subject) return undefined;
  if (!fits(answer, taken)) return undefined;
  const vote = { ...voteOf(statement), statement, identity: 'asserted', key: null } as const;
  const counted = { ...at, votes: at.votes + 1, ballot: { ...ballot, votes: [...ballot.votes, vote] } };
  const outcome = tally(plan.approval, counted.ballot);
  // What was ordered before goes first.
  if (outcome === 'open' || at.ordered || at.cancelled) return counted;
  return { ...counted, decided: outcome };
}

function hearAbort(
  seen: Observed,
  at: Standing,
  statement: ControlStatement,
  answer: Answer | undefined,
): Standing | undefined {
  const { by } = statement;
  const { phase } = at.move.state;
  const text = statementText(statement);
  const taken = { accepted: true, reason: `abort by ${by} is recorded` };
  if (at.taken.includes(text)) return fits(answer, taken) ? at : undefined;
  const tooLate = refuseAction('abort', phase);
  // Sealing takes a while, and the promotion has ended all that time.
  if (isEnd(phase) && fits(answer, { accepted: false, reason: SEALING })) return at;
  const reason =
    tooLate ??
    (at.ordered
      ? 'abort is already ordered'
      : refuseOrderer(seen.plan.approval, seen.requester, 'abort', by));
  if (reason !== undefined) return refused(seen, at, { by, what: 'abort', reason }, answer);
  return fits(answer, taken) ? { ...at, ordered: true, taken: [...at.taken, text] } : undefined;
}

/** Recorded, unless it came after the end. */
function refused(
  seen: Observed,
  at: Standing,
  refusal: Observed['refusals'][number],
  answer: Answer | undefined,
): Standing | undefined {
  if (!fits(answer, { accepted: false, reason: refusal.reason })) return undefined;
  if (isEnd(at.move.state.phase)) return at;
  const { by, what, reason } = seen.refusals[at.refusals] ?? {};
  const same = by === refusal.by && what === refusal.what && reason === refusal.reason;
  return same ? { ...at, refusals: at.refusals + 1 } : undefined;
}

function fits(answer: Answer | undefined, expected: Answer): boolean {
  return answer === undefined || (answer.accepted === expected.accepted && answer.reason === expected.reason);
}

export function labelOf({ says, answer }: Spoken): string {
  const told = answer === undefined ? '' : answer === 'gone' ? ' (gone)' : ` (${answer.reason})`;
  if (says.what === 'cancel') return `cancel${told}`;
  const { by } = says.statement;
  return says.what === 'abort' ? `${by}: abort${told}` : `${by}: ${says.statement.verdict}${told}`;
}
