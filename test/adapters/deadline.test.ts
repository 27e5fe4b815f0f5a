import { setFlagsFromString } from 'node:v8';
import { runInNewContext } from 'node:vm';

import { expect, test } from 'vitest';

import { startDeadline } from '../../src/adapters/deadline.js';

test('a deadline fires although everything that can be collected was', async () => {
  setFlagsFromString('--expose_gc');
  const deadline = startDeadline(50, new AbortController().signal);
  const fired = new Promise<void>((resolve) =>
    deadline.signal.addEventListener('abort', () => resolve(), { once: true }),
  );
  runInNewContext('gc()');
  await fired;
  expect(deadline.passed()).toBe(true);
});

test("a caller's cancellation is not the deadline", () => {
  const caller = new AbortController();
  const deadline = startDeadline(60_000, caller.signal);
  caller.abort(new Error('cancelled'));
  expect(deadline.signal.reason).toEqual(new Error('cancelled'));
  expect(deadline.passed()).toBe(false);
  deadline.clear();
});
