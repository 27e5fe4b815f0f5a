import { CancellationScope, condition, setHandler, setDefaultSignalHandler, log } from '@temporalio/workflow';

import { refuseVote } from '../src/domain/approval.js';
import type { Answer } from '../src/domain/messages.js';
import { refuseAction, type Action } from '../src/domain/phase.js';
import {
  parseControl,
  parseDecision,
  type DecisionStatement,
  type Submission,
} from '../src/domain/statement.js';
import type { PromotionEvent } from '../src/domain/transition.js';
import { decisionActivities } from './activity-options.js';
import { control, decide, decideSignal } from './messages.js';
import type { Run } from './run.js';

const REFUSALS_RECORDED = 50;

/**
 * What people say to a running promotion. Handlers stand before the first await; decisions are taken one at a time,
 * checked, verified by the worker, and checked again, for a slower one may have changed what it is about.
 */
export class Orders {
  #run: Run | undefined;
  #pending: PromotionEvent | undefined;
  #cancelled = false;
  #remediated = false;
  #refusals = 0;
  #queue: Promise<unknown> = Promise.resolve();

  constructor() {
    setHandler(decide, (submission) => this.#inTurn(() => this.#decide(submission)), {
      validator: (submission) => void parseDecision(submission),
    });
    setHandler(decideSignal, (submission) => {
      void this.#inTurn(() => this.#decide(submission)).catch((error: unknown) =>
        log.warn('a decide signal was refused', { error: String(error) }),
      );
    });
    setHandler(control, (submission) => this.#inTurn(() => this.#control(submission)), {
      validator: (submission) => void parseControl(submission),
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

  /** An order or a cancellation that the current phase has to carry out, once. */
  take(): PromotionEvent | undefined {
    const pending = this.#pending;
    this.#pending = undefined;
    if (pending !== undefined) return pending;
    if (!this.#cancelled || this.#run === undefined || !interruptible(this.#run.phase)) return undefined;
    this.#cancelled = false;
    return { type: 'cancelled' };
  }

  async waiting(): Promise<void> {
    await condition(
      () => this.#pending !== undefined || (this.#cancelled && interruptible(this.#run?.phase)),
    );
  }

  /** From here on `remediated` counts, also while another repair still runs. */
  beginRemediation(): void {
    this.#remediated = false;
  }

  /** Waits until a person says `remediated`, or the deadline passed. */
  async remediated(deadlineMs: number): Promise<boolean> {
    return condition(() => this.#remediated, deadlineMs);
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
      receivedAt,
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
    if (run?.phase !== 'awaiting-approval' || run.ballot === undefined) return 'not_awaiting_approval';
    const { admitted, input, ballot } = run;
    if (
      statement.run !== admitted.run ||
      statement.deployment !== admitted.deployment ||
      statement.target !== input.target
    )
      return 'other_run';
    if (statement.request !== ballot.request) return 'other_subject';
    return refuseVote(run.plan.approval, ballot, statement, receivedAt);
  }

  async #control(submission: Submission): Promise<Answer> {
    const statement = parseControl(submission);
    const run = this.#run;
    if (run === undefined)
      return { accepted: false, reason: 'the promotion is only just starting: repeat this command' };
    if (statement.run !== run.admitted.run || statement.deployment !== run.admitted.deployment)
      return this.#refuse(statement.by, statement.action, 'other_run');
    const refusal = refuseAction(statement.action, run.phase) ?? this.#alreadyOrdered(statement.action);
    if (refusal !== undefined) return this.#refuse(statement.by, statement.action, refusal);
    if (statement.action === 'remediated') this.#remediated = true;
    else this.#pending = { type: 'ordered', action: statement.action };
    run.journal.owe('order-accepted', `${statement.by}: ${statement.action}: ${statement.reason}`, {
      by: statement.by,
      action: statement.action,
      reason: statement.reason,
      at: statement.at,
    });
    return { accepted: true, reason: `${statement.action} by ${statement.by} is accepted` };
  }

  #alreadyOrdered(action: Action): string | undefined {
    const pending = this.#pending;
    return pending?.type === 'ordered' && action !== 'remediated'
      ? `${pending.action} is already ordered`
      : undefined;
  }

  /** Answered and recorded, never lost silently; recorded up to a cap, so that a flood ends nobody's promotion. */
  #refuse(by: string, what: string, reason: string): Answer {
    this.#refusals += 1;
    if (this.#run !== undefined && this.#refusals <= REFUSALS_RECORDED) {
      this.#run.refusals = [...this.#run.refusals, { by, what, reason }];
      this.#run.journal.owe('refused', `${by}: ${what} refused: ${reason}`, { by, what, reason });
    }
    return { accepted: false, reason };
  }

  #known(): Run {
    if (this.#run === undefined) throw new Error('no run is attached');
    return this.#run;
  }
}

/** A rollback is never cancelled, and a failed one waits for people. */
function interruptible(phase: string | undefined): boolean {
  return phase !== 'rolling-back' && phase !== 'rollback-failed';
}
