import {
  allHandlersFinished,
  CancellationScope,
  condition,
  log,
  setDefaultSignalHandler,
  setHandler,
} from '@temporalio/workflow';

import { refuseDecision } from '../src/domain/approval.js';
import type { PromotionEvent } from '../src/domain/event.js';
import type { Answer } from '../src/domain/messages.js';
import { hearsCancellation, isEnd, refuseAction, type Action } from '../src/domain/phase.js';
import {
  parseControl,
  parseDecision,
  type DecisionStatement,
  type Submission,
} from '../src/domain/statement.js';
import { decisionActivities } from './activity-options.js';
import { control, decide, decideSignal } from './messages.js';
import type { Run } from './run.js';

const REFUSALS_RECORDED = 50;

/** Nothing is asked of the target any more, and its end is told once its evidence is sealed. */
const SEALING = 'its end is decided and its evidence is being sealed: too late for an order';

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

  constructor() {
    setHandler(decide, (submission) => this.#inTurn(() => this.#decide(submission)), {
      validator: (submission) => this.#refuseFlood(parseDecision(submission).by),
    });
    setHandler(decideSignal, (submission) => {
      void this.#inTurn(() => this.#decide(submission)).catch((error: unknown) =>
        log.warn('a decide signal was refused', { error: String(error) }),
      );
    });
    // Awaits nothing, so it waits for no vote that is being recorded: an abort goes through on a full disk.
    setHandler(control, (submission) => this.#control(submission), {
      validator: (submission) => this.#refuseFlood(parseControl(submission).by),
    });
    setDefaultSignalHandler((name) =>
      log.warn('an unknown signal was refused', { signal: name.slice(0, 64) }),
    );
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
    await condition(allHandlersFinished);
    await this.#queue;
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
    const turn = this.#queue.then(() => CancellationScope.nonCancellable(take));
    this.#queue = turn.catch(() => undefined);
    return turn;
  }

  async #decide(submission: Submission): Promise<Answer> {
    const statement = parseDecision(submission);
    const receivedAt = Date.now();
    const early = this.#refuseDecision(statement, receivedAt);
    if (early !== undefined) return this.#refuse(statement.by, statement.verdict, early);
    const run = this.#known();
    const epoch = run.ballot?.epoch ?? 0;
    const checked = await decisionActivities().recordDecision({
      run: run.admitted.run,
      epoch,
      submission,
    });
    const late = checked.refusal ?? this.#refuseDecision(statement, receivedAt);
    if (late !== undefined) return this.#refuse(statement.by, statement.verdict, late);
    if (run.ballot === undefined || run.ballot.epoch !== epoch)
      return this.#refuse(statement.by, statement.verdict, 'not_awaiting_approval');
    run.ballot = { ...run.ballot, votes: [...run.ballot.votes, statement] };
    await run.journal.append('decision-accepted', `${statement.by}: ${statement.verdict}`, {
      by: statement.by,
      verdict: statement.verdict,
      subject: statement.subject,
      file: checked.file,
      receivedAt,
    });
    return { accepted: true, reason: `${statement.verdict} by ${statement.by} is recorded` };
  }

  #refuseDecision(statement: DecisionStatement, receivedAt: number): string | undefined {
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
    return refuseDecision(plan.approval, asking, statement, receivedAt);
  }

  #control(submission: Submission): Answer {
    const statement = parseControl(submission);
    const run = this.#run;
    if (run === undefined)
      return { accepted: false, reason: 'the promotion is only just starting: repeat this command' };
    if (statement.run !== run.admitted.run || statement.deployment !== run.admitted.deployment)
      return this.#refuse(statement.by, statement.action, 'other_run');
    const refusal =
      (run.sealing ? SEALING : refuseAction(statement.action, run.phase)) ??
      this.#alreadyOrdered(statement.action);
    if (refusal !== undefined) return this.#refuse(statement.by, statement.action, refusal);
    if (statement.action === 'remediated') this.#remediated = true;
    else this.#pending = { type: 'ordered', action: statement.action };
    run.journal.owe('order-accepted', `${statement.by}: ${statement.action}: ${statement.reason}`, {
      by: statement.by,
      identity: 'asserted',
      action: statement.action,
      reason: statement.reason,
      at: statement.at,
    });
    return { accepted: true, reason: `${statement.action} by ${statement.by} is accepted` };
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
    if (by !== run.input.requester && !run.plan.approval.approvers.includes(by))
      throw new Error(
        'too many refused messages: this promotion listens to its requester and approvers only',
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

  #known(): Run {
    if (this.#run === undefined) throw new Error('no run is attached');
    return this.#run;
  }
}
