import type { PromotionInput } from '../src/domain/messages.js';
import type { RunRecord } from '../src/contracts/run-record.js';
import type { Admitted } from './admit.js';
import type { Dependencies } from './dependencies.js';

export interface OpenRun {
  readonly admitted: Admitted;
  readonly input: PromotionInput;
  readonly workflow: RunRecord['workflow'];
}

/** Opens the run's evidence: who asked for what, and the runbook that it is bound to. */
export function openRunWith({ evidence, store, loadRunbook }: Dependencies) {
  return async ({ admitted, input, workflow }: OpenRun): Promise<{ readonly folder: string }> => {
    const { run, folder, deployment, openedAt, subjectLine, runbook, policy, previous } = admitted;
    const loaded = await loadRunbook(input.target);
    if (loaded.digest !== runbook) throw new RunbookChanged(input.target);
    await store.put(folder, 'runbook.json', loaded.bytes);
    const record: RunRecord = {
      v: 1,
      run,
      deployment,
      target: input.target,
      commit: input.commit,
      subjectLine,
      requester: input.requester,
      reason: input.reason.slice(0, 1_024),
      openedAt,
      runbook,
      policy,
      previous,
      workflow,
    };
    await evidence.putJson(folder, 'run.json', record);
    return { folder };
  };
}

/** Between being admitted and being opened the runbook was changed: nothing has begun, so nothing may go on. */
class RunbookChanged extends Error {
  readonly code = 'runbook_changed';
  constructor(target: string) {
    super(`the runbook of ${target} changed while the promotion was starting: start it again`);
    this.name = 'RunbookChanged';
  }
}
