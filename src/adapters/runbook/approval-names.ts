import { InputError } from '../../contracts/input-error.js';
import { identity } from '../../contracts/names.js';
import type { Runbook } from '../../contracts/runbook.js';
import { ACTIONS } from '../../domain/phase.js';

type Approval = Runbook['approval'];

/**
 * The approval policy once its variables have their values: every list as names, each once.
 *
 * @throws InputError invalid_runbook for an empty list, and for what is no name
 */
export function approvalWithNames(approval: Approval, file: string): Approval {
  const names = (key: string, given: string | readonly string[]): string[] => namesOf(key, given, file);
  const approvers = names('approvers', approval.approvers);
  if (approvers.length < approval.required)
    throw new InputError('invalid_runbook', [
      `${file}: approval.required is ${approval.required}, but only ${approvers.length} approvers are listed`,
    ]);
  const orders = ACTIONS.flatMap((action) => {
    const given = approval.orders[action];
    return given === undefined ? [] : [[action, names(`orders.${action}`, given)] as const];
  });
  return {
    ...approval,
    approvers,
    ...(approval.requesters === undefined ? {} : { requesters: names('requesters', approval.requesters) }),
    orders: Object.fromEntries(orders),
  };
}

function namesOf(key: string, given: string | readonly string[], file: string): string[] {
  const names = typeof given === 'string' ? [given] : given;
  if (names.length === 0)
    throw new InputError('invalid_runbook', [
      `${file}: approval.${key} is empty: ${key === 'approvers' ? 'nobody could decide' : 'name somebody, or take it out'}`,
    ]);
  for (const name of names)
    if (!identity.safeParse(name).success)
      throw new InputError('invalid_runbook', [
        `${file}: approval.${key}: ${JSON.stringify(name.slice(0, 64))} is no name: a-z, 0-9 and . _ @ + -`,
      ]);
  return [...new Set(names)];
}
