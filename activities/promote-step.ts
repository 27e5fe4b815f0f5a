import type { PromotionOutcome } from '../src/contracts/step-record.js';
import { beatingUntil } from './beating.js';
import type { Dependencies } from './dependencies.js';
import { roundPassed } from './gates.js';

export interface StepRequest {
  readonly run: string;
  readonly step: string;
}

/**
 * Carries out one promotion step. It is told nothing but the run and the step: runbook, policy and votes are loaded here,
 * on the worker's side, and everything that promoting needs is checked again before a credential is touched.
 */
export function promoteStepWith(dependencies: Dependencies) {
  const { evidence, asking, commands, gitSteps, git, store } = dependencies;
  return async ({ run, step: id }: StepRequest): Promise<PromotionOutcome> => {
    const known = await evidence.known(run);
    const { folder, loaded } = known;
    const steps = loaded.runbook.promotion.steps;
    const step = steps.find((candidate) => candidate.id === id);
    if (step === undefined) return refused('unknown_step', `the runbook has no promotion step ${id}`);
    const begun = (await store.list(folder, 'promotion/')).length > 0;
    const refusal = await refusePromotion(dependencies, run);
    if (refusal !== undefined)
      return { ...refused(refusal, 'checked right before promoting'), effect: begun ? 'possible' : 'none' };
    const outcome = await beatingUntil(
      dependencies.startDeadline,
      step.deadline,
      async (signal): Promise<PromotionOutcome> => {
        if (step.git !== undefined) return gitSteps.promoteByGit(git, known, step, signal);
        const { said, ...done } = await commands.promoteByCommand(step, asking(loaded, signal));
        await store.put(folder, `promotion/${id}.out.txt`, said.probed.body);
        return done;
      },
    );
    if (outcome === undefined)
      return { done: false, code: 'step_deadline', detail: `${id} did not end in time`, effect: 'possible' };
    if (outcome.done)
      await evidence.putJson(folder, `promotion/${id}.done.json`, {
        v: 1,
        step: id,
        code: outcome.code,
        detail: outcome.detail,
      });
    return outcome;
  };
}

/** The first reason why this run may not promote now, by the stored evidence and the runbook as it is on this worker. */
async function refusePromotion(dependencies: Dependencies, run: string): Promise<string | undefined> {
  const { evidence, ballots, loadRunbook, store } = dependencies;
  const { folder, record } = await evidence.known(run);
  const current = await loadRunbook(record.target);
  if (current.digest !== record.runbook || current.policy !== record.policy) return 'runbook_changed';
  if (!(await ballots.quorumReached(evidence, run, current.plan.approval, current.policy)))
    return 'quorum_not_met';
  const epoch = await ballots.latestEpoch(evidence, run);
  if (!(await roundPassed(dependencies, run, `preflight-${epoch}`))) return 'preflight_not_passed';
  if ((await store.list(folder, 'rollback/')).length > 0) return 'rollback_begun';
  return (await store.get(folder, 'manifest.json')) === undefined ? undefined : 'run_sealed';
}

function refused(code: string, detail: string): Extract<PromotionOutcome, { done: false }> {
  return { done: false, code, detail, effect: 'none' };
}
