// Proves what is read back of a run whose workflow was ended from outside: how far it came, where its journal goes on, and
// that the worst is assumed of what can't be read. What follows from it is src/domain/take-over.ts.
import { describe, expect, test } from 'vitest';

import type { Json } from '../../../src/domain/canonical-json.js';
import { appendEntry, type JournalHead } from '../../../src/adapters/evidence/journal.js';
import { readBack, takeOver } from '../../../src/adapters/evidence/left-behind.js';
import { RunEvidence } from '../../../src/adapters/evidence/run-evidence.js';
import { failingOnce, OPENED_MS, openRun, RUN, type OpenedRun } from './opened-run.js';

const STEP = 'environment-branch';
const TAKER = { by: 'second', at: OPENED_MS + 60_000, requester: 'operator@example.org', reason: 'why' };

type Line = readonly [kind: string, body?: Json];

async function journalled(...lines: readonly Line[]): Promise<OpenedRun & { readonly head: JournalHead }> {
  const opened = await openRun();
  let head: JournalHead = { seq: 0, digest: '' };
  for (const [kind, body = {}] of lines)
    head = await appendEntry(opened.evidence, { run: RUN, head, at: OPENED_MS + head.seq, kind, body });
  return { ...opened, head };
}

const WATCHING: readonly Line[] = [
  ['run.opened'],
  ['approved', { phase: 'validating' }],
  ['step-started', { step: STEP }],
  ['step-promoted', { phase: 'watching', step: STEP }],
];

describe('a run that was left', () => {
  test('awaiting approval had changed nothing', async () => {
    const opened = await journalled(['run.opened'], ['round-closed', { phase: 'awaiting-approval' }]);
    expect(await readBack(opened.evidence, await opened.known())).toMatchObject({
      phase: 'awaiting-approval',
      touched: false,
      steps: [],
      head: opened.head,
      running: undefined,
    });
  });

  test('promoting has a step that may still act, from when it was begun', async () => {
    const opened = await journalled(
      ...WATCHING.slice(0, 2),
      ['preflight-closed', { phase: 'promoting' }],
      ['step-started', { step: STEP }],
    );
    expect(await readBack(opened.evidence, await opened.known())).toMatchObject({
      phase: 'promoting',
      touched: true,
      steps: [STEP],
      running: { step: STEP, begunAt: OPENED_MS + 3 },
    });
  });

  test('watching has none', async () => {
    const opened = await journalled(...WATCHING);
    expect(await readBack(opened.evidence, await opened.known())).toMatchObject({
      phase: 'watching',
      touched: true,
      running: undefined,
      triggers: [],
      rollbackAttempts: 0,
    });
  });

  test('rolling back keeps its triggers, the named one first, and its count', async () => {
    const body = { attempt: 2, trigger: 'unreachable', triggers: ['unreachable', 'requested'] };
    const opened = await journalled(
      ...WATCHING,
      ['sampled', { phase: 'rolling-back' }],
      ['rollback-begun', body],
    );
    expect(await readBack(opened.evidence, await opened.known())).toMatchObject({
      phase: 'rolling-back',
      triggers: ['unreachable', 'requested'],
      rollbackAttempts: 2,
    });
  });

  test('with an entry that can’t be read may have changed the target', async () => {
    const opened = await journalled(['run.opened']);
    await opened.store.put(opened.folder, 'journal/00000002.json', Buffer.from('{'));
    expect(await readBack(opened.evidence, await opened.known())).toMatchObject({
      touched: true,
      head: { seq: 2 },
    });
  });
});

describe('taking its journal over', () => {
  test('appends who did, once: a repeated attempt finds its own entry', async () => {
    const opened = await journalled(...WATCHING);
    const known = await opened.known();
    const first = await takeOver(opened.evidence, known, TAKER);
    expect(first).toMatchObject({ head: { seq: 5 }, left: { phase: 'watching', touched: true } });
    expect(await takeOver(opened.evidence, known, { ...TAKER, at: TAKER.at + 1 })).toEqual(first);
    expect((await takeOver(opened.evidence, known, { ...TAKER, by: 'third' })).head.seq).toBe(6);
  });

  test('reads first what the former history still wrote', async () => {
    const opened = await journalled(...WATCHING);
    const known = await opened.known();
    let late = true;
    const racing = new RunEvidence({
      ...opened.store,
      put: async (run, path, bytes) => {
        if (late && path.startsWith('journal/')) {
          late = false;
          const body = { attempt: 1, trigger: 'requested', triggers: ['requested'] };
          const entry = { run: RUN, head: opened.head, at: OPENED_MS, kind: 'rollback-begun', body };
          await appendEntry(opened.evidence, entry);
        }
        return opened.store.put(run, path, bytes);
      },
    });
    expect(await takeOver(racing, known, TAKER)).toMatchObject({
      head: { seq: 6 },
      left: { triggers: ['requested'], rollbackAttempts: 1 },
    });
  });

  test('waits for no room on a full disk', async () => {
    const opened = await journalled(...WATCHING);
    const full = new RunEvidence(failingOnce(opened.store, /^journal\//));
    expect((await takeOver(full, await opened.known(), TAKER)).head).toEqual(opened.head);
  });
});
