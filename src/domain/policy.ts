import type { Action } from './phase.js';
import type { ApprovalPolicy } from './plan.js';

/** Refusals of people, not of what they say: their names are not where the runbook's policy lists who may. */
export type RoleRefusal = 'not_a_requester' | 'not_allowed_to_order';

/** "Those listed as requesters may start": without a list anybody may. */
export function refuseRequester({ roles }: ApprovalPolicy, requester: string): RoleRefusal | undefined {
  return roles?.requesters?.includes(requester) === false ? 'not_a_requester' : undefined;
}

/**
 * Who may give an order: those that the runbook lists for it. Without a list approvers may, and who asked for the promotion
 * may abort it and say that a repair of it is done.
 */
export function refuseOrderer(
  policy: ApprovalPolicy,
  requester: string,
  action: Action,
  by: string,
): RoleRefusal | undefined {
  if (policy.roles === undefined) return undefined;
  return mayOrder(policy, requester, action).includes(by) ? undefined : 'not_allowed_to_order';
}

/** Names, for those who ask who may. */
export function mayOrder(policy: ApprovalPolicy, requester: string, action: Action): readonly string[] {
  const listed = policy.roles?.orders[action];
  if (listed !== undefined) return listed;
  const own = action === 'abort' || action === 'remediated' ? [requester] : [];
  return [...new Set([...policy.approvers, ...own])];
}

/** Names that the policy lists for anything: others are strangers to it. */
export function isKnown({ approvers, roles }: ApprovalPolicy, name: string): boolean {
  const listed = [approvers, roles?.requesters ?? [], ...Object.values(roles?.orders ?? {})];
  return listed.some((names) => names.includes(name));
}
