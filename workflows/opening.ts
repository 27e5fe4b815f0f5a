import { CancellationScope, condition, patched, setHandler, workflowInfo } from '@temporalio/workflow';

import type { PromotionInput, PromotionResult } from '../src/domain/messages.js';
import type { Admitted } from '../activities/admit.js';
import { admissionActivities, evidenceActivities } from './activity-options.js';
import { codeOf } from './failure-code.js';
import type { Manner } from './journal.js';
import { promotionId, view } from './messages.js';
import type { Orders } from './orders.js';
import { Run, type Carried } from './run.js';
import { tellEnd, tellEntry } from './telling.js';
import {
  attributesAtStart,
  isAdmissionPublished,
  isToldLater,
  publishAdmission,
  viewOf,
} from './visibility.js';

/** Found by the worker: a prerequisite that is not met stops the promotion before anything is written. */
export async function open(input: PromotionInput, orders: Orders): Promise<Run | PromotionResult> {
  const { workflowId, firstExecutionRunId } = workflowInfo();
  // The workflow ID is the lock: another one would promote beside the promotion that holds it.
  if (workflowId !== promotionId(input.target))
    return refuse(input, `${workflowId.slice(0, 128)} is not the lock of this target`);
  const begun = mannerHere();
  if (!begun.sparing || !isAdmissionPublished(input)) publishAdmission(input);
  const { target, commit, requester, reason, again = false, overrides, start = null } = input;
  const admission = await unlessCancelled(orders, () =>
    admissionActivities.admit({ target, commit, requester, reason, again, overrides, start }),
  );
  if (admission === undefined) return endBeforeOpening(input, 'aborted', 'cancelled');
  if (!admission.admitted) return refuse(input, admission.problems.join('; '));
  const opened = await unlessCancelled(orders, () =>
    openEvidence(input, admission, { id: workflowId, firstExecutionRunId }),
  );
  if (opened === undefined) return endBeforeOpening(input, 'aborted', 'cancelled');
  if (opened.problem !== undefined) return refuse(input, opened.problem);
  const run = new Run(input, admission, mannerOf(admission, begun));
  run.attributes = attributesAtStart();
  return attach(run, orders);
}

/**
 * A run whose history was continued here. Nobody starts in the middle by mistake; whoever has a workflow of their own go on as
 * this one can say what they like, and what promotes believes the evidence alone.
 */
export function goOn(input: PromotionInput, carried: Carried, orders: Orders): Run | PromotionResult {
  if (workflowInfo().continuedFromExecutionRunId === undefined)
    return refuse(input, 'a promotion starts at its beginning');
  const { joined = false } = carried;
  // A worker of an earlier version may go on with it, and writes more.
  const terse = carried.terse === true && patched('terse');
  const sparing = terse || (carried.sparing === true && patched('sparing'));
  const run = new Run(input, carried.admitted, { joined, sparing, terse }, carried);
  // Told in the history before.
  if (!isToldLater(run)) run.toldPhase = run.phase;
  return attach(run, orders);
}

/** What a workflow that begins here leaves out, as it was where it began. */
export function mannerHere(): Omit<Manner, 'joined'> {
  const terse = patched('terse');
  return { terse, sparing: terse || patched('sparing') };
}

/**
 * How this run's history is written. Whoever admitted it knows the activities; what this workflow does with them stands in its
 * history, for a worker of an earlier version may have begun it beside a later one's activities.
 *
 * @param begun as `mannerHere` said where it began
 */
export function mannerOf({ joined }: Admitted, { sparing, terse }: Omit<Manner, 'joined'>): Manner {
  if (joined !== true) return { joined: false, sparing: false, terse: false };
  return { joined: sparing || patched('joined'), sparing, terse };
}

export function attach(run: Run, orders: Orders): Run {
  orders.attach(run);
  run.journal.onEntry = (kind, body, owed) => tellEntry(run, kind, body, owed);
  setHandler(view, () => viewOf(run));
  return run;
}

async function openEvidence(
  input: PromotionInput,
  admitted: Admitted,
  workflow: { readonly id: string; readonly firstExecutionRunId: string },
): Promise<{ readonly problem: string | undefined }> {
  try {
    return await evidenceActivities().openRun({ admitted, input, workflow });
  } catch (error) {
    return { problem: codeOf(error) };
  }
}

function refuse(input: PromotionInput, problem: string): PromotionResult {
  return endBeforeOpening(input, 'stopped', `prerequisite_not_met: ${problem}`);
}

function endBeforeOpening(
  input: PromotionInput,
  end: 'stopped' | 'aborted',
  reason: string,
): PromotionResult {
  publishAdmission(input, { end, reason });
  tellEnd(input, '', end);
  return { run: '', end, reason, trigger: null, evidence: '', manifest: null };
}

/** A store that is full, or a remote that is away, is waited for: nobody is kept from ending a promotion that waits so. */
async function unlessCancelled<Result>(
  orders: Orders,
  work: () => Promise<Result>,
): Promise<Result | undefined> {
  const scope = new CancellationScope();
  try {
    const working = scope.run(work);
    const cancelled = scope.run(() => condition(() => orders.pending)).then(() => undefined);
    return await Promise.race([working, cancelled]);
  } finally {
    scope.cancel();
  }
}
