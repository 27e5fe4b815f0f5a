// Proves what the git steps of a run do to a real bare repository and leave in real evidence: the intent first, one
// promotion however often it is repeated, a revert that is proven by asking. How git itself is used is proven with git.
import { mkdtempSync, renameSync, rmSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { RunEvidence, type KnownRun } from '../../../src/adapters/evidence/run-evidence.js';
import type { EvidenceStore } from '../../../src/adapters/evidence/store.js';
import { createGit } from '../../../src/adapters/git/repository.js';
import { resolvedRunbook } from '../../../src/adapters/runbook/resolve.js';
import { placeOf, promoteByGit, type GitTools } from '../../../src/adapters/steps/git-steps.js';
import {
  checkRevert,
  revertByGit,
  revertStepOf,
  verifyRevert,
  type RevertStep,
} from '../../../src/adapters/steps/revert-steps.js';
import { remoteAt } from '../../../src/adapters/steps/git-place.js';
import { ownCommits } from '../../../src/adapters/steps/own-commits.js';
import { gitIntentSchema, revertIntentSchema } from '../../../src/contracts/step-record.js';
import type { PromotionStep } from '../../../src/contracts/runbook-steps.js';
import { createRemote, type RemoteFixture } from '../../support/git-fixture.js';
import { codeOf, failingOnce, openRun, type OpenedRun } from '../evidence/opened-run.js';
import { load, smallRunbook, TRIGGERS, type Written } from '../runbook/written-runbook.js';

const NEVER = new AbortController().signal;

/** A run of the target `t` on a remote. */
class Promotion {
  readonly remote: RemoteFixture;
  readonly opened: OpenedRun;
  readonly known: KnownRun;
  readonly step: PromotionStep;

  constructor(remote: RemoteFixture, opened: OpenedRun, known: KnownRun, step: PromotionStep) {
    this.remote = remote;
    this.opened = opened;
    this.known = known;
    this.step = step;
  }

  /** Fresh tools, as another worker would have. */
  tools(store: EvidenceStore = this.opened.store): GitTools {
    const mirrorsDir = mkdtempSync(join(this.remote.scratch, 'mirrors-'));
    const git = createGit({ mirrorsDir, env: {} });
    return { git, evidence: new RunEvidence(store), secretsOf: () => ({}), unrecorded: new Map() };
  }

  promote(tools = this.tools()) {
    return promoteByGit(tools, this.known, this.step, NEVER);
  }

  rollBack(tools = this.tools()) {
    return revertByGit(tools, this.known, this.revert(), NEVER);
  }

  verify(tools = this.tools(), signal = NEVER) {
    return verifyRevert(tools, this.known, this.revert(), signal);
  }

  get where() {
    return remoteAt(placeOf(this.step), {});
  }

  revert(): RevertStep {
    const [step] = this.known.loaded.runbook.rollback.steps;
    const revert = step === undefined ? undefined : revertStepOf(this.known, step);
    if (revert === undefined) throw new Error('the runbook reverts nothing');
    return revert;
  }

  async intent() {
    return this.opened.evidence.readJson(
      this.opened.folder,
      'promotion/environment-branch.intent.json',
      gitIntentSchema,
    );
  }

  async reverts(): Promise<readonly string[]> {
    const { evidence, store, folder } = this.opened;
    const paths = await store.list(folder, 'rollback/deployment-revert.revert-');
    const intents = await Promise.all(
      paths.map((path) => evidence.readJson(folder, path, revertIntentSchema)),
    );
    return intents.flatMap((intent) => intent?.revert ?? []);
  }
}

function aRemote(): RemoteFixture {
  const remote = createRemote();
  onTestFinished(remote.remove);
  return remote;
}

let runs = 0;

/** A run that promotes the commit; further runs of the target share the store. */
async function aRun(
  remote: RemoteFixture,
  commit: string,
  store?: EvidenceStore,
  written: Written = smallRunbook(),
): Promise<Promotion> {
  runs += 1;
  const loaded = await load(written, { set: { remote: remote.url } });
  const second = String(runs % 60).padStart(2, '0');
  const run = `20260102T0304${second}678Z-${runs.toString(16).padStart(8, '0')}`;
  const record = { run, commit, openedAt: `2026-01-02T03:04:${second}.678Z` };
  const opened = await openRun({ store, loaded, record });
  const [step] = loaded.runbook.promotion.steps;
  if (step === undefined) throw new Error('no step');
  return new Promotion(remote, opened, await opened.known(), step);
}

const child = (remote: RemoteFixture, parent: string, content: string): string =>
  remote.commit({ files: { 'app.txt': content }, parents: [parent], message: content });

describe('a promotion by git', () => {
  test('records what it is about to do, moves the branch to the commit, and says so', async () => {
    const remote = aRemote();
    const commit = child(remote, remote.first, 'two\n');
    const promotion = await aRun(remote, commit);
    expect(await promotion.promote()).toEqual({
      done: true,
      code: 'branch_moved',
      detail: `production is at ${commit}`,
    });
    expect(remote.tip()).toBe(commit);
    expect(await promotion.intent()).toEqual({
      v: 1,
      step: 'environment-branch',
      remote: remote.url,
      branch: 'production',
      commit,
      formerTip: remote.first,
      newTip: commit,
    });
  });

  test('that is repeated promotes once, also by another worker', async () => {
    const remote = aRemote();
    const commit = child(remote, remote.first, 'two\n');
    const promotion = await aRun(remote, commit);
    const first = await promotion.promote();
    expect(await promotion.promote()).toEqual(first);
    expect(remote.tip()).toBe(commit);
  });

  test('pushes nothing where its intent can’t be written, and promotes once when it is repeated', async () => {
    const remote = aRemote();
    const promotion = await aRun(remote, child(remote, remote.first, 'two\n'));
    const full = failingOnce(promotion.opened.store, /\.intent\.json$/);
    const tools = promotion.tools(full);
    expect(await codeOf(promotion.promote(tools))).toBe('full');
    expect(remote.tip()).toBe(remote.first);
    expect(await promotion.intent()).toBeUndefined();
    expect(await promotion.promote(tools)).toMatchObject({ done: true });
    expect(remote.tip()).toBe(promotion.known.record.commit);
  });

  test('that was cut between intent and push is finished by the next attempt, exactly once', async () => {
    const remote = aRemote();
    const commit = child(remote, remote.first, 'two\n');
    const promotion = await aRun(remote, commit);
    const cut = afterPut(promotion.opened.store, /\.intent\.json$/);
    await expect(promotion.promote(promotion.tools(cut))).rejects.toThrow('the worker is gone');
    expect(await promotion.intent()).toMatchObject({ formerTip: remote.first, newTip: commit });
    expect(remote.tip()).toBe(remote.first);
    expect(await promotion.promote()).toMatchObject({ done: true });
    expect(await promotion.promote()).toMatchObject({ done: true });
    expect(remote.git('rev-list', '--count', 'production')).toBe('2');
  });

  test('that was cut leaves somebody else’s push alone, and says that it may have had an effect', async () => {
    const remote = aRemote();
    const promotion = await aRun(remote, child(remote, remote.first, 'two\n'));
    const cut = afterPut(promotion.opened.store, /\.intent\.json$/);
    await expect(promotion.promote(promotion.tools(cut))).rejects.toThrow('the worker is gone');
    const theirs = child(remote, remote.first, 'theirs\n');
    remote.setBranch('production', theirs);
    expect(await promotion.promote()).toMatchObject({
      done: false,
      code: 'branch_moved_on',
      effect: 'possible',
    });
    expect(remote.tip()).toBe(theirs);
  });

  test('of a branch that moved on before any intent is proven to have had no effect', async () => {
    const remote = aRemote();
    const promotion = await aRun(remote, child(remote, remote.first, 'two\n'));
    remote.setBranch('production', child(remote, remote.first, 'theirs\n'));
    expect(await promotion.promote()).toMatchObject({ done: false, code: 'branch_moved_on', effect: 'none' });
    expect(await promotion.intent()).toBeUndefined();
  });

  test('that the remote refuses for good is not done', async () => {
    const remote = aRemote();
    const promotion = await aRun(remote, child(remote, remote.first, 'two\n'));
    remote.hook('pre-receive', 'echo frozen >&2; exit 1');
    expect(await promotion.promote()).toMatchObject({ done: false, code: 'push_rejected' });
    expect(remote.tip()).toBe(remote.first);
    // What the intent says did not happen, and the remote itself says so.
    expect(await promotion.rollBack()).toMatchObject({ verified: true, code: 'never_on_branch' });
  });

  test('of two workers at once is one promotion', async () => {
    const remote = aRemote();
    const commit = child(remote, remote.first, 'two\n');
    const promotion = await aRun(remote, commit);
    const outcomes = await Promise.all([promotion.promote(), promotion.promote()]);
    expect(outcomes.every(({ done }) => done)).toBe(true);
    expect(remote.tip()).toBe(commit);
  });
});

/** The store whose worker dies right after the put has become durable. */
function afterPut(store: EvidenceStore, path: RegExp): EvidenceStore {
  return {
    ...store,
    put: async (run, name, bytes) => {
      const result = await store.put(run, name, bytes);
      if (path.test(name)) throw new Error('the worker is gone');
      return result;
    },
  };
}

const promoted = async (): Promise<Promotion> => {
  const remote = aRemote();
  const promotion = await aRun(remote, child(remote, remote.first, 'two\n'));
  expect(await promotion.promote()).toMatchObject({ done: true });
  return promotion;
};

describe('a rollback by git', () => {
  test('of a run that promoted nothing is verified by asking, and leaves the branch', async () => {
    const remote = aRemote();
    const promotion = await aRun(remote, child(remote, remote.first, 'two\n'));
    const nothing = { verified: true, code: 'never_on_branch', detail: `production is at ${remote.first}` };
    expect(await promotion.rollBack()).toEqual(nothing);
    expect(await promotion.verify()).toEqual(nothing);
    expect(remote.tip()).toBe(remote.first);
  });

  test('of a run that promoted nothing is not verified where the branch has its commit all the same', async () => {
    const remote = aRemote();
    const promotion = await aRun(remote, child(remote, remote.first, 'two\n'));
    remote.setBranch('production', promotion.known.record.commit);
    expect(await promotion.rollBack()).toMatchObject({
      verified: false,
      code: 'no_recorded_revert_on_branch',
    });
    remote.git('update-ref', '-d', 'refs/heads/production');
    expect(await promotion.rollBack()).toMatchObject({ verified: false, code: 'branch_missing' });
  });

  test('goes before its record on a full disk, and the record follows as soon as there is room', async () => {
    const promotion = await promoted();
    const tools = promotion.tools(failingOnce(promotion.opened.store, /\.revert-/));
    expect(await promotion.rollBack(tools)).toMatchObject({ verified: true, code: 'revert_on_branch' });
    expect(await promotion.reverts()).toEqual([promotion.remote.tip()]);
    expect(await promotion.verify()).toMatchObject({ verified: true });
  });

  test('gives the branch the tree that it had, on top of what it is, and records the revert first', async () => {
    const promotion = await promoted();
    const { remote, known } = promotion;
    expect(await promotion.rollBack()).toMatchObject({ verified: true, code: 'revert_on_branch' });
    const tip = remote.tip();
    expect(remote.tree(tip)).toBe(remote.tree(remote.first));
    expect(remote.parents(tip)).toEqual([known.record.commit]);
    expect(await promotion.reverts()).toEqual([tip]);
    expect(remote.git('log', '-1', '--format=%B', tip)).toContain(`Promotion-Run: ${known.record.run}`);
  });

  test('that is repeated reverts once', async () => {
    const promotion = await promoted();
    const first = await promotion.rollBack();
    const tip = promotion.remote.tip();
    expect(await promotion.rollBack()).toEqual(first);
    expect(await promotion.verify()).toEqual(first);
    expect(promotion.remote.tip()).toBe(tip);
    expect(await promotion.reverts()).toHaveLength(1);
  });

  test('that was cut between record and push is finished by the next attempt', async () => {
    const promotion = await promoted();
    const cut = afterPut(promotion.opened.store, /\.revert-/);
    await expect(promotion.rollBack(promotion.tools(cut))).rejects.toThrow('the worker is gone');
    expect(await promotion.verify()).toMatchObject({ verified: false, code: 'no_recorded_revert_on_branch' });
    expect(await promotion.rollBack()).toMatchObject({ verified: true });
    expect(await promotion.reverts()).toEqual([promotion.remote.tip()]);
  });

  test('keeps what others pushed since', async () => {
    const promotion = await promoted();
    const { remote, known } = promotion;
    const files = { 'app.txt': 'two\n', 'other.txt': 'theirs\n' };
    remote.setBranch('production', remote.commit({ files, parents: [known.record.commit] }));
    expect(await promotion.rollBack()).toMatchObject({ verified: true });
    expect(remote.git('show', 'production:app.txt')).toBe('one');
    expect(remote.git('show', 'production:other.txt')).toBe('theirs');
  });

  test('that conflicts with what others pushed is not verified and leaves the branch', async () => {
    const promotion = await promoted();
    const { remote, known } = promotion;
    const theirs = child(remote, known.record.commit, 'theirs\n');
    remote.setBranch('production', theirs);
    const outcome = await promotion.rollBack();
    expect(outcome).toMatchObject({ verified: false, code: 'revert_conflict' });
    expect(outcome.detail).toContain('app.txt');
    expect(remote.tip()).toBe(theirs);
    expect(await promotion.reverts()).toEqual([]);
  });

  test('by somebody else’s hand is recognised by the content, says so, and pushes nothing', async () => {
    const promotion = await promoted();
    const { remote, known } = promotion;
    const theirs = child(remote, known.record.commit, 'one\n');
    remote.setBranch('production', theirs);
    const outcome = { verified: true, code: 'restored_by_others' };
    expect(await promotion.rollBack()).toMatchObject(outcome);
    const verified = await promotion.verify();
    expect(verified).toMatchObject(outcome);
    expect(verified.detail).toContain('by a commit that is not ours; nothing was pushed');
    expect(remote.tip()).toBe(theirs);
    expect(await promotion.reverts()).toEqual([]);
  });

  test('is not verified any more where the promoted content came back', async () => {
    const promotion = await promoted();
    const { remote } = promotion;
    await promotion.rollBack();
    remote.setBranch('production', child(remote, remote.tip(), 'two\n'));
    expect(await promotion.verify()).toMatchObject({ verified: false, code: 'promoted_again' });
    expect(await promotion.rollBack()).toMatchObject({ verified: true, code: 'revert_on_branch' });
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
  });

  test('names target, run, commit and trigger in trailers that git reads', async () => {
    const promotion = await promoted();
    const { remote, known, opened } = promotion;
    const journal = [
      ['00000001', { kind: 'step-promoted', body: {} }],
      ['00000002', { kind: 'rollback-begun', body: { trigger: 'repeated_failing' } }],
      ['00000003', { kind: 'rollback-step', body: { trigger: 'forged' } }],
    ] as const;
    for (const [seq, entry] of journal)
      await opened.evidence.putJson(opened.folder, `journal/${seq}.json`, entry);
    await promotion.rollBack();
    const { commit, run } = known.record;
    expect(remote.git('log', '-1', '--format=%(trailers:only,unfold)', remote.tip())).toBe(
      [
        'Promotion-Target: t',
        `Promotion-Run: ${run}`,
        `Promotion-Commit: ${commit}`,
        'Promotion-Trigger: repeated_failing',
        `Reverts-Commit: ${commit}`,
      ].join('\n'),
    );
    expect(remote.git('log', '-1', '--format=%s', remote.tip())).toBe(
      `Revert the promotion of ${commit.slice(0, 12)} (t)`,
    );
  });

  test.each([
    ['is not there', undefined],
    ['is none of ours', { kind: 'rollback-begun', body: { trigger: 'x\nPromotion-Run: forged' } }],
  ])('does not wait for long for a trigger that %s', async (_, entry) => {
    const promotion = await promoted();
    const { opened, remote } = promotion;
    if (entry !== undefined) await opened.evidence.putJson(opened.folder, 'journal/00000001.json', entry);
    expect(await promotion.rollBack()).toMatchObject({ verified: true });
    const trailer = '--format=%(trailers:key=Promotion-Trigger,valueonly)';
    expect(remote.git('log', '-1', trailer, remote.tip())).toBe('not recorded yet');
  });

  test('asks a remote that is away until it is cut short, and never calls that verified', async () => {
    const promotion = await promoted();
    const tools = promotion.tools();
    const away = `${promotion.remote.url}.away`;
    renameSync(promotion.remote.url, away);
    await expect(promotion.verify(tools, AbortSignal.timeout(1_000))).rejects.toThrow(/abort|cancel/i);
    const short = { ...promotion.revert(), deadlineMs: 1_500 };
    expect(await verifyRevert(tools, promotion.known, short, NEVER)).toMatchObject({
      verified: false,
      code: 'remote_unreachable',
    });
    const verified = promotion.verify(tools);
    renameSync(away, promotion.remote.url);
    expect(await verified).toMatchObject({ verified: false, code: 'no_recorded_revert_on_branch' });
  });
});

describe('the runs of a target', () => {
  test('promote, roll back, and promote a child as a merge with exactly the child’s tree', async () => {
    const remote = aRemote();
    const bad = child(remote, remote.first, 'two\n');
    const first = await aRun(remote, bad);
    await first.promote();
    await first.rollBack();
    const revert = remote.tip();

    const good = child(remote, bad, 'three\n');
    const second = await aRun(remote, good, first.opened.store);
    expect(await second.promote()).toMatchObject({ done: true });
    const merge = remote.tip();
    expect(remote.parents(merge)).toEqual([revert, good]);
    expect(remote.tree(merge)).toBe(remote.tree(good));
    expect(await second.intent()).toMatchObject({ formerTip: revert, newTip: merge, commit: good });
    expect(await second.promote()).toMatchObject({ done: true });
    expect(remote.tip()).toBe(merge);

    expect(await second.rollBack()).toMatchObject({ verified: true, code: 'revert_on_branch' });
    expect(remote.tree(remote.tip())).toBe(remote.tree(revert));

    const last = child(remote, good, 'four\n');
    const third = await aRun(remote, last, first.opened.store);
    expect(await third.promote()).toMatchObject({ done: true });
    expect(remote.tree(remote.tip())).toBe(remote.tree(last));
    const own = await ownCommits(third.opened.evidence, 't', third.where);
    expect(new Set(own)).toEqual(new Set([revert, merge, ...(await second.reverts()), remote.tip()]));
  });

  test('promote the same commit again, on top of its revert, and roll it back again', async () => {
    const remote = aRemote();
    const commit = child(remote, remote.first, 'two\n');
    const first = await aRun(remote, commit);
    await first.promote();
    await first.rollBack();
    const revert = remote.tip();
    const second = await aRun(remote, commit, first.opened.store);
    // Before it promotes, its rollback has nothing to do: the recorded revert stands.
    expect(await second.rollBack()).toMatchObject({ verified: true, code: 'revert_on_branch' });
    expect(remote.tip()).toBe(revert);
    expect(await second.promote()).toMatchObject({ done: true });
    expect(remote.tree(remote.tip())).toBe(remote.tree(commit));
    expect(await second.rollBack()).toMatchObject({ verified: true, code: 'revert_on_branch' });
    expect(remote.tree(remote.tip())).toBe(remote.tree(revert));
  });

  test('are not taken for rolled back where the record of what was promoted again is lost', async () => {
    const remote = aRemote();
    const commit = child(remote, remote.first, 'two\n');
    const first = await aRun(remote, commit);
    await first.promote();
    await first.rollBack();
    const second = await aRun(remote, commit, first.opened.store);
    await second.promote();
    rmSync(join(second.opened.path, 'promotion'), { recursive: true });
    expect(await second.rollBack()).toMatchObject({ verified: false });
  });

  test('leave nothing behind that another target recorded', async () => {
    const remote = aRemote();
    const bad = child(remote, remote.first, 'two\n');
    const first = await aRun(remote, bad);
    await first.promote();
    await first.rollBack();
    const { evidence } = first.opened;
    expect(await ownCommits(evidence, 't', first.where)).toEqual([remote.tip()]);
    expect(await ownCommits(evidence, 'u', first.where)).toEqual([]);
    expect(await ownCommits(evidence, 't', { url: remote.url, branch: 'staging' })).toEqual([]);
    expect(await ownCommits(evidence, 't', { url: `${remote.url}x`, branch: 'production' })).toEqual([]);
    // Without those records the revert is a stranger's commit, and nothing of a stranger is lost.
    const stranger = await aRun(remote, child(remote, bad, 'three\n'));
    expect(await stranger.promote()).toMatchObject({ done: false, code: 'branch_moved_on', effect: 'none' });
  });

  test('do not undo a rollback by repeating the step that was rolled back', async () => {
    const remote = aRemote();
    const promotion = await aRun(remote, child(remote, remote.first, 'two\n'));
    await promotion.promote();
    await promotion.rollBack();
    const tip = remote.tip();
    expect(await promotion.promote()).toMatchObject({ done: false, code: 'branch_moved_on' });
    expect(remote.tip()).toBe(tip);
  });
});

const checked = (promotion: Promotion) =>
  checkRevert(promotion.tools(), promotion.known, promotion.revert(), NEVER);

describe('whether a revert could run', () => {
  test('is checked without changing anything', async () => {
    const remote = aRemote();
    const promotion = await aRun(remote, child(remote, remote.first, 'two\n'));
    expect(await checked(promotion)).toBeUndefined();
    expect(remote.tip()).toBe(remote.first);
    expect(remote.git('for-each-ref', '--format=%(refname)')).toBe('refs/heads/production');
    expect(await promotion.opened.store.list(promotion.opened.folder)).toEqual(['run.json', 'runbook.json']);
  });

  test('is told in one line where it could not', async () => {
    const remote = aRemote();
    const unknown = await aRun(remote, 'b'.repeat(40));
    expect(await checked(unknown)).toMatch(/^commit_unknown: .+$/);
    const missing = await aRun(remote, remote.first);
    remote.git('update-ref', '-d', 'refs/heads/production');
    expect(await checked(missing)).toMatch(/^branch_missing: .+$/);
  });
});

describe('a rollback by git where something else promotes', () => {
  const OTHER = { id: 'apply', command: { argv: ['true'] } };

  /** The runbook promotes by a command. */
  async function byCommand(remote: RemoteFixture, commit: string, mainline?: number): Promise<Promotion> {
    const git = { remote: '${remote}', branch: 'production' };
    const gitRevert = { git, ...(mainline === undefined ? {} : { mainline }) };
    const written = smallRunbook({
      promotion: { steps: [OTHER] },
      rollback: { triggers: TRIGGERS, steps: [{ id: 'deployment-revert', gitRevert }] },
    });
    return aRun(remote, commit, undefined, written);
  }

  test('reverts the commit itself, keeps what came after, and is repeated without effect', async () => {
    const remote = aRemote();
    const commit = child(remote, remote.first, 'two\n');
    const files = { 'app.txt': 'two\n', 'later.txt': 'l\n' };
    remote.setBranch('production', remote.commit({ files, parents: [commit] }));
    const promotion = await byCommand(remote, commit);
    expect(await checked(promotion)).toBeUndefined();
    expect(await promotion.rollBack()).toMatchObject({ verified: true, code: 'revert_on_branch' });
    const tip = remote.tip();
    expect(remote.git('show', 'production:app.txt')).toBe('one');
    expect(remote.git('show', 'production:later.txt')).toBe('l');
    expect(remote.git('log', '-1', '--format=%b', tip)).toContain(`This reverts commit ${commit}.`);
    expect(await promotion.reverts()).toEqual([tip]);
    expect(await promotion.rollBack()).toMatchObject({ verified: true });
    expect(remote.tip()).toBe(tip);
  });

  test('has nothing to do where the branch never had the commit', async () => {
    const remote = aRemote();
    const promotion = await byCommand(remote, child(remote, remote.first, 'two\n'));
    expect(await promotion.rollBack()).toMatchObject({ verified: true, code: 'never_on_branch' });
    expect(remote.tip()).toBe(remote.first);
  });

  test('takes a merge back to the parent that the runbook names, and says before promoting if it names none', async () => {
    const remote = aRemote();
    const side = child(remote, remote.first, 'one\n');
    const files = { 'app.txt': 'one\n', 'side.txt': 's' };
    const merge = remote.commit({ files, parents: [remote.first, side] });
    remote.setBranch('production', merge);
    expect(await checked(await byCommand(remote, merge))).toMatch(/^mainline_missing: .+mainline: 1/);
    const promotion = await byCommand(remote, merge, 1);
    expect(await checked(promotion)).toBeUndefined();
    expect(await promotion.rollBack()).toMatchObject({ verified: true });
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
  });
});

test('a step without git is no git step', async () => {
  const { runbook } = await load(smallRunbook());
  const [step] = resolvedRunbook(runbook, undefined).runbook.promotion.steps;
  expect(() => placeOf({ ...step, id: 'apply', repeatable: true, deadline: 1, git: undefined })).toThrow(
    'apply is no git step',
  );
});
