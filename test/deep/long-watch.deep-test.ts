import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, inject, test } from 'vitest';
import { z } from 'zod';

import { putOneGateRunbook, serveOneGate } from '../support/one-gate.js';
import { withStage } from '../support/stage.js';
import { expectWholeEvidence } from './proofs.js';

/**
 * Proves that a watch may be longer than one history: one that keeps changing its mind is continued in new ones, and loses
 * neither a sample nor an order. Its worker's clock lets the time between two samples pass at once. It ends where the
 * clock is no real one.
 */
const address = inject('temporalAddress');
const HOURS_3 = { window: '180m', interval: '15s' };
/** By the server's own setting, a history of as many events is to be continued. */
const LONG = 4_096;
const SEGMENT = 20;

test('a watch that flaps for hours is continued in another history, keeps every sample, and rolls back when ordered', async () => {
  const service = await serveOneGate((question) => (question > 3 && question % 2 === 0 ? 'hold' : 'pass'));
  try {
    await withStage(
      {
        address,
        watchClock: (scheduledAt) => {
          let now = scheduledAt;
          return { now: () => now, until: async (dueAt) => void (now = Math.max(now, dueAt)) };
        },
        prepare: (stage) => putOneGateRunbook(stage, service.url, HOURS_3),
      },
      async (stage) => {
        const { workflowId } = await stage.start();
        const { runId: firstExecutionRunId } = await stage.handle.describe();
        expect(await stage.decide()).toMatchObject({ accepted: true });
        await stage.until(({ watch }) => watch !== undefined);
        await expect
          .poll(async () => (await stage.handle.describe()).runId, { timeout: 400_000, interval: 200 })
          .not.toBe(firstExecutionRunId);

        const before = await stage.view();
        const memo = z.object({ promotion: z.object({ phase: z.string(), run: z.string() }) });
        const description = await stage.handle.describe();
        expect(memo.parse(description.memo).promotion).toEqual({ phase: 'watching', run: before.run });
        expect(description.raw.workflowExecutionInfo?.firstRunId).toBe(firstExecutionRunId);
        const first = stage.client.workflow.getHandle(workflowId, firstExecutionRunId);
        expect((await first.fetchHistory()).events?.length).toBeLessThan(LONG * 1.5);

        expect(await stage.order('rollback')).toMatchObject({ accepted: true });
        const failed = await stage.until(({ phase }) => phase === 'rollback-failed');
        expect(failed).toMatchObject({ trigger: 'requested', run: before.run });
        expect(await stage.order('acknowledge')).toMatchObject({ accepted: true });
        const result = await stage.result();
        expect(result).toMatchObject({ end: 'rollback-acknowledged', trigger: 'requested' });

        await expectWholeEvidence(stage, result.evidence, result.run);
        const folder = join(stage.config.evidenceDir, result.evidence);
        const kept = (await readdir(join(folder, 'watch'))).sort();
        expect(kept).toEqual(kept.map((_, index) => `${String(index + 1).padStart(8, '0')}.json`));
        // The order cut into the last segment: its samples are kept, and nobody was told of them.
        const told = await samplesInJournal(folder);
        expect(told).toEqual(told.map((_, index) => index + 1));
        expect(kept.length - told.length).toBeLessThanOrEqual(SEGMENT);
      },
    );
  } finally {
    await service.close();
  }
});

const entry = z.object({
  kind: z.string(),
  body: z.object({ samples: z.array(z.object({ from: z.int(), to: z.int() })).default([]) }),
});

async function samplesInJournal(folder: string): Promise<readonly number[]> {
  const lines = (await readFile(join(folder, 'journal.jsonl'), 'utf8')).trimEnd().split('\n');
  return lines
    .map((line) => entry.parse(JSON.parse(line)))
    .filter(({ kind }) => kind === 'sampled')
    .flatMap(({ body }) => body.samples)
    .flatMap(({ from, to }) => Array.from({ length: to - from + 1 }, (_, index) => from + index));
}
