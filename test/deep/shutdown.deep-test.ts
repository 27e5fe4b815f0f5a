import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';

import { describe, expect, inject, test, vi } from 'vitest';

import { startPart, surroundingsOf, type Part } from '../support/command-line.js';
import { withStage, type Stage } from '../support/stage.js';
import { addLastingStep, marksOf } from './lasting-step.js';
import { expectPromotedOnce, expectWholeEvidence } from './proofs.js';

/**
 * Proves that a worker which is ended by SIGTERM loses and repeats no step: what it began it finishes, a watch it hands on, and the
 * promotion ends on another worker as it would have. Real processes. What a worker that is killed leaves is kills.deep-test.ts.
 */
const address = inject('temporalAddress');

interface Moment {
  readonly sentence: string;
  readonly reach: (stage: Stage) => Promise<unknown>;
}

const MOMENTS: readonly Moment[] = [
  {
    sentence: 'a step that can not be repeated is under way',
    reach: (stage) => vi.waitFor(() => expect(existsSync(marksOf(stage))).toBe(true), { timeout: 60_000 }),
  },
  {
    sentence: 'it watches',
    reach: (stage) => stage.until((seen) => seen.phase === 'watching', 20),
  },
];

describe('a worker that is told to end while', () => {
  test.each(MOMENTS.map((moment) => [moment.sentence, moment] as const))(
    '%s ends by itself, and nothing is lost or done twice',
    async (_, { reach }) => {
      const timings = { watchWindowMs: 8_000 };
      await withStage({ address, worker: false, timings, prepare: addLastingStep }, async (stage) => {
        const surroundings = await surroundingsOf(stage);
        const parts: Part[] = [await startPart(surroundings, 'worker')];
        try {
          await stage.start();
          await stage.decide();
          await reach(stage);
          parts.push(await startPart(surroundings, 'worker'));
          expect(await parts[0]?.end()).toBe(0);
          const result = await stage.result();
          expect(result).toMatchObject({ end: 'promoted' });
          expect(await readFile(marksOf(stage), 'utf8')).toBe('ran\n');
          expectPromotedOnce(stage);
          await expectWholeEvidence(stage, result.evidence, result.run);
          expect(await attemptsOf(stage, 'promoteStep')).toEqual([1, 1]);
        } finally {
          await Promise.all(parts.map((part) => part.kill()));
        }
      });
    },
  );
});

/** Of each activity of a type, the attempt that completed it. */
async function attemptsOf({ handle }: Stage, type: string): Promise<readonly number[]> {
  const { events } = await handle.fetchHistory();
  const scheduled = (events ?? []).filter(
    (event) => event.activityTaskScheduledEventAttributes?.activityType?.name === type,
  );
  return scheduled.flatMap(({ eventId }) =>
    (events ?? []).flatMap(({ activityTaskStartedEventAttributes: started }) =>
      started?.scheduledEventId?.toString() === eventId?.toString() ? [started?.attempt ?? 0] : [],
    ),
  );
}
