import type { PromotionInput } from '../src/domain/messages.js';
import { overridesOf } from '../src/domain/override.js';
import type { RunRecord } from '../src/contracts/run-record.js';
import type { Admitted } from './admit.js';
import type { Dependencies } from './dependencies.js';
import { runbookNow } from './runbook-now.js';

export interface OpenRun {
  readonly admitted: Admitted;
  readonly input: PromotionInput;
  readonly workflow: RunRecord['workflow'];
}

/** Opens the run's evidence: who asked for what, and the runbook that it is bound to. Says why where it can't. */
export function openRunWith(dependencies: Dependencies) {
  const { evidence, store } = dependencies;
  return async ({
    admitted,
    input,
    workflow,
  }: OpenRun): Promise<{ readonly problem: string | undefined }> => {
    const { run, folder, deployment, openedAt, subjectLine, runbook, policy, previous, rolledBack, again } =
      admitted;
    const loaded = await runbookNow(dependencies, input.target, overridesOf(admitted.plan));
    if (loaded?.digest !== runbook)
      return { problem: 'the runbook changed while the promotion was starting: start it again' };
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
      rolledBack,
      again,
      workflow,
    };
    await evidence.putJson(folder, 'run.json', record);
    return { problem: undefined };
  };
}
