import { Context } from '@temporalio/activity';

import type { OwnReasonCode } from '../src/domain/reason-codes/catalogue.js';
import { beating } from './beating.js';
import type { Dependencies } from './dependencies.js';

export interface RepairRequest {
  readonly run: string;
  readonly round: string;
  readonly step: string;
}

/** Runs one repair of the runbook, and keeps what each attempt printed. Whether it helped, the next round says. */
export function repairWith({ evidence, store, steps, asking, actions }: Dependencies) {
  return ({
    run,
    round,
    step,
  }: RepairRequest): Promise<{ readonly code: OwnReasonCode; readonly attempts: number }> =>
    beating(async (signal) => {
      const known = await evidence.known(run);
      const { folder, loaded } = known;
      const repair = loaded.runbook.remediation.repairs.find(({ id }) => id === step);
      if (repair === undefined) return { code: 'unknown_repair', attempts: 0 };
      // A later round means it once more: a receiver that remembers the first time must not leave it out.
      const again = round === 'remediation-1' ? undefined : round;
      const acting = asking(known, signal, { step, again });
      const tried = await actions.tryRepair(repair, acting);
      const path = `${round}/${step}`;
      const { attempt } = Context.current().info;
      for (const [index, { probed }] of tried.entries())
        await steps.noteOutput(
          store,
          folder,
          index === 0 ? path : `${path}.try-${index + 1}`,
          attempt,
          probed,
        );
      await steps.noteRepair(evidence, folder, path, attempt, tried);
      return { code: tried.at(-1)?.code ?? 'unknown_repair', attempts: tried.length };
    });
}
