import { Context } from '@temporalio/activity';

import type { PromotionOutcome } from '../src/contracts/step-record.js';
import type { PromotionStep } from '../src/contracts/runbook-steps.js';
import type { OwnReasonCode } from '../src/domain/reason-codes/catalogue.js';
import type { KnownRun } from '../src/adapters/evidence/run-evidence.js';
import { beatingUntil } from './beating.js';
import { runbookNow } from './runbook-now.js';
import type { Dependencies } from './dependencies.js';
import { preflightOf } from './gates.js';

export interface StepRequest {
  readonly run: string;
  readonly step: string;
}

/**
 * Carries out one promotion step. It is told nothing but the run and the step: runbook, policy and votes are loaded here,
 * on the worker's side, and everything that promoting needs is checked again before a credential is touched.
 */
export function promoteStepWith(dependencies: Dependencies) {
  return async ({ run, step: id }: StepRequest): Promise<PromotionOutcome> => {
    const known = await dependencies.evidence.known(run);
    const step = known.loaded.runbook.promotion.steps.find((candidate) => candidate.id === id);
    if (step === undefined) return refused('unknown_step', 'none');
    const outcome = await beatingUntil(dependencies.startDeadline, step.deadline, (signal) =>
      promoteIfAllowed(dependencies, known, step, signal),
    );
    if (outcome === undefined) return refused('step_deadline', 'possible');
    // An attempt before this one may have acted, or still be at it: only the first one can prove that nothing changed.
    return outcome.done || Context.current().info.attempt === 1
      ? outcome
      : { ...outcome, effect: 'possible' };
  };
}

async function promoteIfAllowed(
  dependencies: Dependencies,
  known: KnownRun,
  step: PromotionStep,
  signal: AbortSignal,
): Promise<PromotionOutcome> {
  const { gitSteps, git, actions, store, steps } = dependencies;
  const { folder } = known;
  const begun = (await store.list(folder, 'promotion/')).length > 0;
  const effect = begun ? 'possible' : 'none';
  if ((await store.list(folder, 'rollback/')).length > 0) return refused('rollback_begun', effect);
  if (await store.has(folder, 'manifest.json')) return refused('run_sealed', effect);
  // The server says whose workflow asks: one that does not hold the target's lock would promote beside the one that does.
  if (Context.current().info.workflowExecution?.workflowId !== known.record.workflow.id)
    return refused('not_the_lock', effect);
  if (await steps.isDone(store, folder, step.id)) return { done: true, code: 'done_before', detail: '' };
  const refusal = await refusePromotion(dependencies, known, begun);
  if (refusal !== undefined) return refused(refusal, effect);
  // Checking took time: an attempt that was given up meanwhile acts no more.
  signal.throwIfAborted();
  if (step.git !== undefined) {
    const outcome = await gitSteps.promoteByGit(git, known, step, signal);
    if (outcome.done) await steps.noteDone(store, folder, step.id);
    return outcome;
  }
  if (!step.repeatable && (await steps.isBegun(store, folder, step.id)))
    return refused('tried_before', 'possible');
  await steps.noteBegun(store, folder, step.id);
  const acting = { step: step.id, again: undefined };
  const { said, ...outcome } = await actions.promoteByAction(
    step,
    dependencies.asking(known, signal, acting),
  );
  if (outcome.done) await steps.noteDone(store, folder, step.id);
  await steps.noteOutput(store, folder, `promotion/${step.id}`, Context.current().info.attempt, said.probed);
  return outcome;
}

/** The first reason why this run may not promote now, by the stored evidence and the runbook as it is on this worker. */
async function refusePromotion(
  dependencies: Dependencies,
  { folder, record, loaded }: KnownRun,
  begun: boolean,
): Promise<OwnReasonCode | undefined> {
  const { evidence, ballots, checks, opening, verify } = dependencies;
  const { run } = record;
  if (!(await opening.isNewest(evidence, record, folder))) return 'other_run_since';
  // The runbook as it is now must still allow what was asked to be expected otherwise.
  const current = await runbookNow(dependencies, record.target, loaded.overrides);
  if (current?.digest !== record.runbook || current.policy !== record.policy) return 'runbook_changed';
  const now = begun ? undefined : Date.now();
  const byPeople = await ballots.refuseByPeople(evidence, verify, run, current, now).catch(orUnchecked);
  if (byPeople !== undefined) return byPeople;
  const round = `preflight-${await ballots.latestEpoch(evidence, run)}`;
  const preflight = await preflightOf(dependencies, run, round, begun);
  if (preflight !== 'passed') return preflight === 'stale' ? 'preflight_stale' : 'preflight_not_passed';
  const unready = await checks.read(evidence, folder, checks.rollbackCheckOf(round));
  if (unready === undefined || unready.problems.length > 0) return 'not_rollbackable';
  return undefined;
}

/** What can't be told is no yes, and nothing was touched yet: neither is what the evidence holds and did not keep. */
function orUnchecked(error: unknown): OwnReasonCode {
  if (!(error instanceof Error)) throw error;
  if (error.name === 'SignatureError') return 'signatures_unchecked';
  if (error.name === 'MalformedStatement') return 'quorum_not_met';
  if (error.name === 'EvidenceError' && 'code' in error && error.code === 'conflict') return 'quorum_not_met';
  throw error;
}

function refused(
  code: OwnReasonCode,
  effect: 'none' | 'possible',
): Extract<PromotionOutcome, { done: false }> {
  return { done: false, code, detail: 'checked right before promoting', effect };
}
