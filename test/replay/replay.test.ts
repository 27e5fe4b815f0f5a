import { describe, expect, test } from 'vitest';

import type { History } from '@temporalio/common/lib/proto-utils.js';

import { CASES } from './cases.js';
import { readHistory, recordedNames } from './histories.js';
import { replay } from './replaying.js';

/**
 * Proves that the workflows as built now can take up every promotion that an earlier build began: each recorded history
 * is replayed from its first event, as a worker does whose cache holds nothing. It ends at what was recorded: another
 * order of the same events is for test/deep.
 */
const NAMES = CASES.map(({ name }) => name);

describe('a recorded history', () => {
  test('is there for every case, and for no other', async () => {
    expect(await recordedNames()).toEqual(NAMES.toSorted());
  });

  test.each(NAMES)('%s is replayed without a difference', async (name) => {
    const [replayed] = await replay([await recorded(name)]);
    expect(replayed).toBeDefined();
    expect(replayed?.error).toBeUndefined();
  });

  test('is replayed the same beside all others in one worker', async () => {
    const results = await replay(await Promise.all(NAMES.map((name) => recorded(name))));
    expect(results).toHaveLength(NAMES.length);
    expect(results.flatMap(({ error }) => error ?? [])).toEqual([]);
  });
});

describe('a history that these workflows would not have made', () => {
  test.each(NAMES)('%s with another activity is refused', async (name) => {
    const history = await recorded(name);
    const scheduled = (history.events ?? []).flatMap(
      (event) => event.activityTaskScheduledEventAttributes ?? [],
    );
    const last = scheduled.at(-1)?.activityType;
    expect(last?.name).toBe('sealRun');
    if (last) last.name = 'askGate';
    const [replayed] = await replay([history]);
    expect(replayed?.error?.message).toMatch(/nondetermin/i);
  });

  test('one without its first gate is refused', async () => {
    const history = await recorded('promoted');
    const first = history.events?.findIndex(
      (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === 'askGate',
    );
    const gate = history.events?.[first ?? -1]?.activityTaskScheduledEventAttributes;
    expect(gate).toBeDefined();
    if (gate?.activityType) gate.activityType.name = 'checkPrerequisites';
    const [replayed] = await replay([history]);
    expect(replayed?.error?.name).toBe('DeterminismViolationError');
  });
});

async function recorded(name: string): Promise<History> {
  const history = await readHistory(name);
  if (history === undefined)
    throw new Error(`no history of ${name}: record it with RECORD=1 npm run record-histories`);
  return history;
}
