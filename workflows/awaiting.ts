import { CancellationScope, CancelledFailure, condition, log, workflowInfo } from '@temporalio/workflow';

import { tally } from '../src/domain/approval.js';
import type { PromotionEvent } from '../src/domain/event.js';
import { changesActivities, evidenceActivities, preflightActivities } from './activity-options.js';
import type { Doing } from './effects.js';
import { notify } from './notifying.js';
import type { Run } from './run.js';
import { publish } from './visibility.js';

/**
 * Asks people and waits for them, until they decide or the time is over.
 *
 * @returns `continue` where the history has grown so long that it goes on in a new one first
 */
export async function awaitDecision(
  run: Run,
  effect: Doing<'await-decision'>,
): Promise<PromotionEvent | 'continue'> {
  const { epoch } = effect;
  if (run.ballot?.epoch !== epoch) await ask(run, effect);
  publish(run);
  const expiresAt = run.ballot?.expiresAt ?? 0;
  // Histories of before there were roles waited in one.
  const isLong = () => run.plan.approval.roles !== undefined && workflowInfo().continueAsNewSuggested;
  while (outcomeOf(run) === 'open' && Date.now() < expiresAt) {
    if (isLong()) return 'continue';
    const remindAt = run.requested?.remindAt ?? Number.POSITIVE_INFINITY;
    const changed = () => outcomeOf(run) !== 'open' || isLong();
    await condition(changed, Math.max(1, Math.min(expiresAt, remindAt) - Date.now()));
    if (Date.now() >= remindAt && outcomeOf(run) === 'open' && Date.now() < expiresAt) remind(run);
  }
  const outcome = outcomeOf(run);
  return { type: outcome === 'open' ? 'expired' : outcome, epoch };
}

/** A vote that came in time and was still being recorded when the time was over counts: its voter was told so. */
export function decidedLast(run: Run, event: PromotionEvent): PromotionEvent {
  if (event.type !== 'expired') return event;
  const outcome = outcomeOf(run);
  return outcome === 'open' ? event : { type: outcome, epoch: event.epoch };
}

function outcomeOf({ ballot, plan }: Run): 'approved' | 'rejected' | 'open' {
  return ballot === undefined ? 'open' : tally(plan.approval, ballot);
}

/** Before anyone is asked, rollback's prerequisites are checked once, read-only, and stand in what is approved. */
async function ask(run: Run, { epoch, round }: Doing<'await-decision'>): Promise<void> {
  const { run: id } = run.admitted;
  const { approval } = run.plan;
  // Histories of before there were roles have no such step.
  const describing =
    approval.roles === undefined ? undefined : changesActivities.describeChanges({ run: id, epoch });
  const [checked, described] = await Promise.all([
    preflightActivities.checkRollback({ run: id, at: `approval-${epoch}` }),
    describing,
  ]);
  const couldRun =
    checked.problems.length === 0
      ? 'rollback could run'
      : `rollback could not run: ${checked.problems.join('; ')}`;
  const body = {
    epoch,
    problems: [...checked.problems],
    waived: [...checked.waived],
    // Frozen with the head: what people are shown is part of what they approve.
    ...(described === undefined ? {} : { changes: described.digest }),
  };
  if (run.joined) run.journal.hold('rollback-checked', couldRun, body);
  else await run.journal.append('rollback-checked', couldRun, body);
  const expiresAt = Date.now() + approval.expiresMs;
  const asked = { run: id, epoch, round, expiresAt };
  const { digest, request, text } = run.joined
    ? await run.journal.through((owed) =>
        evidenceActivities().recordAndRequestApproval({ ...asked, ...owed }),
      )
    : await evidenceActivities().requestApproval({ ...asked, head: run.journal.head });
  // An order came: nobody is asked any more.
  if (CancellationScope.current().consideredCancelled) throw new CancelledFailure('nobody is asked');
  await run.journal.append(
    'approval-requested',
    `asking for ${approval.required} approval(s) of ${digest.slice(7, 15)}`,
    { epoch, subject: digest, expiresAt },
  );
  if (described !== undefined && approval.roles !== undefined)
    run.requested = { changes: described.changes, remindAt: Date.now() + approval.roles.remindEveryMs };
  run.ballot = {
    subject: digest,
    text,
    request,
    requester: run.input.requester,
    expiresAt,
    votes: [],
    epoch,
  };
}

/** An event for those who notify, and a line in the worker's log. */
function remind(run: Run): void {
  const { requested, plan } = run;
  const approval = run.approvalView();
  if (requested === undefined || approval === undefined || plan.approval.roles === undefined) return;
  const { remindEveryMs } = plan.approval.roles;
  run.requested = { ...requested, remindAt: requested.remindAt + remindEveryMs };
  const { digest, missing, waitingFor, expiresAt } = approval;
  const text = `still ${missing} approval(s) of ${digest.slice(7, 15)} missing; ${waitingFor.join(', ')} may decide`;
  run.journal.owe('approval-reminded', text, {
    subject: digest,
    missing,
    waitingFor: [...waitingFor],
    expiresAt,
  });
  // What people have to do is more than information, which a worker's log leaves out.
  notify(run, 'reminder');
  log.warn(`${run.input.target}: ${text}`, { run: run.admitted.run });
}
