import { describe, expect, test } from 'vitest';

import { EvidenceError } from '../../../src/adapters/evidence/evidence-error.js';
import { createFileStore } from '../../../src/adapters/evidence/file-store.js';
import { observedStore, type EvidenceWrite } from '../../../src/adapters/evidence/observed-store.js';
import { scratchFolder } from '../runbook/written-runbook.js';

const BYTES = Buffer.from('{}');

describe('a write into the evidence', () => {
  test.each([
    ['run', 'run.json'],
    ['run', 'allowed_signers'],
    ['gate', 'validation-1/gateway-status.outcome.json'],
    ['gate', 'preflight-2/rollback-check.json'],
    ['step', 'remediation-1/gateway-start.repair.json'],
    ['step', 'promotion/environment-branch.done.json'],
    ['step', 'rollback/gateway-stop.1.json'],
    ['approval', 'approval-1/subject.json'],
    ['sample', 'watch/00000001.json'],
    ['journal', 'journal/00000001.json'],
    ['seal', 'journal.jsonl'],
    ['seal', 'manifest.json'],
    ['seal', 'ended/promoted.json'],
  ] as const)('is told as %s for %s', async (kind, path) => {
    const told: EvidenceWrite[] = [];
    const store = observedStore(createFileStore(await scratchFolder()), (write) => told.push(write));
    await store.put('run-1', path, BYTES);
    expect(told).toMatchObject([{ kind, failure: undefined }]);
    expect(told[0]?.seconds).toBeGreaterThan(0);
    expect(await store.get('run-1', path)).toEqual(BYTES);
  });

  test('that fails is told with its code, and fails as it did', async () => {
    const told: EvidenceWrite[] = [];
    const store = observedStore(createFileStore(await scratchFolder()), (write) => told.push(write));
    await store.put('heads', 'tau/00000001.json', BYTES);
    const again = store.put('heads', 'tau/00000001.json', Buffer.from('other'));
    await expect(again).rejects.toBeInstanceOf(EvidenceError);
    expect(told.map(({ kind, failure }) => ({ kind, failure }))).toEqual([
      { kind: 'seal', failure: undefined },
      { kind: 'seal', failure: 'conflict' },
    ]);
  });
});
