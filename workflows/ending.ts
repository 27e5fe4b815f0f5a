import type { PromotionResult } from '../src/domain/messages.js';
import type { Effect } from '../src/domain/effect.js';
import { unsealed } from '../src/domain/records.js';
import { sealActivities } from './activity-options.js';
import type { Orders } from './orders.js';
import type { Run } from './run.js';
import { tellEnd, tellWatchOver } from './telling.js';
import { publish } from './visibility.js';

/**
 * The end is recorded and sealed after everybody who asked was answered. A promotion is told only once it is recorded; a
 * rollback is told at once and owes the record.
 */
export async function close(
  run: Run,
  effect: Extract<Effect, { do: 'end' }>,
  orders: Orders,
): Promise<PromotionResult> {
  run.sealing = true;
  tellWatchOver(run);
  if (!effect.end.startsWith('promoted')) publish(run);
  await orders.drained();
  run.journal.owe('run.ended', `${effect.end} (${effect.reason})`, {
    end: effect.end,
    reason: effect.reason,
  });
  const manifest = await seal(run, effect);
  run.sealing = false;
  if (manifest === undefined) run.move = unsealed(run.move.state, effect);
  publish(run);
  await orders.drained();
  const result = resultOf(run, manifest);
  tellEnd(run.input, result.run, result.end);
  await run.outbox.handOver(run.admitted.run);
  return result;
}

function resultOf(run: Run, manifest: string | undefined): PromotionResult {
  const { state, effect } = run.move;
  if (effect.do !== 'end') throw new Error('a promotion that has not ended has no result');
  return {
    run: run.admitted.run,
    end: effect.end,
    reason: effect.reason,
    trigger: state.trigger ?? null,
    evidence: run.admitted.folder,
    manifest: manifest ?? null,
  };
}

/** A journal that another history has written to can't be sealed by this one; the end stands all the same. */
async function seal(run: Run, { end, reason }: Extract<Effect, { do: 'end' }>): Promise<string | undefined> {
  // A broken journal can't be sealed, but the store notes the end, so that the target remembers it.
  await run.journal.flush().catch(() => undefined);
  try {
    const sealed = await sealActivities().sealRun({
      run: run.admitted.run,
      end,
      reason,
      head: run.journal.head,
    });
    return sealed.manifest;
  } catch {
    return undefined;
  }
}
