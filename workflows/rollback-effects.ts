import { sleep } from '@temporalio/workflow';

import type { PromotionEvent } from '../src/domain/event.js';
import { describeUnverified } from '../src/domain/unverified.js';
import type { RollbackStepOutcome } from '../activities/rollback.js';
import { rollbackActivities } from './activity-options.js';
import type { Doing } from './effects.js';
import { codeOf } from './failure-code.js';
import type { Run } from './run.js';

/** Every step is tried even if another failed; each is verified by asking the system. */
export async function rollBack(run: Run, { attempt }: Doing<'roll-back'>): Promise<PromotionEvent> {
  run.journal.owe(
    'rollback-begun',
    `rolling back (${run.move.state.trigger ?? 'requested'}), attempt ${attempt}`,
    {
      attempt,
      trigger: run.move.state.trigger ?? 'requested',
      triggers: [...run.move.state.triggers],
    },
  );
  run.unverified = await forEachRollbackStep(run, attempt, 'always', (step, deadlineMs) =>
    rollbackActivities(deadlineMs).rollBackStep({ run: run.admitted.run, step, attempt, deadlineMs }),
  );
  return { type: 'rollback-tried', unverified: run.unverified };
}

/**
 * "All verified, and still so after a settable time": it is asked all along, as often as the watch would, and at the end; a
 * gateway that came back by itself is found when it does.
 */
export async function confirmRollback(
  run: Run,
  { attempt }: Doing<'confirm-rollback'>,
): Promise<PromotionEvent> {
  const { confirmAfterMs } = run.plan.rollback;
  const askings = Math.max(1, Math.min(MAX_ASKINGS, Math.floor(confirmAfterMs / run.plan.watch.intervalMs)));
  for (let asking = 1; asking <= askings; asking += 1) {
    await sleep(Math.floor(confirmAfterMs / askings));
    const record = asking === askings ? 'always' : 'unverified';
    run.unverified = await forEachRollbackStep(run, attempt, record, (step, deadlineMs) =>
      rollbackActivities(deadlineMs).verifyRollBackStep({ run: run.admitted.run, step, attempt, deadlineMs }),
    );
    if (run.unverified.length > 0) break;
  }
  return { type: 'rollback-confirmed', unverified: run.unverified };
}

/** However long it is confirmed. */
const MAX_ASKINGS = 20;

/** Every step, one after the other; a step that failed keeps no other from being tried. */
async function forEachRollbackStep(
  run: Run,
  attempt: number,
  record: 'always' | 'unverified',
  carryOut: (step: string, deadlineMs: number) => Promise<RollbackStepOutcome>,
): Promise<readonly string[]> {
  const unverified: string[] = [];
  for (const { id, deadlineMs } of run.plan.rollback.steps) {
    const { byHand, ...outcome } = await outcomeOf(() => carryOut(id, deadlineMs));
    const { verified, code, detail } = outcome;
    if (!verified || record === 'always')
      run.journal.owe('rollback-step', `${id}: ${verified ? 'verified' : 'not verified'} (${code})`, {
        step: id,
        attempt,
        verified,
        code,
        detail,
        byHand: [...byHand],
      });
    run.rollback = run.rollback.map((step) =>
      step.step === id ? { ...step, tried: { attempt, ...outcome }, byHand } : step,
    );
    if (!verified) unverified.push(describeUnverified(id, code, detail));
  }
  return unverified;
}

/** As a step tells it, or with the code of a failure as it came. */
type Told = Omit<RollbackStepOutcome, 'code'> & { readonly code: string };

async function outcomeOf(carryOut: () => Promise<RollbackStepOutcome>): Promise<Told> {
  try {
    return await carryOut();
  } catch (error) {
    return { verified: false, code: codeOf(error), detail: '', byHand: [] };
  }
}
