import { describe, expect, it } from 'vitest';

import { ACTIONS, type Action } from '../../src/domain/phase.js';
import type { ApprovalPolicy, Roles } from '../../src/domain/plan.js';
import { isKnown, mayOrder, refuseOrderer, refuseRequester } from '../../src/domain/policy.js';

// Proves who may ask and order by the runbook's lists. That they are who they say: test/adapters/signatures.

const ROLES: Roles = { requesters: ['r', 'q'], orders: {}, protected: true, remindEveryMs: 1 };
const policy = (roles: Partial<Roles> = {}): ApprovalPolicy => ({
  required: 1,
  approvers: ['a', 'b'],
  selfApproval: false,
  expiresMs: 1,
  roles: { ...ROLES, ...roles },
});
/** Who of them may give the order, in a promotion that r asked for. */
const may = (action: Action, given: ApprovalPolicy): readonly string[] =>
  ['a', 'b', 'r', 'q', 'x'].filter((by) => refuseOrderer(given, 'r', action, by) === undefined);

describe('a promotion', () => {
  it('is asked for by those who are listed, and by nobody else', () => {
    expect(['r', 'q', 'a', 'x'].map((by) => refuseRequester(policy(), by))).toEqual([
      undefined,
      undefined,
      'not_a_requester',
      'not_a_requester',
    ]);
  });

  it('is asked for by anybody where nobody is listed', () => {
    expect(refuseRequester(policy({ requesters: undefined }), 'x')).toBeUndefined();
  });
});

describe('an order', () => {
  it('is given by approvers; by the requester only to end or go on with their own request', () => {
    expect(Object.fromEntries(ACTIONS.map((action) => [action, may(action, policy())]))).toEqual({
      abort: ['a', 'b', 'r'],
      rollback: ['a', 'b'],
      remediated: ['a', 'b', 'r'],
      'retry-rollback': ['a', 'b'],
      acknowledge: ['a', 'b'],
    });
  });

  it.each(ACTIONS)('to %s is given by those alone whom the runbook lists for it', (action) => {
    const listed = policy({ orders: { [action]: ['x'] } });
    expect(may(action, listed)).toEqual(['x']);
    for (const other of ACTIONS.filter((each) => each !== action))
      expect(may(other, listed), other).toEqual(may(other, policy()));
  });

  it('is refused by name', () => {
    expect(refuseOrderer(policy(), 'r', 'rollback', 'r')).toBe('not_allowed_to_order');
  });

  it('was given by anybody in histories of before there were roles', () => {
    expect(may('rollback', { ...policy(), roles: undefined })).toEqual(['a', 'b', 'r', 'q', 'x']);
  });

  it('may be given by a requester who approves too, once', () => {
    expect(mayOrder(policy(), 'a', 'abort')).toEqual(['a', 'b']);
  });
});

describe('a name', () => {
  it('is known where the policy lists it for anything', () => {
    const listed = policy({ orders: { rollback: ['pager'] } });
    expect(['a', 'r', 'pager', 'x'].map((name) => isKnown(listed, name))).toEqual([true, true, true, false]);
  });
});
