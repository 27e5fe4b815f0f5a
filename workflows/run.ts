import type {
  ApprovalView,
  PromotionInput,
  PromotionView,
  RollbackStepView,
} from '../src/domain/messages.js';
import type { PromotionEvent } from '../src/domain/event.js';
import { begin, type Move } from '../src/domain/move.js';
import { overriddenGates } from '../src/domain/override.js';
import type { Plan } from '../src/domain/plan.js';
import { isEnd } from '../src/domain/phase.js';
import { isHeld, recordingOf } from '../src/domain/records.js';
import { transition } from '../src/domain/transition.js';
import type { GateResult } from '../src/domain/verdict.js';
import type { Admitted } from '../activities/admit.js';
import { describeEvent } from './describe-event.js';
import { Journal, type CarriedJournal, type Manner } from './journal.js';
import { missing, waitingFor, type OpenBallot } from '../src/domain/approval.js';
import { Outbox, type CarriedOutbox } from './outbox.js';
import type { Changes } from '../src/domain/changes.js';
import type { StatementHead } from '../src/domain/statement.js';
import { enteredPhase, NO_ORDERS, type OrdersTaken } from '../src/domain/orders.js';

export interface Refusal {
  readonly by: string;
  readonly what: string;
  readonly reason: string;
}

/** What a promotion takes along where its history is continued in a new one. */
export interface Carried {
  readonly admitted: Admitted;
  readonly move: Move;
  readonly journal: CarriedJournal;
  readonly gates: readonly GateResult[];
  readonly ballot: OpenBallot | undefined;
  readonly refusals: readonly Refusal[];
  readonly refused: number;
  /** Left out where an earlier version carried it. */
  readonly ordered?: OrdersTaken | undefined;
  readonly joined?: boolean | undefined;
  readonly sparing?: boolean | undefined;
  readonly terse?: boolean | undefined;
  readonly requested?: Requested | undefined;
  readonly published?: StatementHead | undefined;
  readonly outbox?: CarriedOutbox | undefined;
  readonly notified?: string | undefined;
}

/** What an open request has beside its votes. */
export interface Requested {
  readonly changes: Changes;
  /** ms since the epoch; when people are told again. */
  readonly remindAt: number;
}

/** What one promotion knows of itself; everything in it is rebuilt by replay. */
export class Run {
  readonly input: PromotionInput;
  readonly admitted: Admitted;
  readonly plan: Plan;
  readonly journal: Journal;
  readonly joined: boolean;
  readonly sparing: boolean;
  readonly terse: boolean;
  move: Move;
  gates: readonly GateResult[] = [];
  ballot: OpenBallot | undefined;
  /** What was last published, so that nothing is published twice. */
  told = '';
  /** The search attributes among it. */
  attributes = '';
  /** What the memo tells and no search attribute does, and whom it names as waited for. */
  memo: { readonly text: string; readonly waitingFor: readonly string[] | undefined } | undefined;
  /** The phase that was last told to those who look after the pipeline. */
  toldPhase: Move['state']['phase'] | undefined;
  /** The end is being recorded; a promotion is not told before that. */
  sealing = false;
  unverified: readonly string[] = [];
  rollback: readonly RollbackStepView[];
  /** The manual repair that a person is waited for. */
  manual: PromotionView['manual'] = undefined;
  refusals: readonly Refusal[] = [];
  /** How often a message was refused; more than are recorded. */
  refused = 0;
  ordered: OrdersTaken;
  /** The journal's head as it was last published: what an order names that was given without any worker. */
  published: StatementHead;
  requested: Requested | undefined;
  readonly outbox: Outbox;
  /** The phase that was notified of last, so that none is twice. */
  notified = '';

  constructor(input: PromotionInput, admitted: Admitted, manner: Manner, carried?: Carried) {
    this.joined = manner.joined;
    this.sparing = manner.sparing;
    this.terse = manner.terse;
    this.input = input;
    this.admitted = admitted;
    this.plan = admitted.plan;
    this.rollback = admitted.plan.rollback.steps.map(({ id, does }) => ({
      step: id,
      does,
      tried: null,
      byHand: [],
    }));
    this.journal = new Journal(admitted.run, overriddenGates(admitted.plan), manner, carried?.journal);
    this.outbox = new Outbox(carried?.outbox);
    this.notified = carried?.notified ?? '';
    this.move = carried?.move ?? begin(admitted.plan);
    this.published = carried?.published ?? this.journal.head;
    this.ordered = carried?.ordered ?? enteredPhase(NO_ORDERS, this.phase, this.journal.head.seq);
    if (carried === undefined) return;
    this.gates = carried.gates;
    this.ballot = carried.ballot;
    this.refusals = carried.refusals;
    this.refused = carried.refused;
    this.requested = carried.requested;
  }

  get carried(): Carried {
    const { admitted, move, journal, gates, ballot, refusals, refused, ordered, requested, published } = this;
    return {
      admitted,
      move,
      journal: journal.carried,
      gates,
      ballot,
      refusals,
      refused,
      ordered,
      requested,
      joined: this.joined,
      sparing: this.sparing,
      terse: this.terse,
      published,
      outbox: this.outbox.carried,
      notified: this.notified,
    };
  }

  get phase(): Move['state']['phase'] {
    return this.move.state.phase;
  }

  /**
   * The rules take the event at once, so that no order slips in between; the next effect waits for the record.
   *
   * @throws what made the journal unwritable for good; the run then is where it was before the event
   */
  async settle(event: PromotionEvent): Promise<void> {
    const before = this.move;
    const { ordered } = this;
    this.move = transition(this.plan, before.state, event);
    if (this.phase !== before.state.phase)
      this.ordered = enteredPhase(this.ordered, this.phase, this.journal.head.seq);
    const { kind, text, body } = describeEvent(event, this.move.state, overriddenGates(this.plan));
    const recording = recordingOf(before.state, event, this.move.state);
    if (recording === 'gather' && event.type === 'sampled') return this.journal.gather(event.samples, text);
    if (recording === 'append' && this.joined && isHeld(event, this.move.state))
      return this.journal.hold(kind, text, body);
    if (this.sparing && event.type === 'sampled' && isEnd(this.phase))
      return this.journal.hold(kind, text, body);
    if (recording !== 'append') return this.journal.owe(kind, text, body);
    try {
      await this.journal.append(kind, text, body);
    } catch (error) {
      this.move = before;
      this.ordered = ordered;
      throw error;
    }
  }

  approvalView(): ApprovalView | undefined {
    const { ballot, plan } = this;
    if (ballot === undefined) return undefined;
    return {
      digest: ballot.subject,
      text: ballot.text,
      request: ballot.request,
      requester: ballot.requester,
      required: plan.approval.required,
      approvers: plan.approval.approvers,
      protected: plan.approval.roles?.protected === true,
      votes: ballot.votes.map(({ by, verdict, identity, key }) => ({ by, verdict, identity, key })),
      waitingFor: waitingFor(plan.approval, ballot),
      missing: missing(plan.approval, ballot),
      expiresAt: ballot.expiresAt,
      changes: this.requested?.changes,
    };
  }
}
