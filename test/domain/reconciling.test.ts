// Proves what is done with a run whose evidence has no end, by what Temporal says of its workflow: never by a guess.
import { describe, expect, test } from 'vitest';

import { actionFor, inOrder, type FoundRun } from '../../src/domain/reconciling.js';

const RUN = '20260102T030405678Z-5f0c2a9e';

describe('a run without an end', () => {
  test.each([
    { workflow: 'open', touched: true, vouched: undefined, action: undefined },
    { workflow: 'open', touched: true, vouched: RUN, action: undefined },
    { workflow: 'ended', touched: true, vouched: undefined, action: 'rolls-back' },
    { workflow: 'ended', touched: false, vouched: undefined, action: 'abandons' },
    { workflow: 'unknown', touched: true, vouched: undefined, action: 'unknown' },
    { workflow: 'unknown', touched: true, vouched: 'another', action: 'unknown' },
    { workflow: 'unknown', touched: true, vouched: RUN, action: 'rolls-back' },
    { workflow: 'unknown', touched: false, vouched: undefined, action: undefined },
    { workflow: 'unknown', touched: false, vouched: RUN, action: 'abandons' },
  ] as const)(
    'whose workflow is $workflow, touched $touched, vouched for $vouched: $action',
    ({ workflow, touched, vouched, action }) => {
      expect(actionFor({ workflow, touched, run: RUN }, vouched)).toBe(action);
    },
  );
});

test('what may be half promoted goes first', () => {
  const shared = {
    target: 't',
    commit: 'c',
    requester: 'r',
    folder: 'f',
    workflowId: 'w',
    workflow: 'ended',
  };
  const found = [false, true, false, true].map((touched, index): FoundRun => ({
    ...shared,
    workflow: 'ended',
    run: `r${index}`,
    touched,
  }));
  expect(inOrder(found).map(({ run }) => run)).toEqual(['r1', 'r3', 'r0', 'r2']);
});
