import { describe, expect, inject, test } from 'vitest';
import { z } from 'zod';

import { memoOf } from '../../src/client/memo.js';
import { control } from '../../workflows/messages.js';
import { withStage, type Stage } from '../support/stage.js';

/** Proves what Temporal alone tells of a promotion: all of it is asked here without any word of a worker. */
const address = inject('temporalAddress');

describe('without any worker', () => {
  test('each phase is told, and a rollback names what was told', () =>
    withStage({ address, timings: { watchWindowMs: 600_000 } }, async (stage) => {
      await stage.start();
      await toldPhase(stage, 'awaiting-approval');
      const asked = await told(stage);
      expect(asked).toMatchObject({ waitingFor: ['approver@rehearsal'], reason: '', trigger: null });
      expect(asked.digest).toMatch(/^sha256:/);
      expect(asked.deadline).toBe((await stage.view()).approval?.expiresAt);

      await stage.decide();
      await toldPhase(stage, 'watching');
      const watched = await told(stage);
      expect(watched.waitingFor).toBeUndefined();
      expect(watched.deadline).toBe((await stage.view()).watch?.endsAt);

      // The head of the approval is too old for it.
      const order = (head = watched.head) => stage.ordering('rollback', 'approver@rehearsal', { head });
      expect(asked.head?.seq).toBeLessThan(watched.head?.seq ?? 0);
      for (const [head, accepted] of [
        [asked.head, false],
        [watched.head, true],
      ] as const)
        expect(await stage.handle.executeUpdate(control, { args: [await order(head)] })).toMatchObject({
          accepted,
        });

      expect((await stage.result()).end).toBe('rolled-back');
      expect(await told(stage)).toMatchObject({
        phase: 'rolled-back',
        reason: 'requested',
        trigger: 'requested',
        deadline: null,
      });
      expect(rollbackStepsTold(await stage.handle.describe())).toEqual(
        (await stage.view()).rollback.map(({ tried }) => tried),
      );
    }));

  test('a promotion tells its end, and writes the memo where search attributes do not tell what is new', () =>
    withStage({ address }, async (stage) => {
      await stage.start();
      await stage.decide();
      expect((await stage.result()).end).toBe('promoted');
      expect(await told(stage)).toMatchObject({
        phase: 'promoted',
        reason: 'promoted',
        trigger: null,
        deadline: null,
      });
      expect((await told(stage)).waitingFor).toBeUndefined();
      const { events } = await stage.handle.fetchHistory();
      const memos = events?.filter(
        ({ workflowPropertiesModifiedEventAttributes: memo }) => memo?.upsertedMemo?.fields?.['promotion'],
      );
      const phases = memos?.map(({ workflowPropertiesModifiedEventAttributes: memo }) => {
        const data = memo?.upsertedMemo?.fields?.['promotion']?.data ?? new Uint8Array();
        return z.object({ phase: z.string() }).parse(JSON.parse(Buffer.from(data).toString('utf8'))).phase;
      });
      // The admission, for this was started without it, and the opened run; what is asked; what orders name from here on.
      expect(phases).toEqual(['validating', 'validating', 'awaiting-approval', 'promoting', 'promoted']);
      expect((await told(stage)).head).toEqual((await stage.view()).head);
    }));
});

async function told(stage: Stage) {
  return memoOf(await stage.handle.describe(), stage.target);
}

async function toldPhase(stage: Stage, phase: string): Promise<void> {
  await expect.poll(async () => (await told(stage)).phase, { timeout: 60_000 }).toBe(phase);
}

function rollbackStepsTold({ memo }: { readonly memo?: Record<string, unknown> | undefined }): unknown {
  const steps = memo?.['rollback'];
  return Array.isArray(steps) ? steps.map(({ tried }: { tried: unknown }) => tried) : undefined;
}
