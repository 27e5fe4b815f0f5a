import { WorkflowUpdateFailedError } from '@temporalio/client';
import { expect, inject, test } from 'vitest';

import { codeOf, GRPC } from '../../src/client/grpc.js';
import type { Answer } from '../../src/domain/messages.js';
import type { Submission } from '../../src/domain/statement.js';
import { control, decide } from '../../workflows/messages.js';
import { runsOf } from '../support/chain.js';
import { putOneGateRunbook, serveOneGate } from '../support/one-gate.js';
import { sendRawSignal } from '../support/raw-signal.js';
import { withStage, type Stage } from '../support/stage.js';
import { expectWholeEvidence } from './proofs.js';

/**
 * Proves that messages in any number keep nobody from deciding: one promotion that waits for its second approval gets 10,000
 * signals and 3,000 updates that mean nothing, is continued in new histories meanwhile, and keeps what it was told and what it
 * asked. The worker follows the flood: it ends where messages come so much faster that one task holds thousands of them.
 */
const address = inject('temporalAddress');
const SIGNALS = 10_000;
const UPDATES = 3_000;
const BATCH = 100;
const REFUSALS_RECORDED = 50;
/** The server's own limits of one history. */
const EVENTS_A_HISTORY = 51_200;
const BYTES_A_HISTORY = 50 * 1024 * 1024;

const APPROVERS = ['approver@rehearsal', 'second@rehearsal'];
const APPROVAL = { required: 2, approvers: APPROVERS, expires: '24h', remindEvery: '2s' };

test(`${SIGNALS} signals and ${UPDATES} updates that mean nothing keep no promotion from its approval`, async () => {
  const service = await serveOneGate(() => 'pass');
  const watch = { window: '10ms', interval: '10ms' };
  try {
    await withStage(
      { address, prepare: (stage) => putOneGateRunbook(stage, service.url, watch, APPROVAL) },
      async (stage) => {
        await stage.start();
        const first = await stage.decision();
        expect(await stage.submit(first)).toMatchObject({ accepted: true });
        const refused = await stage.decision('approve', 'second@rehearsal', { request: '0'.repeat(32) });
        expect(await stage.submit(refused)).toEqual({ accepted: false, reason: 'other_subject' });
        const { approval, evidence, run, gates } = await stage.view();

        const begunAt = Date.now();
        const [updated] = await Promise.all([floodByUpdate(stage), floodBySignal(stage)]);
        const floodedMs = Date.now() - begunAt;

        const after = await stage.view();
        expect(after).toMatchObject({ approval, evidence, run, gates, phase: 'awaiting-approval' });
        expect(after.refusals).toHaveLength(REFUSALS_RECORDED);
        expect(after.refusals[0]).toEqual({
          by: 'second@rehearsal',
          what: 'approve',
          reason: 'other_subject',
        });
        expect(after.log.some(({ kind }) => kind === 'approval-reminded')).toBe(true);
        // The same bytes again, in another history: the same answer, and no second vote.
        const again = { accepted: true, reason: 'approve by approver@rehearsal is recorded' };
        expect(await stage.submit(first)).toEqual(again);
        expect(await stage.submit(refused)).toEqual({ accepted: false, reason: 'other_subject' });
        expect((await stage.view()).approval?.votes).toHaveLength(1);
        expect(await stage.decide('approve', 'second@rehearsal')).toMatchObject({ accepted: true });
        const result = await stage.result();
        expect(result.end).toBe('promoted');
        await expectWholeEvidence(stage, result.evidence, result.run);
        await expectShortHistories(stage, floodedMs, updated);
      },
    );
  } finally {
    await service.close();
  }
});

async function expectShortHistories(stage: Stage, floodedMs: number, updated: Updated): Promise<void> {
  const runs = await runsOf(stage);
  expect(runs.length).toBeGreaterThan(2);
  const of = (what: 'events' | 'bytes'): { readonly sum: number; readonly most: number } => {
    const all = runs.map((run) => run[what]);
    return { sum: all.reduce((sum, each) => sum + each, 0), most: Math.max(...all) };
  };
  const [events, bytes] = [of('events'), of('bytes')];
  expect(events.most).toBeLessThan(EVENTS_A_HISTORY / 2);
  expect(bytes.most).toBeLessThan(BYTES_A_HISTORY / 2);
  process.stderr.write(
    `${SIGNALS} signals, ${updated.refusedByValidator} updates refused by the validator, ${updated.answered} answered, ` +
      `${updated.givenUp} given up with their task, in ${floodedMs} ms; ${runs.length} histories, ${events.sum} events, ` +
      `${bytes.sum} bytes; largest ${events.most} events, ${bytes.most} bytes\n`,
  );
}

async function floodBySignal(stage: Stage): Promise<void> {
  const { handle } = stage;
  const stranger = await stage.decision('reject', 'stranger@rehearsal');
  const other = await stage.decision('approve', 'second@rehearsal', { request: '1'.repeat(32) });
  const repeated = { ...stranger, statement: stranger.statement.replace('"v":1', '"v":1,"v":1') };
  // Legal, and useless.
  const large = 'x'.repeat(60_000);
  const kinds: readonly ((nth: number) => Promise<void>)[] = [
    () => handle.signal('decide', { statement: 'nonsense', signature: null }),
    () => handle.signal('decide', stranger),
    () => handle.signal('decide', other),
    (nth) => handle.signal(`unknown-${nth}`, nth),
    () => handle.signal('decide'),
    () => handle.signal('decide', null, 'too', 'many'),
    () => handle.signal('control', stranger),
    () => handle.signal('decide', repeated),
    () => sendRawSignal(stage, 'decide', 'json/plain', '{'),
    () => sendRawSignal(stage, '__temporal_junk', 'binary/plain', 'x'),
  ];
  for (let sent = 0; sent < SIGNALS; sent += BATCH) {
    await each(BATCH, 10, async (nth) => {
      if (nth % 40 === 39) await handle.signal('decide', { statement: large, signature: large });
      else await kinds[nth % kinds.length]?.(nth);
    });
    // Its worker follows: some thousands in one task would take longer than a worker gives any workflow.
    await stage.view();
  }
}

interface Updated {
  refusedByValidator: number;
  givenUp: number;
  answered: number;
}

async function floodByUpdate(stage: Stage): Promise<Updated> {
  const { handle } = stage;
  const stranger = await stage.decision('reject', 'stranger@rehearsal');
  const other = await stage.decision('approve', 'second@rehearsal', { request: '1'.repeat(32) });
  const malformed: Submission = { statement: '{}', signature: null };
  const oversized: Submission = { statement: 'x'.repeat(100_000), signature: null };
  const submissions = [malformed, stranger, other, oversized, { ...malformed, signature: 'x' }];
  const stale = { ...(await stage.view()), head: { seq: 1, digest: `sha256:${'0'.repeat(64)}` } };
  const ordered = await stage.ordering('abort', 'second@rehearsal', {}, stale);
  const updated = { refusedByValidator: 0, givenUp: 0, answered: 0 };
  await each(UPDATES, 10, async (nth) => {
    const submission = submissions[nth % submissions.length] ?? malformed;
    try {
      const answer = await (nth % 7 === 6
        ? handle.executeUpdate<Answer, [Submission]>('unknown', { args: [submission] })
        : nth % 7 === 5
          ? handle.executeUpdate(control, { args: [ordered] })
          : handle.executeUpdate(decide, { args: [submission] }));
      // Whoever asks while it goes on in another history is answered as before, or told to repeat it.
      expect(answer.reason).toMatch(
        /^(?:not_an_approver|other_subject|other_head|.* only just starting: .*)$/,
      );
      updated.answered += 1;
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError) updated.refusedByValidator += 1;
      // Where many signals come during one task, the server gives that task up, and every update that came with it.
      else if (codeOf(error) === GRPC.FAILED_PRECONDITION) updated.givenUp += 1;
      else throw error;
    }
  });
  return updated;
}

/** So many, at most some at once. */
async function each(count: number, atOnce: number, send: (nth: number) => Promise<void>): Promise<void> {
  let next = 0;
  const sender = async (): Promise<void> => {
    for (let nth = next++; nth < count; nth = next++) await send(nth);
  };
  await Promise.all(Array.from({ length: atOnce }, sender));
}
