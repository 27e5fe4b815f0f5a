// Proves what a promotion does to a real bare repository over git's file protocol: which tips it gives, what it refuses,
// what a repeated call does. https and ssh servers are not part of it.
import { mkdtempSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { GitError } from '../../../src/adapters/git/error.js';
import type { PromotionIntent } from '../../../src/adapters/git/promotion.js';
import { createGit, type GitRepository } from '../../../src/adapters/git/repository.js';
import { createRemote, type RemoteFixture } from '../../support/git-fixture.js';

const TEXT = {
  identity: { name: 'Promote', email: 'promote@example.org' },
  message: 'Promote',
  at: '2026-01-31T12:00:00Z',
};

let remote: RemoteFixture;
let git: GitRepository;

beforeEach(() => {
  remote = createRemote();
  git = newGit();
});
afterEach(() => remote.remove());

function newGit(): GitRepository {
  return createGit({ mirrorsDir: mkdtempSync(path.join(remote.scratch, 'mirrors-')), env: {} });
}

function next(parent: string, content: string): string {
  return remote.commit({ files: { 'app.txt': content }, parents: [parent], message: content });
}

function recorder(): {
  readonly intents: PromotionIntent[];
  readonly record: (i: PromotionIntent) => Promise<void>;
} {
  const intents: PromotionIntent[] = [];
  return {
    intents,
    record: (intent) => {
      intents.push(intent);
      return Promise.resolve();
    },
  };
}

function full(): Promise<never> {
  return Promise.reject(new Error('disk full'));
}

/** Nobody goes on before all `count` have come. */
function barrier(count: number): () => Promise<void> {
  let waiting = 0;
  let open: (() => void) | undefined;
  const all = new Promise<void>((resolve) => {
    open = resolve;
  });
  return () => {
    waiting += 1;
    if (waiting === count) open?.();
    return all;
  };
}

async function failure(promise: Promise<unknown>): Promise<GitError> {
  const error: unknown = await promise.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (error instanceof GitError) return error;
  throw new Error('expected a GitError', { cause: error });
}

/** Promotes without an intent and gives the recorded newTip. */
async function promoted(commit: string, ownCommits: readonly string[] = []): Promise<string> {
  const { newTip } = await git.promote(remote, { commit, ownCommits, ...TEXT }, undefined, () =>
    Promise.resolve(),
  );
  return newTip;
}

async function reverted(formerTip: string, promotedTip: string): Promise<string> {
  const { revertCommit } = await git.revert(
    remote,
    { formerTip, promotedTip, text: () => Promise.resolve(TEXT) },
    { known: () => Promise.resolve([]), add: () => Promise.resolve() },
  );
  if (revertCommit === undefined) throw new Error('nothing was reverted');
  return revertCommit;
}

describe('a fast-forward', () => {
  test('moves the branch to the commit itself, and the intent was recorded before the branch moved', async () => {
    const b = next(remote.first, 'two');
    const seen: string[] = [];
    const result = await git.promote(remote, { commit: b, ownCommits: [], ...TEXT }, undefined, (intent) => {
      seen.push(remote.tip());
      expect(intent).toEqual({ formerTip: remote.first, newTip: b });
      return Promise.resolve();
    });
    expect(seen).toEqual([remote.first]);
    expect(result).toEqual({ formerTip: remote.first, newTip: b, pushed: true, tip: b });
    expect(remote.tip()).toBe(b);
  });

  test('pushes nothing if the intent cannot be recorded', async () => {
    const b = next(remote.first, 'two');
    await expect(
      git.promote(remote, { commit: b, ownCommits: [], ...TEXT }, undefined, full),
    ).rejects.toThrow('disk full');
    expect(remote.tip()).toBe(remote.first);
  });

  test('is planned without moving anything', async () => {
    const b = next(remote.first, 'two');
    expect(await git.planPromotion(remote, b, [])).toEqual({
      kind: 'fast-forward',
      formerTip: remote.first,
      commit: b,
      outside: [],
    });
    expect(remote.tip()).toBe(remote.first);
  });

  test('works on a remote with SHA-256 hashes', async () => {
    remote.remove();
    remote = createRemote({ objectFormat: 'sha256' });
    git = newGit();
    const b = next(remote.first, 'two');
    expect(b).toHaveLength(64);
    expect(await git.resolveCommit(remote, b)).toEqual({ commit: b, subject: 'two' });
    await promoted(b);
    await reverted(remote.first, b);
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
    expect((await failure(git.planPromotion(remote, 'a'.repeat(40), []))).code).toBe('commit_unknown');
  });
});

describe('a repeated call with the recorded intent', () => {
  test('pushes the same tip if the branch is still where it was', async () => {
    const b = next(remote.first, 'two');
    const { record, intents } = recorder();
    const intent = { formerTip: remote.first, newTip: b };
    expect(await git.promote(remote, { commit: b, ownCommits: [], ...TEXT }, intent, record)).toMatchObject({
      pushed: true,
    });
    expect(intents).toEqual([]);
    expect(remote.tip()).toBe(b);
  });

  test('is done without a push if the branch has the new tip, also below later commits', async () => {
    const b = await promoted(next(remote.first, 'two'));
    const intent = { formerTip: remote.first, newTip: b };
    const again = () =>
      git.promote(remote, { commit: b, ownCommits: [], ...TEXT }, intent, recorder().record);
    expect(await again()).toEqual({ ...intent, pushed: false, tip: b });
    const later = next(b, 'later');
    remote.setBranch('production', later);
    expect(await again()).toEqual({ ...intent, pushed: false, tip: later });
  });

  test('makes the same merge again on another machine with an empty mirror', async () => {
    const b = await promoted(next(remote.first, 'two'));
    const r = await reverted(remote.first, b);
    const c = next(b, 'three');
    const request = { commit: c, ownCommits: [r], ...TEXT };
    const { record, intents } = recorder();
    remote.hook('pre-receive', 'exit 1');
    expect((await failure(git.promote(remote, request, undefined, record))).code).toBe('push_rejected');
    const [intent] = intents;
    expect(intent).toBeDefined();
    remote.hook('pre-receive', 'exit 0');
    expect(await newGit().promote(remote, request, intent, record)).toMatchObject({
      ...intent,
      pushed: true,
    });
    expect(intents).toHaveLength(1);
  });

  test('refuses if the branch is neither where it was nor has the new tip, and names both', async () => {
    const b = next(remote.first, 'two');
    const other = next(remote.first, 'other');
    remote.setBranch('production', other);
    const intent = { formerTip: remote.first, newTip: b };
    const error = await failure(
      git.promote(remote, { commit: b, ownCommits: [], ...TEXT }, intent, recorder().record),
    );
    expect(error).toMatchObject({ code: 'branch_moved_on', effect: 'none', retryable: false });
    expect(error.details).toMatchObject({ expectedTip: remote.first, actualTip: other });
    expect(error.message).toContain(remote.first);
    expect(error.message).toContain(other);
  });

  test('refuses if our own revert has undone it since', async () => {
    const b = await promoted(next(remote.first, 'two'));
    const r = await reverted(remote.first, b);
    const intent = { formerTip: remote.first, newTip: b };
    const error = await failure(
      git.promote(remote, { commit: b, ownCommits: [r], ...TEXT }, intent, recorder().record),
    );
    expect(error).toMatchObject({ code: 'branch_moved_on', effect: 'unknown' });
  });

  test('refuses to push anything but the recorded tip', async () => {
    const b = next(remote.first, 'two');
    const intent = { formerTip: remote.first, newTip: next(remote.first, 'not b') };
    const error = await failure(
      git.promote(remote, { commit: b, ownCommits: [], ...TEXT }, intent, recorder().record),
    );
    expect(error).toMatchObject({ code: 'git_failed', retryable: false });
    expect(remote.tip()).toBe(remote.first);
  });

  test('tells that nobody knows what happened while the remote is away', async () => {
    const b = next(remote.first, 'two');
    const intent = { formerTip: remote.first, newTip: b };
    const away = { ...remote, url: `${remote.url}-away` };
    const error = await failure(
      git.promote(away, { commit: b, ownCommits: [], ...TEXT }, intent, recorder().record),
    );
    expect(error).toMatchObject({ code: 'remote_unreachable', retryable: true, effect: 'unknown' });
  });
});

describe('after a rollback', () => {
  test('a child of the reverted commit becomes a merge with exactly its tree; then again after that one', async () => {
    const b = await promoted(next(remote.first, 'two'));
    const r = await reverted(remote.first, b);
    const c = next(b, 'three');
    expect(await git.planPromotion(remote, c, [r])).toEqual({
      kind: 'merge',
      formerTip: r,
      commit: c,
      outside: [r],
    });
    const m = await promoted(c, [r]);
    expect(remote.tip()).toBe(m);
    expect(remote.parents(m)).toEqual([r, c]);
    expect(remote.tree(m)).toBe(remote.tree(c));
    const r2 = await reverted(r, m);
    expect(remote.tree(r2)).toBe(remote.tree(r));
    const m2 = await promoted(next(c, 'four'), [r, m, r2]);
    expect(remote.parents(m2)[0]).toBe(r2);
  });

  test('a commit that drops the reverted one is refused: the reverted commit is not our own', async () => {
    const b = await promoted(next(remote.first, 'two'));
    const r = await reverted(remote.first, b);
    const error = await failure(git.planPromotion(remote, next(remote.first, 'instead'), [r]));
    expect(error).toMatchObject({ code: 'branch_moved_on', details: { commits: [b] } });
  });

  test("somebody else's commit on top of our revert is not passed over", async () => {
    const b = await promoted(next(remote.first, 'two'));
    const r = await reverted(remote.first, b);
    const foreign = next(r, 'hotfix');
    remote.setBranch('production', foreign);
    const error = await failure(git.planPromotion(remote, next(b, 'three'), [r]));
    expect(error).toMatchObject({ code: 'branch_moved_on', details: { commits: [foreign] } });
  });

  test('a revert that nobody recorded is not ours, whatever its message says', async () => {
    const b = await promoted(next(remote.first, 'two'));
    const message = `Revert "two"\n\nThis reverts commit ${b}.`;
    const foreign = remote.commit({ files: { 'app.txt': 'one\n' }, parents: [b], message });
    remote.setBranch('production', foreign);
    expect((await failure(git.planPromotion(remote, next(b, 'three'), []))).code).toBe('branch_moved_on');
  });

  test('the reverted commit itself gets its tree back by a commit on top of the revert', async () => {
    const b = await promoted(next(remote.first, 'two'));
    const r = await reverted(remote.first, b);
    expect(await git.planPromotion(remote, b, [r])).toEqual({
      kind: 'again',
      formerTip: r,
      commit: b,
      outside: [r],
    });
    const again = await promoted(b, [r]);
    expect(remote.tip()).toBe(again);
    expect(remote.parents(again)).toEqual([r]);
    expect(remote.tree(again)).toBe(remote.tree(b));
    expect((await failure(git.planPromotion(remote, b, [r, again]))).code).toBe('commit_already_contained');
    const r2 = await reverted(r, again);
    expect(remote.tree(r2)).toBe(remote.tree(remote.first));
    expect(await git.planPromotion(remote, b, [r, again, r2])).toMatchObject({
      kind: 'again',
      formerTip: r2,
    });
  });

  test('a reverted commit is refused as contained where others committed since', async () => {
    const b = await promoted(next(remote.first, 'two'));
    const r = await reverted(remote.first, b);
    remote.setBranch('production', next(r, 'hotfix'));
    expect((await failure(git.planPromotion(remote, b, [r]))).code).toBe('commit_already_contained');
  });
});

describe('refused at start', () => {
  test('a missing branch, also if the name is the end of another', async () => {
    const b = next(remote.first, 'two');
    remote.setBranch('x/refs/heads/staging', remote.first);
    const error = await failure(
      git.promote(
        { ...remote, branch: 'staging' },
        { commit: b, ownCommits: [], ...TEXT },
        undefined,
        recorder().record,
      ),
    );
    expect(error).toMatchObject({ code: 'branch_missing', retryable: false, effect: 'none' });
  });

  test('the tip itself and its ancestors', async () => {
    remote.setBranch('production', next(remote.first, 'two'));
    for (const commit of [remote.first, remote.tip()]) {
      expect((await failure(git.planPromotion(remote, commit, []))).code).toBe('commit_already_contained');
    }
  });

  test('a commit that the remote does not have', async () => {
    expect((await failure(git.planPromotion(remote, 'a'.repeat(40), []))).code).toBe('commit_unknown');
  });
});

describe('races', () => {
  test('of many promotions at once exactly one wins, the others say that the branch moved on', async () => {
    const commits = Array.from({ length: 6 }, (_, index) => next(remote.first, `candidate ${index}`));
    // All have planned before any pushes: each waits in its recordIntent for the others.
    const planned = barrier(commits.length);
    const others = newGit();
    const results = await Promise.allSettled(
      commits.map((commit, index) =>
        (index % 2 === 0 ? git : others).promote(
          remote,
          { commit, ownCommits: [], ...TEXT },
          undefined,
          planned,
        ),
      ),
    );
    const winners = results.filter((result) => result.status === 'fulfilled');
    expect(winners).toHaveLength(1);
    expect(winners[0]?.value).toMatchObject({ pushed: true, newTip: remote.tip() });
    const losers = results.flatMap((result) =>
      result.status === 'rejected' ? [result.reason as unknown] : [],
    );
    expect(losers).toMatchObject(losers.map(() => ({ code: 'branch_moved_on', effect: 'none' })));
  });

  test('a branch that moved between the plan and the push stays as it is', async () => {
    const b = next(remote.first, 'two');
    const other = next(remote.first, 'other');
    const error = await failure(
      git.promote(remote, { commit: b, ownCommits: [], ...TEXT }, undefined, () => {
        remote.setBranch('production', other);
        return Promise.resolve();
      }),
    );
    expect(error.code).toBe('branch_moved_on');
    expect(remote.tip()).toBe(other);
  });

  test('a branch that was moved back is not overwritten, although the push would be a fast-forward', async () => {
    const b = next(remote.first, 'two');
    remote.setBranch('production', b);
    const c = next(b, 'three');
    const error = await failure(
      git.promote(remote, { commit: c, ownCommits: [], ...TEXT }, undefined, () => {
        remote.setBranch('production', remote.first);
        return Promise.resolve();
      }),
    );
    expect(error).toMatchObject({
      code: 'branch_moved_on',
      details: { expectedTip: b, actualTip: remote.first },
    });
    expect(remote.tip()).toBe(remote.first);
  });

  test('a tip that somebody else pushed between the plan and the push counts as landed, not as pushed by us', async () => {
    const b = next(remote.first, 'two');
    const result = await git.promote(remote, { commit: b, ownCommits: [], ...TEXT }, undefined, () => {
      // Another push of the same tip is first.
      remote.setBranch('production', b);
      return Promise.resolve();
    });
    expect(result).toEqual({ formerTip: remote.first, newTip: b, pushed: false, tip: b });
  });

  test('many first calls at once share one new mirror', async () => {
    const b = next(remote.first, 'two');
    const shared = newGit();
    const answers = await Promise.all(Array.from({ length: 6 }, () => shared.resolveCommit(remote, b)));
    expect(new Set(answers.map(({ commit }) => commit))).toEqual(new Set([b]));
  });
});
