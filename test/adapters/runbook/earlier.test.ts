// Proves that a run which an earlier version opened still has its plan, so that it can be watched and rolled back.
import { expect, test } from 'vitest';

import { resolvedRunbook, resolvedShape } from '../../../src/adapters/runbook/resolve.js';
import { load, smallRunbook } from './written-runbook.js';

const SINCE = ['orders', 'remindEvery', 'protected', 'userVerification'];

test('a resolved runbook of before there were roles gives a plan without any', async () => {
  const { runbook, plan } = await load(smallRunbook());
  const approval = Object.fromEntries(
    Object.entries(runbook.approval).filter(([key]) => !SINCE.includes(key)),
  );
  const stored = resolvedShape.parse(JSON.parse(JSON.stringify({ ...runbook, approval })));
  const earlier = resolvedRunbook(stored, undefined);
  expect(earlier.plan).toEqual({ ...plan, approval: { ...plan.approval, roles: undefined } });
});
