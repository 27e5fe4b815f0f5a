// Proves what a rollback does to a real bare repository, what counts as proof of it, and what a rehearsal of it finds.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGit, type GitRepository } from '../../../src/adapters/git/repository.js';
import type { RevertRecords, RevertRequest } from '../../../src/adapters/git/revert.js';
import { createRemote, type RemoteFixture } from '../../support/git-fixture.js';

const TEXT = {
  identity: { name: 'Promote', email: 'promote@example.org' },
  message: 'Roll back',
  at: '2026-01-31T12:00:00Z',
};

let remote: RemoteFixture;
let git: GitRepository;
let mirrorsDir: string;
let recorded: string[];
let b: string;

const record = (revert: string): Promise<void> => {
  recorded.push(revert);
  return Promise.resolve();
};

beforeEach(() => {
  remote = createRemote();
  mirrorsDir = mkdtempSync(path.join(remote.scratch, 'mirrors-'));
  git = createGit({ mirrorsDir, env: {} });
  recorded = [];
  b = remote.commit({ files: { 'app.txt': 'two\n' }, parents: [remote.first] });
  remote.setBranch('production', b);
});
afterEach(() => remote.remove());

const text = (): Promise<typeof TEXT> => Promise.resolve(TEXT);

/** Records with nothing in them yet but `known`. */
function records(add: (revert: string) => Promise<void>, known: readonly string[] = []): RevertRecords {
  return { known: () => Promise.resolve(known), add };
}

const known = (): Promise<readonly string[]> => Promise.resolve(recorded);

/** A branch beside `b`, for merges. */
const side = (): string =>
  remote.commit({ files: { 'app.txt': 'one\n', 'side.txt': 's' }, parents: [remote.first] });

function target(): RevertRequest & { formerTip: string } {
  return { formerTip: remote.first, promotedTip: b, text };
}

function candidate(): string {
  return remote.commit({ files: { 'app.txt': 'three\n' }, parents: [b] });
}

/** Takes one object out of a repository, as a damaged disk does. */
function loseObject(gitDir: string, hash: string): void {
  const packs = path.join(gitDir, 'objects', 'pack');
  for (const name of readdirSync(packs).filter((file) => file.endsWith('.pack'))) {
    const input = readFileSync(path.join(packs, name));
    rmSync(path.join(packs, name));
    rmSync(path.join(packs, name.replace('.pack', '.idx')));
    execFileSync('git', ['--git-dir', gitDir, 'unpack-objects', '-q'], { input });
  }
  rmSync(path.join(gitDir, 'objects', hash.slice(0, 2), hash.slice(2)));
}

function full(): Promise<never> {
  return Promise.reject(new Error('disk full'));
}

describe('revert', () => {
  test('gives the branch the former tree, on top of the promoted commit, and is recorded before it is pushed', async () => {
    const tips: string[] = [];
    const result = await git.revert(
      remote,
      target(),
      records(async (revert) => {
        tips.push(remote.tip());
        await record(revert);
      }),
    );
    const [revertCommit] = recorded;
    expect(result).toEqual({ outcome: 'reverted', tip: revertCommit, revertCommit });
    expect(tips).toEqual([b]);
    expect(remote.parents(remote.tip())).toEqual([b]);
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
    expect(
      await git.verifyReverted(remote, { promotedTip: b, reverts: recorded, target: undefined }),
    ).toMatchObject({
      verified: true,
      reason: 'revert_on_branch',
    });
  });

  test('undoes several commits at once', async () => {
    const c = remote.commit({ files: { 'app.txt': 'three\n', 'new.txt': 'x' }, parents: [b] });
    remote.setBranch('production', c);
    await git.revert(remote, { ...target(), promotedTip: c }, records(record));
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
  });

  test('keeps what others pushed since', async () => {
    const hotfix = remote.commit({ files: { 'app.txt': 'two\n', 'hotfix.txt': 'h' }, parents: [b] });
    remote.setBranch('production', hotfix);
    await git.revert(remote, target(), records(record));
    const wanted = remote.commit({ files: { 'app.txt': 'one\n', 'hotfix.txt': 'h' } });
    expect(remote.tree(remote.tip())).toBe(remote.tree(wanted));
    expect(remote.parents(remote.tip())).toEqual([hotfix]);
  });

  test('pushes nothing if its intent cannot be recorded', async () => {
    await expect(git.revert(remote, target(), records(full))).rejects.toThrow('disk full');
    expect(remote.tip()).toBe(b);
  });

  test('is not made twice: a recorded revert on the branch is enough, also below later commits', async () => {
    const { revertCommit = '' } = await git.revert(remote, target(), records(record));
    const later = remote.commit({ files: { 'app.txt': 'later\n' }, parents: [revertCommit] });
    remote.setBranch('production', later);
    const again = await git.revert(remote, target(), records(record, recorded));
    expect(again).toEqual({ outcome: 'already-reverted', tip: later, revertCommit });
    expect(recorded).toHaveLength(1);
  });

  test('pushes the same revert again if it was recorded but never landed', async () => {
    remote.hook('pre-receive', 'exit 1');
    await expect(git.revert(remote, target(), records(record))).rejects.toMatchObject({
      code: 'push_rejected',
    });
    remote.hook('pre-receive', 'exit 0');
    const elsewhere = createGit({ mirrorsDir: path.join(remote.scratch, 'empty'), env: {} });
    expect(await elsewhere.revert(remote, target(), records(record, recorded))).toMatchObject({
      outcome: 'reverted',
    });
    expect(recorded).toEqual([remote.tip()]);
  });

  test('has nothing to do where the commit never was on the branch', async () => {
    remote.setBranch('production', remote.first);
    const result = await git.revert(remote, target(), records(record));
    expect(result).toEqual({ outcome: 'never-promoted', tip: remote.first, revertCommit: undefined });
    expect(
      await git.verifyReverted(remote, { promotedTip: b, reverts: [], target: undefined }),
    ).toMatchObject({
      verified: true,
      reason: 'never_on_branch',
    });
  });

  test('recognises by the content that somebody else took all of it back, and pushes nothing', async () => {
    const others = { 'app.txt': 'two\n', 'hotfix.txt': 'h' };
    const hotfix = remote.commit({ files: others, parents: [b] });
    const manual = remote.commit({
      files: { ...others, 'app.txt': 'one\n' },
      parents: [hotfix],
      message: 'tidy up',
    });
    remote.setBranch('production', manual);
    const request = target();
    const claim = { promotedTip: b, reverts: [], target: request };
    expect(await git.verifyReverted(remote, claim)).toEqual({
      verified: true,
      reason: 'restored_by_others',
      tip: manual,
    });
    expect(await git.revert(remote, request, records(record))).toEqual({
      outcome: 'restored-by-others',
      tip: manual,
      revertCommit: undefined,
    });
    expect([remote.tip(), recorded]).toEqual([manual, []]);
    // Without what was before, nothing tells whether it is back.
    expect(await git.verifyReverted(remote, { ...claim, target: undefined })).toMatchObject({
      verified: false,
      reason: 'no_recorded_revert_on_branch',
    });
  });

  test.each([
    ['says so in its message only', { 'app.txt': 'two\n', 'second.txt': 'new\n' }],
    ['restored some of its files only', { 'app.txt': 'one\n', 'second.txt': 'new\n' }],
  ])('does not take a commit for a revert that %s', async (_, files) => {
    b = remote.commit({ files: { 'app.txt': 'two\n', 'second.txt': 'new\n' }, parents: [remote.first] });
    const message = `Revert "change"\n\nThis reverts commit ${b}.`;
    remote.setBranch('production', remote.commit({ files, parents: [b], message }));
    const claim = { promotedTip: b, reverts: [], target: target() };
    expect(await git.verifyReverted(remote, claim)).toMatchObject({ verified: false });
    await git.revert(remote, target(), records(record));
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
    expect(recorded).toEqual([remote.tip()]);
  });

  test('does not take a commit for a revert that moved the content to another name', async () => {
    b = remote.commit({ files: { 'app.txt': 'one\n', 'second.txt': 'new\n' }, parents: [remote.first] });
    const files = { 'app.txt': 'one\n', 'renamed.txt': 'new\n' };
    remote.setBranch('production', remote.commit({ files, parents: [b] }));
    const claim = { promotedTip: b, reverts: [], target: target() };
    expect(await git.verifyReverted(remote, claim)).toMatchObject({ verified: false });
    await expect(git.revert(remote, target(), records(record))).rejects.toMatchObject({
      code: 'revert_conflict',
    });
  });

  test('counts no more once somebody gave the branch the promoted content again, and is made once more', async () => {
    const { revertCommit = '' } = await git.revert(remote, target(), records(record));
    const again = remote.commit({ files: { 'app.txt': 'two\n' }, parents: [revertCommit] });
    remote.setBranch('production', again);
    const claim = { promotedTip: b, reverts: recorded, target: target() };
    expect(await git.verifyReverted(remote, claim)).toEqual({
      verified: false,
      reason: 'promoted_again',
      tip: again,
    });
    expect(await git.revert(remote, target(), records(record, recorded))).toMatchObject({
      outcome: 'reverted',
    });
    expect(remote.parents(remote.tip())).toEqual([again]);
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
  });

  test('counts no more once a file that it took back is as promoted again, whatever else changed', async () => {
    const { revertCommit = '' } = await git.revert(remote, target(), records(record));
    const files = { 'app.txt': 'two\n', 'other.txt': 'since\n' };
    const again = remote.commit({ files, parents: [revertCommit] });
    remote.setBranch('production', again);
    const claim = { promotedTip: b, reverts: recorded, target: target() };
    expect(await git.verifyReverted(remote, claim)).toMatchObject({
      verified: false,
      reason: 'promoted_again',
    });
    await git.revert(remote, target(), records(record, recorded));
    expect(remote.parents(remote.tip())).toEqual([again]);
    const wanted = { 'app.txt': 'one\n', 'other.txt': 'since\n' };
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.commit({ files: wanted, parents: [again] })));
  });

  test('counts where what it took back was changed to something else since', async () => {
    const { revertCommit = '' } = await git.revert(remote, target(), records(record));
    const repaired = remote.commit({ files: { 'app.txt': 'three\n' }, parents: [revertCommit] });
    remote.setBranch('production', repaired);
    const claim = { promotedTip: b, reverts: recorded, target: target() };
    expect(await git.verifyReverted(remote, claim)).toMatchObject({
      verified: true,
      reason: 'revert_on_branch',
    });
  });

  test('that another worker recorded and pushed meanwhile is found, not made again', async () => {
    const other = createGit({ mirrorsDir: path.join(remote.scratch, 'other'), env: {} });
    const theirs = { ...target(), text: () => Promise.resolve({ ...TEXT, message: 'Theirs' }) };
    const result = await git.revert(remote, target(), {
      known,
      add: async (revert) => {
        await record(revert);
        await other.revert(remote, theirs, { known, add: record });
      },
    });
    expect(result).toMatchObject({ outcome: 'already-reverted', revertCommit: remote.tip() });
    expect(remote.parents(remote.tip())).toEqual([b]);
  });

  test('leaves the branch untouched on a conflict and names the files', async () => {
    const clash = remote.commit({ files: { 'app.txt': 'clash\n', 'fine.txt': 'f' }, parents: [b] });
    remote.setBranch('production', clash);
    await expect(git.revert(remote, target(), records(record))).rejects.toMatchObject({
      code: 'revert_conflict',
      retryable: false,
      details: { files: ['app.txt'], actualTip: clash },
    });
    expect(remote.tip()).toBe(clash);
    expect(recorded).toEqual([]);
  });

  test('an earlier promotion’s revert is no proof for this one', async () => {
    const { revertCommit: earlier = '' } = await git.revert(remote, target(), records(record));
    const c = remote.commit({ files: { 'app.txt': 'three\n' }, parents: [earlier] });
    remote.setBranch('production', c);
    expect(
      await git.verifyReverted(remote, { promotedTip: c, reverts: [earlier, c], target: undefined }),
    ).toMatchObject({
      verified: false,
      reason: 'no_recorded_revert_on_branch',
    });
    const again = await git.revert(
      remote,
      { ...target(), formerTip: earlier, promotedTip: c },
      records(record, [earlier]),
    );
    expect(again.outcome).toBe('reverted');
    expect(remote.tree(remote.tip())).toBe(remote.tree(earlier));
  });

  test('refuses a former tip that does not come before the promoted one', async () => {
    const stranger = remote.commit({ files: { 'app.txt': 'x' }, parents: [b] });
    remote.setBranch('production', stranger);
    await expect(
      git.revert(remote, { ...target(), formerTip: stranger }, records(record)),
    ).rejects.toMatchObject({
      code: 'bad_commit',
    });
  });

  test('without a former tip undoes the one commit, as git revert does', async () => {
    const later = remote.commit({ files: { 'app.txt': 'two\n', 'later.txt': 'l' }, parents: [b] });
    remote.setBranch('production', later);
    await git.revert(remote, { ...target(), formerTip: undefined, mainline: 1 }, records(record));
    const wanted = remote.commit({ files: { 'app.txt': 'one\n', 'later.txt': 'l' } });
    expect(remote.tree(remote.tip())).toBe(remote.tree(wanted));
  });

  describe('of a merge without a former tip', () => {
    const files = { 'app.txt': 'two\n', 'side.txt': 's' };

    test.each([
      [1, { 'app.txt': 'two\n' }],
      [2, { 'app.txt': 'one\n', 'side.txt': 's' }],
    ])('goes back to parent %i where the runbook says so', async (mainline, wanted) => {
      const merge = remote.commit({ files, parents: [b, side()] });
      remote.setBranch('production', merge);
      const request = { ...target(), formerTip: undefined, promotedTip: merge, mainline };
      await git.planRevert(remote, merge, mainline);
      await git.revert(remote, request, records(record));
      expect(remote.tree(remote.tip())).toBe(remote.tree(remote.commit({ files: wanted })));
      expect(remote.parents(remote.tip())).toEqual([merge]);
    });

    test.each([[undefined], [3]])(
      'is refused with mainline %s, before and when it comes to it',
      async (mainline) => {
        const merge = remote.commit({ files, parents: [b, side()] });
        remote.setBranch('production', merge);
        const refused = {
          code: 'mainline_missing',
          retryable: false,
          message: expect.stringContaining('mainline: 1') as unknown,
        };
        await expect(git.planRevert(remote, merge, mainline)).rejects.toMatchObject(refused);
        expect(await git.checkRevert(remote, merge, { by: 'other', mainline })).toMatchObject({
          ok: false,
          code: 'mainline_missing',
        });
        const request = { ...target(), formerTip: undefined, promotedTip: merge, mainline };
        await expect(git.revert(remote, request, records(record))).rejects.toMatchObject(refused);
        expect(remote.tip()).toBe(merge);
      },
    );
  });

  test('gives back the tree before a merge or a range as one commit, where the former tip is recorded', async () => {
    const merge = remote.commit({ files: { 'app.txt': 'both\n', 'more.txt': 'm' }, parents: [b, side()] });
    const last = remote.commit({ files: { 'app.txt': 'last\n', 'more.txt': 'm' }, parents: [merge] });
    remote.setBranch('production', last);
    await git.revert(remote, { ...target(), promotedTip: last }, records(record));
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
    expect(remote.parents(remote.tip())).toEqual([last]);
  });

  test('tries again on what the branch became when another push is first', async () => {
    const hotfix = remote.commit({ files: { 'app.txt': 'two\n', 'hotfix.txt': 'h' }, parents: [b] });
    const result = await git.revert(
      remote,
      target(),
      records(async (revert) => {
        if (recorded.length === 0) remote.setBranch('production', hotfix);
        await record(revert);
      }),
    );
    expect(result).toMatchObject({ outcome: 'reverted', revertCommit: recorded[1] });
    expect(remote.parents(remote.tip())).toEqual([hotfix]);
  });

  test('gives up, retryably, if others win every time', async () => {
    let tip = b;
    const alwaysSecond = async (revert: string): Promise<void> => {
      tip = remote.commit({ files: { 'app.txt': 'two\n' }, parents: [tip] });
      remote.setBranch('production', tip);
      await record(revert);
    };
    await expect(git.revert(remote, target(), records(alwaysSecond))).rejects.toMatchObject({
      code: 'branch_moved_on',
      retryable: true,
    });
    expect(recorded).toHaveLength(5);
  });

  test('is verified no longer once the branch was moved back to the promoted commit', async () => {
    await git.revert(remote, target(), records(record));
    remote.setBranch('production', b);
    expect(
      await git.verifyReverted(remote, { promotedTip: b, reverts: recorded, target: undefined }),
    ).toMatchObject({
      verified: false,
    });
  });

  test('is not taken for "never promoted" when the mirror is damaged', async () => {
    const c = remote.commit({ files: { 'app.txt': 'three\n' }, parents: [b] });
    remote.setBranch('production', c);
    await git.planPromotion(remote, remote.commit({ files: {}, parents: [c] }), []);
    const [mirror = ''] = readdirSync(mirrorsDir);
    loseObject(path.join(mirrorsDir, mirror), b);
    await expect(
      git.verifyReverted(remote, { promotedTip: b, reverts: [], target: undefined }),
    ).rejects.toMatchObject({
      code: 'git_failed',
    });
  });
});

describe('checkRevert', () => {
  test('is well for a commit that can be promoted and taken back, and moves nothing', async () => {
    expect(await git.checkRevert(remote, candidate(), { by: 'git', ownCommits: [] })).toEqual({
      ok: true,
      tip: b,
    });
    expect(remote.tip()).toBe(b);
  });

  test('is well for a merge over our own revert', async () => {
    const { revertCommit = '' } = await git.revert(remote, target(), records(record));
    expect(await git.checkRevert(remote, candidate(), { by: 'git', ownCommits: [revertCommit] })).toEqual({
      ok: true,
      tip: revertCommit,
    });
  });

  test.each([
    ['a commit that nobody has', () => 'a'.repeat(40), 'commit_unknown'],
    ['a commit that is on the branch', () => b, 'commit_already_contained'],
    [
      'a commit beside the branch',
      () => remote.commit({ files: {}, parents: [remote.first] }),
      'branch_moved_on',
    ],
  ])('says why for %s', async (_, commit, code) => {
    expect(await git.checkRevert(remote, commit(), { by: 'git', ownCommits: [] })).toMatchObject({
      ok: false,
      code,
    });
  });

  test('by other means it tries the revert of that one commit on the branch as it is', async () => {
    expect(await git.checkRevert(remote, b, { by: 'other', mainline: undefined })).toEqual({
      ok: true,
      tip: b,
    });
    expect(await git.checkRevert(remote, candidate(), { by: 'other', mainline: undefined })).toEqual({
      ok: true,
      tip: b,
    });
    remote.setBranch('production', candidate());
    expect(await git.checkRevert(remote, b, { by: 'other', mainline: undefined })).toMatchObject({
      ok: false,
      code: 'revert_conflict',
    });
  });

  test('by other means the commit must be there, even where the branch has it not', async () => {
    const check = (commit: string) => git.checkRevert(remote, commit, { by: 'other', mainline: undefined });
    expect(await check('a'.repeat(40))).toMatchObject({ ok: false, code: 'commit_unknown' });
    const root = remote.commit({ files: {} });
    expect(await check(root)).toMatchObject({ ok: false, code: 'bad_commit' });
  });

  test('throws what may be over soon', async () => {
    const away = { ...remote, url: `${remote.url}-away` };
    await expect(git.checkRevert(away, b, { by: 'git', ownCommits: [] })).rejects.toMatchObject({
      code: 'remote_unreachable',
      retryable: true,
    });
  });
});
