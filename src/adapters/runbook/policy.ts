import { dirname, join } from 'node:path';

import type { PolicyFinding } from '../signatures/finding.js';
import { ACTIONS, type Action } from '../../domain/phase.js';
import type { ApprovalPolicy } from '../../domain/plan.js';
import { mayOrder } from '../../domain/policy.js';
import { lintPolicy } from '../signatures/lint.js';
import type { SshKeygenSettings } from '../signatures/ssh-keygen.js';
import type { LoadedRunbook } from './resolve.js';

/**
 * What is wrong, or a trap, in the files of keys that a runbook names; none where it names none.
 *
 * @param file the runbook's own path
 * @param at ms since the epoch: keys are looked at as of then
 * @throws SignatureError where ssh-keygen can't be asked
 */
export async function policyFindings(
  { plan, runbook, signers }: LoadedRunbook,
  file: string,
  at: number,
  settings: SshKeygenSettings,
): Promise<readonly PolicyFinding[]> {
  const { allowedSigners, revokedKeys } = runbook.approval;
  const { required, approvers, roles } = plan.approval;
  if (signers === undefined || allowedSigners === undefined) return [];
  const beside = (name: string): string => join(dirname(file), name);
  return lintPolicy(
    {
      allowedSigners: signers.allowedSigners,
      revoked: signers.revokedKeys,
      names: { ...ordersOf(plan.approval), approvers, requesters: roles?.requesters ?? [] },
      required,
      protected: roles?.protected === true,
      at,
      files: {
        runbook: file,
        allowedSigners: beside(allowedSigners),
        revoked: revokedKeys === undefined ? undefined : beside(revokedKeys),
      },
    },
    settings,
  );
}

/** Who may give which order, whether the runbook lists them or not. */
function ordersOf(policy: ApprovalPolicy): Readonly<Partial<Record<Action, readonly string[]>>> {
  const { approvers } = policy;
  const own = policy.roles?.requesters ?? [];
  const may = (action: Action) => own.flatMap((name) => mayOrder(policy, name, action));
  return Object.fromEntries(
    ACTIONS.map((action) => [
      action,
      [...new Set([...may(action), ...mayOrder(policy, approvers[0] ?? '', action)])],
    ]),
  );
}
