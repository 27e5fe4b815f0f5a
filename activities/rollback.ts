import { sleep } from '@temporalio/activity';

import type { RollbackOutcome, RollbackStepOutcome } from '../src/contracts/step-record.js';
import type { RollbackStep } from '../src/contracts/runbook-steps.js';
import type { Check } from '../src/adapters/evidence/checks.js';
import type { KnownRun } from '../src/adapters/evidence/run-evidence.js';
import { beatingUntil } from './beating.js';
import type { Dependencies } from './dependencies.js';

export type { RollbackStepOutcome } from '../src/contracts/step-record.js';

export interface RollbackRequest {
  readonly run: string;
  readonly step: string;
  /** Which attempt of the whole rollback it belongs to; part of the evidence's file names only. */
  readonly attempt: number;
  /** The step's time, as the plan says; it is over also where the store can't be read. */
  readonly deadlineMs: number;
}

/**
 * Applies one rollback step and verifies it by asking the system, until it holds or the step's time is over. In a later
 * attempt of the rollback what holds already is only asked about.
 */
export function rollBackStepWith(dependencies: Dependencies) {
  return async (request: RollbackRequest): Promise<RollbackStepOutcome> => {
    const outcome = await inTime(dependencies, request, async (known, step, signal, tell) => {
      await dependencies.steps.noteRollbackBegun(dependencies.store, known.folder);
      // A revert asks by itself whether it is there already.
      if (request.attempt > 1 && dependencies.gitSteps.revertStepOf(known, step) === undefined) {
        const holds = await verify(dependencies, known, step, signal);
        if (holds.verified) return holds;
        tell(holds);
      }
      return apply(dependencies, request, known, step, signal, tell);
    });
    return keepOutcome(dependencies, request, outcome);
  };
}

/** Asks once more whether the step still holds. Changes nothing. */
export function verifyRollBackStepWith(dependencies: Dependencies) {
  return async (request: RollbackRequest): Promise<RollbackStepOutcome> => {
    const outcome = await inTime(dependencies, request, (known, step, signal) =>
      verify(dependencies, known, step, signal),
    );
    return {
      ...outcome,
      byHand: (await bounded(dependencies, () => byHand(dependencies, request, outcome))) ?? [],
    };
  };
}

async function apply(
  dependencies: Dependencies,
  { run, step: id, attempt, deadlineMs }: RollbackRequest,
  known: KnownRun,
  step: RollbackStep,
  signal: AbortSignal,
  tell: (soFar: RollbackOutcome) => void,
): Promise<RollbackOutcome> {
  const { actions, steps, store, verification, git, gitSteps } = dependencies;
  const revert = gitSteps.revertStepOf(known, step);
  if (revert !== undefined) return gitSteps.revertByGit(git, known, revert, signal);
  const again = attempt === 1 ? undefined : String(attempt);
  const acting = dependencies.asking(known, signal, { step: id, again });
  const { said, ...outcome } = await actions.rollBackByAction(known.loaded, step, acting, {
    verify: (asking) => verification.verifyStep(git, known, step, asking),
    actedBefore: !step.repeatable && (await steps.noteActing(store, known.folder, id, attempt)),
    tell,
  });
  if (said !== undefined)
    await steps.noteOutput(
      store,
      known.folder,
      nameOf({ run, step: id, attempt, deadlineMs }),
      1,
      said.probed,
    );
  return outcome;
}

async function verify(
  { verification, gitSteps, git, asking }: Dependencies,
  known: KnownRun,
  step: RollbackStep,
  signal: AbortSignal,
): Promise<RollbackOutcome> {
  const revert = gitSteps.revertStepOf(known, step);
  return revert === undefined
    ? verification.verifyStep(git, known, step, asking(known, signal))
    : gitSteps.verifyRevert(git, known, revert, signal);
}

/** Whether a history of this run has begun to promote, and nobody has sealed how it ended. */
export function promotionBegunWith({ evidence, store }: Dependencies) {
  return async ({ run }: { readonly run: string }): Promise<{ readonly begun: boolean }> => {
    const folder = await evidence.folderOf(run);
    const begun = (await store.list(folder, 'promotion/')).length > 0;
    return { begun: begun && !(await store.has(folder, 'manifest.json')) };
  };
}

const CHECK_DEADLINE_MS = 90_000;

/** Read-only: which rollback steps could not run now, one line each. Kept, because it stands in what is approved. */
export function checkRollbackWith(dependencies: Dependencies) {
  const { evidence, checks, startDeadline } = dependencies;
  return async ({ run, at }: { readonly run: string; readonly at: string }): Promise<Check> => {
    const known = await evidence.known(run);
    const path = checks.rollbackCheckOf(at);
    const kept = await checks.read(evidence, known.folder, path);
    if (kept !== undefined) return kept;
    const { steps, promoteUnrollbackable } = known.loaded.runbook.rollback;
    const found = await beatingUntil(startDeadline, CHECK_DEADLINE_MS, async (signal) => {
      const check = { problems: [] as string[], waived: [] as string[] };
      for (const step of steps) {
        const list = promoteUnrollbackable.includes(step.id) ? check.waived : check.problems;
        for (const problem of await problemsOf(dependencies, known, step, signal))
          list.push(`${step.id}: ${problem}`);
      }
      return check;
    });
    const told = found ?? { problems: ['the check of the rollback did not end in time'], waived: [] };
    return checks.keep(evidence, known.folder, path, told);
  };
}

async function problemsOf(
  { asking, gitSteps, git, preflight }: Dependencies,
  known: KnownRun,
  step: RollbackStep,
  signal: AbortSignal,
): Promise<readonly string[]> {
  const revert = gitSteps.revertStepOf(known, step);
  if (revert === undefined)
    return preflight.actionProblems(git, known, step, asking(known, signal), CHECK_DEADLINE_MS);
  const problem = await gitSteps.checkRevert(git, known, revert, signal);
  return problem === undefined ? [] : [problem];
}

/** The step within its time, with heartbeats; a store that can't be read is asked again until then, and never longer. */
async function inTime(
  { evidence, startDeadline }: Dependencies,
  { run, step: id, deadlineMs }: RollbackRequest,
  work: (
    known: KnownRun,
    step: RollbackStep,
    signal: AbortSignal,
    tell: (soFar: RollbackOutcome) => void,
  ) => Promise<RollbackOutcome>,
): Promise<RollbackOutcome> {
  let fault: RollbackOutcome = { verified: false, code: 'step_deadline', detail: 'it did not end in time' };
  const outcome = await beatingUntil(startDeadline, deadlineMs, async (signal): Promise<RollbackOutcome> => {
    for (;;) {
      try {
        const known = await evidence.known(run);
        const step = known.loaded.runbook.rollback.steps.find((candidate) => candidate.id === id);
        if (step === undefined)
          return { verified: false, code: 'unknown_step', detail: `the runbook has no step ${id}` };
        return await work(known, step, signal, (soFar) => (fault = soFar));
      } catch (error) {
        if (signal.aborted || !(error instanceof Error && error.name === 'EvidenceError')) throw error;
        fault = { verified: false, code: 'evidence_unavailable', detail: error.message };
        if (!('retryable' in error && error.retryable === true)) return fault;
      }
      await sleep(STORE_RETRY_MS);
    }
  });
  return outcome ?? fault;
}

const STORE_RETRY_MS = 500;

function nameOf({ step, attempt }: RollbackRequest): string {
  return `rollback/${step}.${attempt}`;
}

/** Within the grace that Temporal gives a step beyond its own time. */
const KEEP_MS = 1_000;

async function bounded<Output>(
  { startDeadline }: Dependencies,
  work: () => Promise<Output>,
): Promise<Output | undefined> {
  return beatingUntil(startDeadline, KEEP_MS, work);
}

/** Puts the outcome into the evidence if that can be done now, with what is left to do by hand. */
async function keepOutcome(
  dependencies: Dependencies,
  request: RollbackRequest,
  outcome: RollbackOutcome,
): Promise<RollbackStepOutcome> {
  const { evidence, steps } = dependencies;
  const { step, attempt, run } = request;
  const told = (await bounded(dependencies, () => byHand(dependencies, request, outcome))) ?? [];
  await bounded(dependencies, () =>
    steps.ifPossible(async () => {
      const kept = { v: 1, step, attempt, ...outcome, byHand: told };
      await evidence.putJson(await evidence.folderOf(run), `${nameOf(request)}.json`, kept);
    }),
  );
  return { ...outcome, byHand: told };
}

/** Commands for a person where the step failed; none where the store does not say what the step is. */
async function byHand(
  { evidence, byHandOf, steps }: Dependencies,
  { run, step: id }: RollbackRequest,
  { verified }: RollbackOutcome,
): Promise<readonly string[]> {
  let commands: readonly string[] = [];
  if (verified) return commands;
  await steps.ifPossible(async () => {
    const known = await evidence.known(run);
    const step = known.loaded.runbook.rollback.steps.find((candidate) => candidate.id === id);
    if (step !== undefined) commands = await byHandOf({ evidence }, known, step);
  });
  return commands;
}
