import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, inject, test } from 'vitest';

import type { PromotionView } from '../../src/domain/messages.js';
import { decideSignal } from '../../workflows/messages.js';
import { startPart, surroundingsOf } from '../support/command-line.js';
import { putOneGateRunbook, serveOneGate } from '../support/one-gate.js';
import { withStage, type Stage, type StageOptions } from '../support/stage.js';
import { runsOf } from '../support/chain.js';

/**
 * Proves that an approval request outlives its history: what people said, and what they were asked, goes on in the next one.
 * A few large signals make the history long here; test/deep/flood.deep-test.ts sends thousands.
 */
const address = inject('temporalAddress');
// Megabytes through one server, beside other tests.
const MEGABYTES = { timeout: 180_000 };

/** After three of them, at 4 MB, the server suggests another history, with the next task; it takes no payload over 2 MB. */
const LARGE = 'x'.repeat(1_500_000);

async function outgrow(stage: Stage): Promise<void> {
  const { runId } = await stage.handle.describe();
  for (let sent = 0; sent < 4; sent += 1) await stage.handle.signal('junk', LARGE);
  await expect.poll(async () => (await stage.handle.describe()).runId, { timeout: 150_000 }).not.toBe(runId);
}

async function withOneGate(
  approval: Readonly<Record<string, unknown>>,
  play: (stage: Stage) => Promise<void>,
  options: Partial<StageOptions> = {},
): Promise<void> {
  const service = await serveOneGate(() => 'pass');
  try {
    await withStage(
      {
        address,
        ...options,
        prepare: (stage) =>
          putOneGateRunbook(stage, service.url, { window: '10ms', interval: '10ms' }, approval),
      },
      play,
    );
  } finally {
    await service.close();
  }
}

test(
  'a promotion whose history grew long while it waits keeps its votes, refusals, deadline, head and digest',
  MEGABYTES,
  () =>
    withOneGate(
      { required: 2, approvers: ['approver@rehearsal', 'second@rehearsal'], expires: '1h' },
      async (stage) => {
        await stage.start();
        const first = await stage.decision();
        expect(await stage.submit(first)).toMatchObject({ accepted: true });
        const stranger = await stage.decision('approve', 'stranger@rehearsal');
        expect(await stage.submit(stranger)).toEqual({ accepted: false, reason: 'not_an_approver' });
        const before = await stage.until(({ log }) => log.some(({ kind }) => kind === 'refused'));
        await outgrow(stage);
        const after = await stage.view();
        const frozen = ({ approval, refusals, evidence, run, gates, phase }: typeof before) => ({
          approval,
          refusals,
          evidence,
          run,
          gates,
          phase,
        });
        expect(frozen(after)).toEqual(frozen(before));
        expect(after.log).toEqual(before.log);
        expect(await stage.submit(first)).toMatchObject({ accepted: true });
        expect(await stage.submit(stranger)).toEqual({ accepted: false, reason: 'not_an_approver' });
        expect((await stage.view()).approval?.votes).toHaveLength(1);
        expect(await stage.decide('approve', 'second@rehearsal')).toMatchObject({ accepted: true });
        expect((await stage.result()).end).toBe('promoted');
        expect(await runsOf(stage)).toHaveLength(2);
      },
    ),
);

test('votes by signal that come while it goes on in another history are all counted', MEGABYTES, () => {
  const approvers = Array.from({ length: 16 }, (_, index) => `approver-${index}@rehearsal`);
  return withOneGate({ required: approvers.length, approvers }, async (stage) => {
    await stage.start();
    const votes = await Promise.all(approvers.map((by) => stage.decision('approve', by)));
    // With the first vote it is to go on in another history; the others come while that one is being recorded.
    for (let sent = 0; sent < 3; sent += 1) await stage.handle.signal('junk', LARGE);
    await stage.view();
    for (const vote of votes) await stage.handle.signal(decideSignal, vote);
    expect((await stage.result()).end).toBe('promoted');
    expect((await runsOf(stage)).length).toBeGreaterThan(1);
  });
});

test(
  'who is waited for is reminded, in this history and in the next, aloud and in the record, and that voids nothing',
  MEGABYTES,
  async () => {
    const approval = { remindEvery: '300ms', expires: '1h' };
    await withOneGate(
      approval,
      async (stage) => {
        const worker = await startPart(await surroundingsOf(stage), 'worker');
        try {
          await stage.start();
          const asked = await stage.decision();
          const before = await stage.until((seen) => remindersOf(seen).length >= 2);
          await outgrow(stage);
          const after = await stage.until(
            (seen) => remindersOf(seen).length >= remindersOf(before).length + 2,
          );
          expect(after.approval).toEqual(before.approval);
          const text = `still 1 approval(s) of ${before.approval?.digest.slice(7, 15)} missing; approver@rehearsal may decide`;
          const reminders = remindersOf(after);
          expect(new Set(reminders.map((reminder) => reminder.text))).toEqual(new Set([text]));
          await expect.poll(() => worker.stderr()).toContain(`worker: warn: ${stage.target}: ${text}`);
          expect(await stage.submit(asked)).toMatchObject({ accepted: true });
          const { end, evidence } = await stage.result();
          expect(end).toBe('promoted');
          const journal = await readFile(join(stage.config.evidenceDir, evidence, 'journal.jsonl'), 'utf8');
          expect(journal.split('"kind":"approval-reminded"').length - 1).toBeGreaterThanOrEqual(
            reminders.length,
          );
        } finally {
          await worker.kill();
        }
      },
      { worker: false },
    );
  },
);

function remindersOf({ log }: PromotionView): PromotionView['log'] {
  return log.filter(({ kind }) => kind === 'approval-reminded');
}
