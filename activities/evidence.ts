import type { PromotionInput } from '../src/domain/messages.js';
import { overridesOf } from '../src/domain/override.js';
import type { RunRecord } from '../src/contracts/run-record.js';
import type { Admitted } from './admit.js';
import type { Dependencies } from './dependencies.js';
import { runbookNow } from './runbook-now.js';
import { hasSecret } from './secret-in-text.js';

export interface OpenRun {
  readonly admitted: Admitted;
  readonly input: PromotionInput;
  readonly workflow: RunRecord['workflow'];
}

/**
 * Opens the run's evidence: who asked for what, and the runbook and policy that it is bound to. Says why where it can't. Who
 * asked is proven again: what the workflow says of it is only said.
 */
export function openRunWith(dependencies: Dependencies) {
  const { evidence, store, starts, opening, verify } = dependencies;
  return async ({
    admitted,
    input,
    workflow,
  }: OpenRun): Promise<{ readonly problem: string | undefined }> => {
    const { run, folder, deployment, openedAt, subjectLine, runbook, policy, previous, rolledBack, again } =
      admitted;
    const loaded = await runbookNow(dependencies, input.target, overridesOf(admitted.plan));
    if (loaded?.digest !== runbook || loaded.policy !== policy)
      return { problem: 'the runbook changed while the promotion was starting: start it again' };
    const { target, commit, requester, start = null } = input;
    if (!(await opening.isAdmittedHere(evidence, dependencies.deployment, target, admitted)))
      return { problem: starts.startProblem(target, requester, 'other_subject') };
    const reason = input.reason.slice(0, 2_000);
    if (hasSecret(dependencies, loaded, `${input.reason}\n${start?.statement ?? ''}`))
      return { problem: starts.startProblem(target, requester, 'secret_in_text') };
    const receivedAt = (await starts.readStart(evidence, folder))?.receivedAt ?? Date.now();
    const claim = { deployment, target, commit, requester, reason, previous: previous?.manifest ?? null };
    const proof = await starts.proveStart(evidence, verify, loaded, claim, start, receivedAt, run);
    if (!proof.proven) return { problem: starts.startProblem(target, requester, proof.refusal) };
    await opening.keepRunbook(store, folder, loaded);
    if (start !== null) {
      const { identity, key } = proof;
      const kept = { submission: start, receivedAt, identity, key };
      const early = await starts.keepStart(evidence, { target, folder, run, openedAt }, kept);
      if (early !== undefined) return { problem: starts.startProblem(target, requester, early) };
    }
    const record: RunRecord = {
      v: 1,
      run,
      deployment,
      target,
      commit,
      subjectLine,
      requester,
      reason,
      openedAt,
      runbook,
      policy,
      previous,
      rolledBack,
      again,
      workflow,
    };
    await evidence.putJson(folder, 'run.json', record);
    // Remembered, so that what comes next need not look for it among all others.
    await evidence.known(run, folder);
    return { problem: undefined };
  };
}
