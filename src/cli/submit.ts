import { randomBytes } from 'node:crypto';

import { ClientError, type PromotionStatus } from '../client.js';
import type { Config } from '../config.js';
import { plain } from './output.js';
import { InputError } from '../contracts/input-error.js';
import type { Subject } from '../contracts/run-record.js';
import type { Answer, PromotionInput, StartBinding } from '../domain/messages.js';
import type { Action } from '../domain/phase.js';
import type { ControlStatement, DecisionStatement, StartStatement } from '../domain/statement.js';

/** What people say, as statements; docs/reference/statements.md. */

/** @param subject what is decided on, as it was checked to be what the digest is of */
export function decisionOf(
  config: Config,
  status: PromotionStatus,
  subject: Subject,
  said: { readonly by: string; readonly verdict: 'approve' | 'reject'; readonly comment: string },
): DecisionStatement {
  const digest = status.view?.approval?.digest;
  const { deployment, target, run, request } = subject;
  if (digest === undefined) throw new ClientError('refused', `${status.target} awaits no decision`);
  if (deployment !== deploymentOf(config, status) || run !== runOf(status))
    throw new ClientError(
      'refused',
      `what awaits a decision is not of the run that the worker tells: decide nothing, and look at ${target} again`,
    );
  return {
    v: 1,
    type: 'promotion-decision.v1',
    deployment,
    target,
    at: new Date().toISOString(),
    run,
    subject: digest,
    request,
    ...said,
  };
}

/** @throws ClientError unknown_outcome for what nobody could look into: the same command again is safe */
export function refuseUnchecked({ checked, reason }: Answer): void {
  if (checked === false) throw new ClientError('unknown_outcome', plain(reason));
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

/**
 * @param binds what the worker says that it would be bound to
 * @throws InputError where the worker is of another deployment than these settings name
 */
export function startOf(
  config: Config,
  { target, commit, requester, reason }: PromotionInput,
  { deployment, runbook, previous }: StartBinding,
): StartStatement {
  if (deployment !== config.deployment) throw otherDeployment(target, deployment, config);
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
  throw otherDeployment(target, view.deployment, { deployment });
}

function otherDeployment(
  target: string,
  its: string,
  { deployment }: Pick<Config, 'deployment'>,
): InputError {
  return new InputError('invalid_settings', [
    `${target} belongs to the deployment ${its}, these settings name ${deployment}: use its promote.yaml, or set PROMOTE_DEPLOYMENT`,
  ]);
}
