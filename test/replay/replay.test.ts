import { beforeAll, describe, expect, test } from 'vitest';

import type { History } from '@temporalio/common/lib/proto-utils.js';
import { DefaultLogger, makeTelemetryFilterString, Runtime, type ReplayResult } from '@temporalio/worker';

import { CASES } from './cases.js';
import { namesOf, readHistory, recordedNames } from './histories.js';
import { replay } from './replaying.js';

/**
 * Proves that the workflows as built now can take up every promotion that an earlier build began: each recorded history
 * is replayed from its first event, as by a worker whose cache holds nothing. Workflows that run without a cache are
 * test/deep/cache-off.deep-test.ts. It ends at what was recorded: what was never played, e.g. a kill, is for test/deep.
 */
const NAMES = CASES.flatMap(({ name }) => namesOf(name));

beforeAll(() => {
  // What is refused here is meant to be, so it is no line in the log.
  const filter = makeTelemetryFilterString({ core: 'ERROR', other: 'ERROR' });
  Runtime.install({ logger: new DefaultLogger('ERROR'), telemetryOptions: { logging: { filter } } });
});

test('every case has its recorded history, and no other is kept', async () => {
  expect(await recordedNames()).toEqual(NAMES.toSorted());
});

describe('a recorded history', () => {
  let results: readonly ReplayResult[] = [];
  beforeAll(async () => {
    results = await replay(await Promise.all(NAMES.map((name) => recorded(name))));
  });

  test.each(NAMES.map((name, index) => ({ name, index })))(
    '$name is replayed without a difference',
    ({ index }) => {
      expect(results).toHaveLength(NAMES.length);
      expect(results[index]?.error).toBeUndefined();
    },
  );
});

describe('a history that these workflows would not have made is refused', () => {
  test.each([
    { what: 'its first', nth: 0, other: 'checkPrerequisites' },
    { what: 'its last', nth: -1, other: 'askGate' },
  ])('where $what activity was another one', async ({ nth, other }) => {
    const histories = await Promise.all(NAMES.map((name) => recorded(name)));
    for (const history of histories) changeActivity(history, nth, other);
    const results = await replay(histories);
    expect(results).toHaveLength(NAMES.length);
    for (const { error } of results) expect(error?.name).toBe('DeterminismViolationError');
  });
});

function changeActivity(history: History, nth: number, other: string): void {
  const scheduled = (history.events ?? []).flatMap(
    (event) => event.activityTaskScheduledEventAttributes?.activityType ?? [],
  );
  const changed = scheduled.at(nth);
  if (changed === undefined || changed.name === other) throw new Error('nothing is changed');
  changed.name = other;
}

async function recorded(name: string): Promise<History> {
  const history = await readHistory(name);
  if (history === undefined)
    throw new Error(`no history of ${name}: record it with RECORD=1 npm run record-histories`);
  return history;
}
