import { allHandlersFinished, CancellationScope, condition, log, setHandler } from '@temporalio/workflow';

import { isCounted, refuseDecision, tally, voteOf } from '../src/domain/approval.js';
import type { PromotionEvent } from '../src/domain/event.js';
import type { Answer } from '../src/domain/messages.js';
import { isTaken, refuseHead, took } from '../src/domain/orders.js';
import { hearsCancellation, isEnd, refuseAction, type Action } from '../src/domain/phase.js';
import { isKnown, refuseOrderer } from '../src/domain/policy.js';
import {
  parseControl,
  parseDecision,
  type ControlStatement,
  type DecisionStatement,
  type Submission,
} from '../src/domain/statement.js';
import { decisionActivities, orderActivities } from './activity-options.js';
import { codeOf } from './failure-code.js';
import { control, decide, decideSignal } from './messages.js';
import { notify } from './notifying.js';
import type { Run } from './run.js';
import { publish } from './visibility.js';

const REFUSALS_RECORDED = 50;

/** Nothing is asked of the target any more, and its end is told once its evidence is sealed. */
const SEALING = 'its end is decided and its evidence is being sealed: too late for an order';

/** Whether somebody waits for the answer: not for a signal's. */
type Waits = 'somebody' | 'nobody';

/**
 * What people say to a running promotion. Handlers stand before the first await; decisions are taken one at a time,
 * checked, verified by the worker, and checked again, for a slower one may have changed what it is about.
 */
export class Orders {
  #run: Run | undefined;
  #pending: { readonly type: 'ordered'; readonly action: Exclude<Action, 'remediated'> } | undefined;
  #cancelled = false;
  #remediated = false;
  #queue: Promise<unknown> = Promise.resolve();
  /** Signed orders that a worker is looking into. */
  readonly #checks = new Set<Promise<Answer>>();
  /** Decisions that were heard and not answered yet: a signal's are no handler that Temporal knows of. */
  #turns = 0;
  /** Signals that were no decision at all. */
  #unreadable = 0;

  constructor() {
    setHandler(decide, (submission) => this.#hear(submission, 'somebody'), {
      validator: (submission) => this.#refuseFlood(parseDecision(submission).by),
    });
    setHandler(decideSignal, (submission) => {
      try {
        const answer = this.#hear(submission, 'nobody');
        if (answer instanceof Promise) answer.catch((error: unknown) => this.#logSignal(error));
      } catch (error) {
        this.#logSignal(error);
      }
    });
    // Awaits nothing, so it waits for no vote that is being recorded: an abort goes through on a full disk.
    setHandler(control, (submission) => this.#control(submission), {
      validator: (submission) => this.#refuseFlood(parseControl(submission).by),
    });
    // No handler for signals of other names: with one, a signal by a name of Temporal's own fails every task from then on. Without
    // one they wait in memory for nobody, until the history is continued.
    CancellationScope.current().cancelRequested.catch(() => {
      this.#cancelled = true;
    });
  }

  attach(run: Run): void {
    this.#run = run;
  }

  /** An order or a cancellation that the current phase has to carry out, once. One that came too late is recorded. */
  take(): PromotionEvent | undefined {
    const run = this.#run;
    if (run === undefined) return undefined;
    const pending = this.#pending;
    this.#pending = undefined;
    const tooLate = pending === undefined ? undefined : refuseAction(pending.action, run.phase);
    if (pending !== undefined && tooLate === undefined) return pending;
    if (pending !== undefined && tooLate !== undefined)
      run.journal.owe('order-overtaken', tooLate, { action: pending.action, phase: run.phase });
    if (!this.#cancelled || !hearsCancellation(run.phase)) return undefined;
    this.#cancelled = false;
    return { type: 'cancelled' };
  }

  /** Waits until everybody who asked was answered; votes and orders that come later are refused without a record. */
  async drained(): Promise<void> {
    await condition(() => this.quiet);
  }

  /** Nobody waits for an answer, and no vote for its turn. */
  get quiet(): boolean {
    return allHandlersFinished() && this.#turns === 0;
  }

  /** Whether there is something to take. */
  get pending(): boolean {
    return (
      this.#pending !== undefined ||
      (this.#cancelled && (this.#run === undefined || hearsCancellation(this.#run.phase)))
    );
  }

  /** A `remediated` counts from the moment that the phase is remediating; the next remediation needs its own. */
  endRemediation(): void {
    this.#remediated = false;
  }

  /** Waits until a person says `remediated`, or the deadline passed. Each manual repair needs its own. */
  async remediated(deadlineMs: number): Promise<boolean> {
    const done = await condition(() => this.#remediated, deadlineMs);
    this.#remediated = false;
    return done;
  }

  async #inTurn(take: () => Promise<Answer>): Promise<Answer> {
    this.#turns += 1;
    const turn = this.#queue.then(() => CancellationScope.nonCancellable(take));
    this.#queue = turn.then(
      () => this.#endTurn(),
      () => this.#endTurn(),
    );
    return turn;
  }

  #endTurn(): void {
    this.#turns -= 1;
  }

  /**
   * What can be answered at once takes no turn: thousands that come with one task, and each takes a while, would hold that task
   * up until it is given up, and with it everything that this worker does.
   */
  #hear(submission: Submission, waits: Waits): Answer | Promise<Answer> {
    const statement = parseDecision(submission);
    const receivedAt = Date.now();
    const known = this.#run === undefined ? undefined : this.#atOnce(statement, receivedAt);
    return known ?? this.#inTurn(() => this.#decide(submission, statement, receivedAt, waits));
  }

  /** The answer to what was counted before, or is refused as things stand; undefined where a worker has to look. */
  #atOnce(statement: DecisionStatement, receivedAt: number): Answer | undefined {
    const { by, verdict } = statement;
    const ballot = this.#run?.ballot;
    if (ballot !== undefined && isCounted(ballot, statement)) return taken(verdict, by);
    const refusal = this.#refuseDecision(statement, receivedAt);
    return refusal === undefined ? undefined : this.#refuse(by, verdict, refusal);
  }

  async #decide(
    submission: Submission,
    statement: DecisionStatement,
    receivedAt: number,
    waits: Waits,
  ): Promise<Answer> {
    const early = this.#atOnce(statement, receivedAt);
    if (early !== undefined) return early;
    const run = this.#known();
    const epoch = run.ballot?.epoch ?? 0;
    const checked = await orFailure(() =>
      decisionActivities(waits).recordDecision({ run: run.admitted.run, epoch, submission }),
    );
    if (typeof checked === 'string') return this.#unchecked(statement.by, statement.verdict, checked);
    const { voter = statement.by, identity = 'asserted', key = null } = checked;
    // What changed meanwhile goes first: the answer then fits what others were told.
    const late = this.#refuseDecision(statement, receivedAt, voter) ?? checked.refusal;
    if (late !== undefined) return this.#refuse(statement.by, statement.verdict, late);
    if (run.ballot === undefined || run.ballot.epoch !== epoch)
      return this.#refuse(statement.by, statement.verdict, 'not_awaiting_approval');
    const vote = { ...voteOf(statement, voter), statement, identity, key };
    run.ballot = { ...run.ballot, votes: [...run.ballot.votes, vote] };
    await run.journal.append('decision-accepted', `${statement.by}: ${statement.verdict} (${identity})`, {
      by: statement.by,
      verdict: statement.verdict,
      subject: statement.subject,
      file: checked.file,
      receivedAt,
      identity,
      key,
    });
    notify(run, 'decided', `${statement.by}: ${statement.verdict}`);
    // Who is still waited for; a vote that decides it is told with the next phase. Earlier histories told nothing here.
    if (run.plan.approval.roles !== undefined && tally(run.plan.approval, run.ballot) === 'open')
      publish(run);
    return taken(statement.verdict, statement.by);
  }

  #refuseDecision(statement: DecisionStatement, receivedAt: number, voter?: string): string | undefined {
    const run = this.#run;
    if (run === undefined) return 'not_awaiting_approval';
    const { admitted, input, ballot, phase, plan } = run;
    const asking = {
      phase,
      epoch: run.move.state.epoch,
      run: admitted.run,
      deployment: admitted.deployment,
      target: input.target,
      ballot,
    };
    return refuseDecision(plan.approval, asking, statement, receivedAt, voter);
  }

  /** What nobody signed is taken at once; a signature is checked by a worker first, and then the rest is checked again. */
  #control(submission: Submission): Answer | Promise<Answer> {
    const statement = parseControl(submission);
    const run = this.#run;
    if (run === undefined)
      return { accepted: false, reason: 'the promotion is only just starting: repeat this command' };
    if (isTaken(run.ordered, statement)) return taken(statement.action, statement.by);
    const early = this.#refuseOrder(run, statement);
    if (early !== undefined) return this.#refuse(statement.by, statement.action, early);
    const { roles } = run.plan.approval;
    if (roles === undefined || (submission.signature === null && !roles.protected))
      return this.#takeUnsigned(run, statement);
    if (submission.signature === null)
      return this.#refuse(statement.by, statement.action, 'signature_missing');
    const taking = CancellationScope.nonCancellable(() => this.#takeSigned(run, statement, submission));
    const check: Promise<Answer> = taking.finally(() => this.#checks.delete(check));
    this.#checks.add(check);
    return check;
  }

  /** Waits for the orders that are being checked now: what they would stop does not go on over them. */
  async checked(): Promise<void> {
    await Promise.allSettled(this.#checks);
  }

  #takeUnsigned(run: Run, statement: ControlStatement): Answer {
    const { by, action } = statement;
    const refusal = refuseOrderer(run.plan.approval, run.input.requester, action, by);
    return refusal === undefined
      ? this.#take(run, statement, { identity: 'asserted' })
      : this.#refuse(by, action, refusal);
  }

  async #takeSigned(run: Run, statement: ControlStatement, submission: Submission): Promise<Answer> {
    const checked = await orFailure(() =>
      orderActivities().checkOrder({ run: run.admitted.run, requester: run.input.requester, submission }),
    );
    if (typeof checked === 'string') return this.#unchecked(statement.by, statement.action, checked);
    const { refusal, identity, key } = checked;
    if (isTaken(run.ordered, statement)) return taken(statement.action, statement.by);
    // The policy that it was opened under stands beside the one of now. What changed meanwhile goes first.
    const unproven = run.plan.approval.roles?.protected === true && identity !== 'signed';
    const late = this.#refuseOrder(run, statement) ?? refusal ?? (unproven ? 'signature_missing' : undefined);
    return late === undefined
      ? this.#take(run, statement, { identity, key, ...submission })
      : this.#refuse(statement.by, statement.action, late);
  }

  #refuseOrder(
    run: Run,
    { run: id, deployment, target, action, head }: ControlStatement,
  ): string | undefined {
    const { admitted, input, plan, journal, ordered } = run;
    if (id !== admitted.run || deployment !== admitted.deployment || target !== input.target)
      return 'other_run';
    return (
      (run.sealing ? SEALING : refuseAction(action, run.phase)) ??
      (plan.approval.roles === undefined
        ? undefined
        : refuseHead(ordered, [...journal.heads, run.published], action, head)) ??
      this.#alreadyOrdered(action)
    );
  }

  #take(run: Run, statement: ControlStatement, proof: Readonly<Record<string, string | null>>): Answer {
    const { by, action, reason, at } = statement;
    if (action === 'remediated') this.#remediated = true;
    else this.#pending = { type: 'ordered', action };
    run.ordered = took(run.ordered, statement);
    run.journal.owe('order-accepted', `${by}: ${action}: ${reason}`, { by, action, reason, at, ...proof });
    return taken(action, by);
  }

  #alreadyOrdered(action: Action): string | undefined {
    const pending = this.#pending;
    return pending !== undefined && action !== 'remediated'
      ? `${pending.action} is already ordered`
      : undefined;
  }

  /** Once the recorded refusals are full, strangers are turned away without a trace in history: accepted updates are few. */
  #refuseFlood(by: string): void {
    const run = this.#run;
    if (run === undefined || run.refused < REFUSALS_RECORDED) return;
    if (by !== run.input.requester && !isKnown(run.plan.approval, by))
      throw new Error(
        'too many refused messages: this promotion listens to those that its runbook names only',
      );
  }

  /** Answered and recorded, never lost silently; recorded up to a cap, so that a flood ends nobody's promotion. */
  #refuse(by: string, what: string, reason: string): Answer {
    const run = this.#run;
    if (run === undefined) return { accepted: false, reason };
    run.refused += 1;
    if (!isEnd(run.phase) && run.refused <= REFUSALS_RECORDED) {
      run.refusals = [...run.refusals, { by, what, reason }];
      run.journal.owe('refused', `${by}: ${what} refused: ${reason}`, { by, what, reason });
    }
    return { accepted: false, reason };
  }

  /** Neither taken nor refused: whoever asked repeats it, and that it was not lost in silence stands in the journal. */
  #unchecked(by: string, what: string, code: string): Answer {
    log.warn(`${what} by ${by} could not be checked`, { code });
    this.#refuse(by, what, `could not be checked (${code})`);
    return {
      accepted: false,
      checked: false,
      reason: `${what} by ${by} could not be checked (${code}): it was not refused, repeat this same command`,
    };
  }

  /** The first ones: a log is no place for a flood. */
  #logSignal(error: unknown): void {
    this.#unreadable += 1;
    if (this.#unreadable <= REFUSALS_RECORDED)
      log.warn('a decide signal was refused', { error: String(error) });
  }

  #known(): Run {
    if (this.#run === undefined) throw new Error('no run is attached');
    return this.#run;
  }
}

function taken(what: string, by: string): Answer {
  return { accepted: true, reason: `${what} by ${by} is recorded` };
}

/** A worker that is away or a store that is full refuses nobody: whoever asked repeats it. */
async function orFailure<Checked>(check: () => Promise<Checked>): Promise<Checked | string> {
  try {
    return await check();
  } catch (error) {
    return codeOf(error);
  }
}
