import type { RollbackStep } from '../../contracts/runbook-steps.js';
import type { KnownRun } from '../evidence/run-evidence.js';
import { probe, type Asking } from '../probe.js';
import type { GitTools } from './git-steps.js';
import { commandProblem, missingFiles } from './requirements.js';
import { sameState } from './same-state.js';
import { verifyStep } from './verification.js';

const MAX_ANSWER_BYTES = 512 * 1024;

/**
 * Why a rollback step by command or HTTP could not run, or could not be verified, now; one line each. Asks only: it runs no
 * command of the step and sends none of its requests.
 */
export async function actionProblems(
  tools: GitTools,
  known: KnownRun,
  step: RollbackStep,
  asking: Asking,
  limitMs: number,
): Promise<readonly string[]> {
  const problems = [
    ...(await commandProblems(known, step, asking, limitMs)),
    ...(await credentialProblems(step, asking)),
  ];
  const verified = await verifyStep(tools, known, step, asking);
  // What is verified already, or not in effect yet, can be verified: only silence can't.
  if (verified.verified || verified.code === 'not_in_effect') return problems;
  return [...problems, `nothing to verify it by: ${verified.code}: ${verified.detail}`];
}

async function commandProblems(
  { loaded }: KnownRun,
  step: RollbackStep,
  asking: Asking,
  limitMs: number,
): Promise<readonly string[]> {
  if (step.command === undefined) return [];
  const problem = await commandProblem(step.command, asking.environment);
  const missing = await missingFiles(step);
  const found = [
    ...(problem === undefined ? [] : [problem]),
    ...missing.map((file) => `${file} is not there: the command would act on nothing that lives`),
  ];
  if (missing.length > 0) return found;
  const place = await sameState(loaded, step, asking, limitMs);
  if (place.kind === 'same') return found;
  const code = place.kind === 'different' ? 'wrong_directory' : 'directory_not_proven';
  return [...found, `${code}: ${place.detail}`];
}

/** The step's own request may not be sent: another one, which only asks, must be answered with its credentials. */
async function credentialProblems(step: RollbackStep, asking: Asking): Promise<readonly string[]> {
  if (step.check === undefined) return [];
  const { http, status: expectStatus } = step.check;
  const probed = await probe(
    { http, command: undefined, deadlineMs: step.deadline, maxBytes: MAX_ANSWER_BYTES, expectStatus },
    asking,
  );
  if (probed.kind === 'answered') return [];
  const refused = probed.status === 401 || probed.status === 403;
  return [`${refused ? 'credentials_refused' : 'check_not_answered'}: ${probed.detail}`];
}
