import { TypedSearchAttributes } from '@temporalio/common';
import { describe, expect, it } from 'vitest';

import { memoOf } from '../../src/client/memo.js';
import { DEADLINE, PHASE, TRIGGER } from '../../src/client/search-attributes.js';
import { memoAtStart } from '../../src/domain/memo.js';

/** Proves that what Temporal tells of a promotion is the newest of its memo and its search attributes. */

const START = memoAtStart({ target: 'tau', commit: 'a'.repeat(40), requester: 'r', reason: 'test' });
const ASKED = { ...START, phase: 'awaiting-approval', deadline: 1_000, waitingFor: ['approver'] };

describe('what a memo tells', () => {
  it('is told by search attributes where they are newer', () => {
    const at = new Date('2026-01-02T03:04:05.678Z');
    expect(memoOf(told(ASKED, 'watching', { deadline: at }), 'tau')).toMatchObject({
      phase: 'watching',
      deadline: at.getTime(),
      waitingFor: undefined,
      reason: '',
    });
    expect(memoOf(told(ASKED, 'rolling-back', { trigger: 'unreachable' }), 'tau')).toMatchObject({
      phase: 'rolling-back',
      trigger: 'unreachable',
      deadline: null,
    });
  });

  it('names those that are waited for while they are', () => {
    expect(memoOf(told(ASKED, 'awaiting-approval'), 'tau').waitingFor).toEqual(['approver']);
  });

  it('stands alone where the search attributes tell no phase of ours', () => {
    for (const phase of [undefined, 'elsewhere'])
      expect(memoOf(told(ASKED, phase, { trigger: 'cancelled' }), 'tau')).toEqual(ASKED);
    expect(memoOf(told(ASKED, 'watching', { trigger: 'elsewhere' }), 'tau').trigger).toBeNull();
  });

  it('is none of ours where it has another form', () => {
    expect(() => memoOf(told({ phase: 'watching' }, 'watching'), 'tau')).toThrow(/no memo/);
  });
});

function told(
  promotion: unknown,
  phase: string | undefined,
  { deadline, trigger }: { readonly deadline?: Date; readonly trigger?: string } = {},
): Parameters<typeof memoOf>[0] {
  const typedSearchAttributes = new TypedSearchAttributes([
    ...(phase === undefined ? [] : [{ key: PHASE, value: phase }]),
    ...(trigger === undefined ? [] : [{ key: TRIGGER, value: trigger }]),
    ...(deadline === undefined ? [] : [{ key: DEADLINE, value: deadline }]),
  ]);
  return { memo: { promotion }, typedSearchAttributes };
}
