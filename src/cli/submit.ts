import { randomBytes } from 'node:crypto';

import { ClientError, type PromotionStatus } from '../client.js';
import type { Config } from '../config.js';
import { InputError } from '../contracts/input-error.js';
import type { PromotionInput, StartBinding } from '../domain/messages.js';
import type { Action } from '../domain/phase.js';
import type { ControlStatement, DecisionStatement, StartStatement } from '../domain/statement.js';

/** What people say, as statements; docs/reference/statements.md. */

/** @param status what the decision is made on: it names run, request and digest */
export function decisionOf(
  config: Config,
  status: PromotionStatus,
  said: { readonly by: string; readonly verdict: 'approve' | 'reject'; readonly comment: string },
): DecisionStatement {
  const approval = status.view?.approval;
  if (approval === undefined) throw new ClientError('refused', `${status.target} awaits no decision`);
  return {
    v: 1,
    type: 'promotion-decision.v1',
    deployment: deploymentOf(config, status),
    target: status.target,
    at: new Date().toISOString(),
    run: runOf(status),
    subject: approval.digest,
    request: approval.request,
    ...said,
  };
}

/** @param status what the order is given on: it names run and head */
export function orderOf(
  config: Config,
  status: PromotionStatus,
  said: { readonly by: string; readonly action: Action; readonly reason: string },
): ControlStatement {
  const { view, memo } = status;
  const { seq, digest } = view?.head ?? memo.head ?? { seq: 0, digest: '' };
  if (seq === 0) throw startingStill(status.target);
  return {
    v: 1,
    type: 'promotion-control.v1',
    deployment: deploymentOf(config, status),
    target: status.target,
    at: new Date().toISOString(),
    run: runOf(status),
    head: { seq, digest },
    ...said,
  };
}

/** @param binds what the worker says that it would be bound to */
export function startOf(
  { target, commit, requester, reason }: PromotionInput,
  { deployment, runbook, previous }: StartBinding,
): StartStatement {
  return {
    v: 1,
    type: 'promotion-start.v1',
    deployment,
    target,
    at: new Date().toISOString(),
    by: requester,
    commit,
    runbook,
    reason,
    previous,
    nonce: randomBytes(16).toString('hex'),
  };
}

function runOf({ target, view, memo }: PromotionStatus): string {
  const run = view?.run ?? memo.run;
  if (run !== '') return run;
  throw startingStill(target);
}

function startingStill(target: string): ClientError {
  return new ClientError('refused', `the promotion of ${target} is only just starting: repeat this command`);
}

/** The worker refuses a statement for another installation; said here, because the settings are what is wrong. */
function deploymentOf({ deployment }: Config, { target, view }: PromotionStatus): string {
  if (view === undefined || view.deployment === deployment) return deployment;
  throw new InputError('invalid_settings', [
    `${target} belongs to the deployment ${view.deployment}, these settings name ${deployment}: use its promote.yaml, or set PROMOTE_DEPLOYMENT`,
  ]);
}
