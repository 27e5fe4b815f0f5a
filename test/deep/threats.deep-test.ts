import { readFile, rm, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { describe, expect, inject, test } from 'vitest';

import { createVerifier } from '../../src/adapters/signatures/verify.js';
import { openFolder } from '../../src/adapters/verification/run-files.js';
import { verifyRun } from '../../src/adapters/verification/verify.js';
import type { Finding } from '../../src/domain/verification.js';
import { believedOf } from '../support/believed-key.js';
import { journalOf, REQUESTER, Signers, type Policy } from '../support/signers.js';
import { withStage, type Stage } from '../support/stage.js';
import { branchTip, evidence, expectRolledBack, git, gatewayStatus } from '../support/tau-controls.js';

/**
 * Proves that whoever can reset and terminate workflows makes no approval count twice on a protected target: nothing is
 * promoted a second time, and what was promoted is rolled back. On the real server, with real keys and a real git remote.
 * More of resets: faults; of what was terminated: after-a-terminate.
 */
const address = inject('temporalAddress');
const APPROVER = 'approver@rehearsal';
const LONG_WATCH = { watchWindowMs: 600_000 };
const POLICY: Policy = {
  required: 1,
  approvers: [APPROVER],
  requesters: [REQUESTER],
  signers: [{ by: REQUESTER }, { by: APPROVER }],
};

async function untilWatching(stage: Stage): Promise<Signers> {
  const signers = await Signers.protect(stage, POLICY);
  await signers.start();
  expect(await signers.approve(APPROVER)).toMatchObject({ accepted: true });
  await stage.until((seen) => seen.phase === 'watching');
  return signers;
}

/** How often the branch came to the commit, by the remote's own log of it. */
function timesPromoted(stage: Stage): number {
  const { branch, commit } = stage.rehearsal;
  const tips = git(stage, 'reflog', 'show', '--format=%H', `refs/heads/${branch}`).split('\n');
  return tips.filter((tip) => tip === commit).length;
}

/** What a stranger finds who trusts the worker's key and the people's, and has the manifest's digest from elsewhere. */
async function findingsOf(stage: Stage, folder: string, anchor: string | null): Promise<readonly Finding[]> {
  const keys = join(dirname(stage.rehearsal.runbookFile), 'allowed_signers');
  const { findings } = await verifyRun(await openFolder(join(stage.config.evidenceDir, folder), folder), {
    keys: [await believedOf(stage.config)],
    signers: { allowedSigners: await readFile(keys), revoked: undefined },
    verify: createVerifier({ searchPath: process.env['PATH'] ?? '' }),
    anchor: anchor ?? undefined,
    anchoredAt: undefined,
  });
  return findings;
}

const logged = (stage: Stage): Promise<void> => {
  git(stage, 'config', 'core.logAllRefUpdates', 'always');
  return Promise.resolve();
};

describe('a reset', () => {
  test('to before the signed approval, which Temporal hands on, promotes nothing a second time', () =>
    withStage({ address, timings: LONG_WATCH, prepare: logged }, async (stage) => {
      await untilWatching(stage);
      await stage.resetBeforeApproval();
      expect(await stage.result()).toMatchObject({ end: 'rolled-back', trigger: 'internal_fault' });
      await expectRolledBack(stage);
      expect(timesPromoted(stage)).toBe(1);
    }));

  test('to after the decision of a promotion that ended well undoes nothing of it', () =>
    withStage({ address, prepare: logged }, async (stage) => {
      const signers = await Signers.protect(stage, POLICY);
      await signers.start();
      expect(await signers.approve(APPROVER)).toMatchObject({ accepted: true });
      const { end, evidence: folder, manifest } = await stage.result();
      expect(end).toBe('promoted');
      await stage.resetBeforePreflight();
      expect(await stage.result()).toMatchObject({ end: 'stopped', reason: 'journal_fork' });
      expect(await findingsOf(stage, folder, manifest)).toEqual([]);
      expect(branchTip(stage)).toBe(stage.rehearsal.commit);
      expect((await gatewayStatus(stage)).service).toMatchObject({ service_status: 'running' });
      expect(timesPromoted(stage)).toBe(1);
    }));

  test('to after the decision of a promotion that is watched rolls back what nobody watches any more', () =>
    withStage({ address, timings: LONG_WATCH, prepare: logged }, async (stage) => {
      await untilWatching(stage);
      await stage.resetBeforePreflight();
      expect(await stage.result()).toMatchObject({ end: 'rolled-back', trigger: 'internal_fault' });
      await expectRolledBack(stage);
      expect(timesPromoted(stage)).toBe(1);
    }));

  test('to the beginning starts nothing by the same request; what was promoted keeps others out until somebody settles it', () =>
    withStage({ address, timings: LONG_WATCH, prepare: logged }, async (stage) => {
      await untilWatching(stage);
      const { run, evidence: folder } = await stage.view();
      await stage.resetToBeginning();
      const again = await stage.result();
      expect(again).toMatchObject({ end: 'stopped', run: '' });
      expect(again.reason).toContain(run);
      expect(branchTip(stage)).toBe(stage.rehearsal.commit);
      // Its workflow ended by itself, as far as Temporal says: a person has to say that nobody watches any more.
      expect((await stage.reconcile({ dryRun: true })).runs).toMatchObject([{ run, action: 'unknown' }]);
      expect((await stage.reconcile({ run })).runs).toMatchObject([{ run, action: 'rolls-back' }]);
      expect(await stage.result()).toMatchObject({ run, end: 'rolled-back' });
      await expectRolledBack(stage);
      expect(await evidence(stage, folder, 'manifest.json')).toMatchObject({ run, end: 'rolled-back' });
      expect(timesPromoted(stage)).toBe(1);
    }));

  test('to the beginning while the approval is awaited starts nothing by the same request', () =>
    withStage({ address, prepare: logged }, async (stage) => {
      const signers = await Signers.protect(stage, POLICY);
      await signers.start();
      const vote = await signers.decision(APPROVER);
      const { run } = await stage.view();
      await stage.resetToBeginning();
      expect((await stage.result()).reason).toContain(`the evidence of the run ${run} was never sealed`);
      // Its workflow ended by itself, as far as Temporal says: a person has to say that it is gone.
      expect(await signers.seal(APPROVER)).toMatchObject({ sealed: true, end: 'abandoned' });
      await signers.start();
      await stage.until((seen) => seen.approval !== undefined);
      expect(await stage.submit(vote)).toEqual({ accepted: false, reason: 'other_run' });
      expect(await signers.approve(APPROVER)).toMatchObject({ accepted: true });
      const result = await stage.result();
      expect(result.end).toBe('promoted');
      expect(timesPromoted(stage)).toBe(1);
      const kinds = (await journalOf(stage, result.evidence)).map(({ kind }) => kind);
      expect(kinds.filter((kind) => kind === 'step-promoted')).toHaveLength(1);
    }));
});

test('a manifest that was left there lets no watch end promoted; once it is moved away, what is sealed verifies', () =>
  withStage({ address, timings: { watchWindowMs: 3_000 } }, async (stage) => {
    const signers = await untilWatching(stage);
    const { evidence: folder } = await stage.view();
    const path = join(stage.config.evidenceDir, folder, 'manifest.json');
    await writeFile(path, '{}');
    expect(await stage.result()).toMatchObject({
      end: 'promoted-with-warnings',
      reason: 'evidence_not_sealed',
      manifest: null,
    });
    await rm(path);
    const sealed = await signers.seal(APPROVER);
    if (!sealed.sealed) throw new Error(sealed.refusal);
    expect(sealed.end).toBe('promoted-with-warnings');
    expect(await findingsOf(stage, folder, sealed.manifest)).toEqual([]);
  }));
