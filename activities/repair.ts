import { Context } from '@temporalio/activity';

import type { OwnReasonCode } from '../src/domain/reason-codes/catalogue.js';
import { beating } from './beating.js';
import type { Dependencies } from './dependencies.js';

export interface RepairRequest {
  readonly run: string;
  readonly round: string;
  readonly step: string;
}

/** Runs one repair of the runbook, and keeps what it printed. Whether it helped, the next round says. */
export function repairWith({ evidence, store, steps, asking, actions }: Dependencies) {
  return ({ run, round, step }: RepairRequest): Promise<{ readonly code: OwnReasonCode }> =>
    beating(async (signal) => {
      const known = await evidence.known(run);
      const { folder, loaded } = known;
      const repair = loaded.runbook.remediation.repairs.find(({ id }) => id === step);
      if (repair === undefined) return { code: 'unknown_repair' };
      // A later round means it once more: a receiver that remembers the first time must not leave it out.
      const again = round === 'remediation-1' ? undefined : round;
      const acting = asking(known, signal, { step, again });
      const { code, probed } = await actions.runRepair(repair, acting);
      await steps.noteOutput(store, folder, `${round}/${step}`, Context.current().info.attempt, probed);
      return { code };
    });
}
