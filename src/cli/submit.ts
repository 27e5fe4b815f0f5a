import { ClientError, type PromotionClient, type PromotionStatus } from '../client.js';
import type { Config } from '../config.js';
import { InputError } from '../contracts/input-error.js';
import type { Answer } from '../domain/messages.js';
import type { Action } from '../domain/phase.js';
import { parseControl, parseDecision, statementText, type Submission } from '../domain/statement.js';

/** Statements as this version sends them: unsigned, the name in them asserted. */

export interface DecisionRequest {
  readonly by: string;
  readonly verdict: 'approve' | 'reject';
  readonly comment: string;
}

/** @param status what the decision was made on: it names run, request and digest */
export async function sendDecision(
  client: PromotionClient,
  config: Config,
  status: PromotionStatus,
  { by, verdict, comment }: DecisionRequest,
): Promise<Answer> {
  const approval = status.view?.approval;
  if (approval === undefined) throw new ClientError('refused', `${status.target} awaits no decision`);
  const submission = submissionOf({
    v: 1,
    type: 'promotion-decision.v1',
    deployment: deploymentOf(config, status),
    target: status.target,
    at: new Date().toISOString(),
    by,
    run: runOf(status),
    subject: approval.digest,
    request: approval.request,
    verdict,
    comment,
  });
  parseDecision(submission);
  return client.decide(status.target, submission);
}

export async function sendOrder(
  client: PromotionClient,
  config: Config,
  status: PromotionStatus,
  { by, action, reason }: { readonly by: string; readonly action: Action; readonly reason: string },
): Promise<Answer> {
  const submission = submissionOf({
    v: 1,
    type: 'promotion-control.v1',
    deployment: deploymentOf(config, status),
    target: status.target,
    at: new Date().toISOString(),
    by,
    run: runOf(status),
    action,
    reason,
  });
  parseControl(submission);
  return client.control(status.target, submission);
}

function submissionOf(statement: Parameters<typeof statementText>[0]): Submission {
  return { statement: statementText(statement), signature: null };
}

function runOf({ target, view, memo }: PromotionStatus): string {
  const run = view?.run ?? memo.run;
  if (run !== '') return run;
  throw new ClientError('refused', `the promotion of ${target} is only just starting: repeat this command`);
}

/** The worker refuses a statement for another installation; said here, because the settings are what is wrong. */
function deploymentOf({ deployment }: Config, { target, view }: PromotionStatus): string {
  if (view === undefined || view.deployment === deployment) return deployment;
  throw new InputError('invalid_settings', [
    `${target} belongs to the deployment ${view.deployment}, these settings name ${deployment}: use its promote.yaml, or set PROMOTE_DEPLOYMENT`,
  ]);
}
