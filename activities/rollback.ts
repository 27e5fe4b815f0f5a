import type { RollbackOutcome } from '../src/contracts/step-record.js';
import type { RollbackStep } from '../src/contracts/runbook.js';
import type { KnownRun } from '../src/adapters/evidence/run-evidence.js';
import { beating, beatingUntil } from './beating.js';
import type { Dependencies } from './dependencies.js';

export interface RollbackRequest {
  readonly run: string;
  readonly step: string;
  /** Which attempt of the whole rollback it belongs to; part of the evidence's file names only. */
  readonly attempt: number;
}

/** Applies one rollback step and verifies it by asking the system, until it holds or the step's time is over. */
export function rollBackStepWith(dependencies: Dependencies) {
  const { commands, asking, gitSteps, git, evidence } = dependencies;
  return async (request: RollbackRequest): Promise<RollbackOutcome> => {
    const { known, step } = await find(dependencies, request);
    const outcome = await beatingUntil(
      dependencies.startDeadline,
      step.deadline,
      async (signal): Promise<RollbackOutcome> => {
        const reverts = revertedStep(known, step);
        if (reverts !== undefined) return gitSteps.revertByGit(git, known, { id: step.id, reverts }, signal);
        const { said, ...verified } = await commands.rollBackByCommand(
          known.loaded,
          step,
          asking(known.loaded, signal),
        );
        if (said !== undefined)
          await recordIfPossible(dependencies, known.folder, `${name(request)}.out.txt`, said.probed.body);
        return verified;
      },
    );
    const told = outcome ?? TOO_LATE;
    const bytes = Buffer.from(JSON.stringify({ v: 1, step: step.id, attempt: request.attempt, ...told }));
    await recordIfPossible({ ...dependencies, evidence }, known.folder, `${name(request)}.json`, bytes);
    return told;
  };
}

/** Asks once more whether the step still holds. Changes nothing. */
export function verifyRollBackStepWith(dependencies: Dependencies) {
  const { commands, asking, gitSteps, git } = dependencies;
  return async (request: RollbackRequest): Promise<RollbackOutcome> => {
    const { known, step } = await find(dependencies, request);
    const outcome = await beatingUntil(dependencies.startDeadline, step.deadline, (signal) => {
      const reverts = revertedStep(known, step);
      return reverts === undefined
        ? commands.verifyByGate(known.loaded, step, asking(known.loaded, signal))
        : gitSteps.verifyRevert(git, known, { id: step.id, reverts }, signal);
    });
    return outcome ?? TOO_LATE;
  };
}

/** Read-only: which rollback steps could not run now, one line each. Kept, because it stands in what is approved. */
export function checkRollbackWith({
  evidence,
  store,
  asking,
  gitSteps,
  git,
  requirements,
  gates,
}: Dependencies) {
  return ({
    run,
    at,
  }: {
    readonly run: string;
    readonly at: string;
  }): Promise<{ readonly problems: readonly string[] }> =>
    beating(async (signal) => {
      const known = await evidence.known(run);
      const { environment } = asking(known.loaded, signal);
      const problems: string[] = [];
      for (const step of known.loaded.runbook.rollback.steps) {
        const reverts = revertedStep(known, step);
        if (reverts !== undefined) {
          const problem = await gitSteps.checkRevert(git, known, reverts, signal);
          if (problem !== undefined) problems.push(`${step.id}: ${problem}`);
        }
        if (step.command !== undefined) {
          const problem = await requirements.commandProblem(step.command, environment);
          if (problem !== undefined) problems.push(`${step.id}: ${problem}`);
          for (const file of await requirements.missingFiles(step))
            problems.push(`${step.id}: ${file} is not there: the command would act on nothing that lives`);
        }
        if (step.verify !== undefined) {
          const { result } = await gates.askGate(
            known.loaded,
            step.verify.gate,
            asking(known.loaded, signal),
          );
          if (result.kind !== 'answered')
            problems.push(
              `${step.id}: ${step.verify.gate} does not answer, so nothing could be verified: ${result.detail}`,
            );
        }
      }
      // Asked again after a lost worker the answer may differ; the first one that was kept stays.
      const path = `${at}/rollback-check.json`;
      if ((await store.get(known.folder, path)) === undefined)
        await evidence.putJson(known.folder, path, { v: 1, problems });
      return { problems };
    });
}

const TOO_LATE: RollbackOutcome = {
  verified: false,
  code: 'step_deadline',
  detail: 'it did not end in time',
};

function name({ step, attempt }: RollbackRequest): string {
  return `rollback/${step}.${attempt}`;
}

async function find(
  { evidence }: Dependencies,
  { run, step: id }: RollbackRequest,
): Promise<{ known: KnownRun; step: RollbackStep }> {
  const known = await evidence.known(run);
  const step = known.loaded.runbook.rollback.steps.find((candidate) => candidate.id === id);
  if (step === undefined) throw new Error(`the runbook has no rollback step ${id}`);
  return { known, step };
}

function revertedStep({ loaded }: KnownRun, { gitRevert }: RollbackStep) {
  return gitRevert === undefined
    ? undefined
    : loaded.runbook.promotion.steps.find(({ id }) => id === gitRevert.step);
}

/** A full disk must never block a rollback: it goes first, and the workflow owes the record. */
async function recordIfPossible(
  { store }: Pick<Dependencies, 'store' | 'evidence'>,
  folder: string,
  path: string,
  bytes: Uint8Array,
): Promise<void> {
  try {
    await store.put(folder, path, bytes);
  } catch {
    // The outcome itself is in the workflow's journal entry, which is retried until it can be written.
  }
}
