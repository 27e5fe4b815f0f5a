// Proves what a rollback does to a real bare repository, what counts as proof of it, and what a rehearsal of it finds.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readdirSync, readFileSync, rmSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGit, type GitRepository } from '../../../src/adapters/git/repository.js';
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

function target(): { formerTip: string; promotedTip: string } & typeof TEXT {
  return { formerTip: remote.first, promotedTip: b, ...TEXT };
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
    const result = await git.revert(remote, target(), [], async (revert) => {
      tips.push(remote.tip());
      await record(revert);
    });
    const [revertCommit] = recorded;
    expect(result).toEqual({ outcome: 'reverted', tip: revertCommit, revertCommit });
    expect(tips).toEqual([b]);
    expect(remote.parents(remote.tip())).toEqual([b]);
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
    expect(await git.verifyReverted(remote, { promotedTip: b, reverts: recorded })).toMatchObject({
      verified: true,
      reason: 'revert_on_branch',
    });
  });

  test('undoes several commits at once', async () => {
    const c = remote.commit({ files: { 'app.txt': 'three\n', 'new.txt': 'x' }, parents: [b] });
    remote.setBranch('production', c);
    await git.revert(remote, { ...target(), promotedTip: c }, [], record);
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
  });

  test('keeps what others pushed since', async () => {
    const hotfix = remote.commit({ files: { 'app.txt': 'two\n', 'hotfix.txt': 'h' }, parents: [b] });
    remote.setBranch('production', hotfix);
    await git.revert(remote, target(), [], record);
    const wanted = remote.commit({ files: { 'app.txt': 'one\n', 'hotfix.txt': 'h' } });
    expect(remote.tree(remote.tip())).toBe(remote.tree(wanted));
    expect(remote.parents(remote.tip())).toEqual([hotfix]);
  });

  test('pushes nothing if its intent cannot be recorded', async () => {
    await expect(git.revert(remote, target(), [], full)).rejects.toThrow('disk full');
    expect(remote.tip()).toBe(b);
  });

  test('is not made twice: a recorded revert on the branch is enough, also below later commits', async () => {
    const { revertCommit = '' } = await git.revert(remote, target(), [], record);
    const later = remote.commit({ files: { 'app.txt': 'later\n' }, parents: [revertCommit] });
    remote.setBranch('production', later);
    const again = await git.revert(remote, target(), recorded, record);
    expect(again).toEqual({ outcome: 'already-reverted', tip: later, revertCommit });
    expect(recorded).toHaveLength(1);
  });

  test('pushes the same revert again if it was recorded but never landed', async () => {
    remote.hook('pre-receive', 'exit 1');
    await expect(git.revert(remote, target(), [], record)).rejects.toMatchObject({ code: 'push_rejected' });
    remote.hook('pre-receive', 'exit 0');
    const elsewhere = createGit({ mirrorsDir: path.join(remote.scratch, 'empty'), env: {} });
    expect(await elsewhere.revert(remote, target(), recorded, record)).toMatchObject({ outcome: 'reverted' });
    expect(recorded).toEqual([remote.tip()]);
  });

  test('has nothing to do where the commit never was on the branch', async () => {
    remote.setBranch('production', remote.first);
    const result = await git.revert(remote, target(), [], record);
    expect(result).toEqual({ outcome: 'never-promoted', tip: remote.first, revertCommit: undefined });
    expect(await git.verifyReverted(remote, { promotedTip: b, reverts: [] })).toMatchObject({
      verified: true,
      reason: 'never_on_branch',
    });
  });

  test("makes an empty revert where somebody's own revert has been there before: the proof stays one of ancestry", async () => {
    const manual = remote.commit({
      files: { 'app.txt': 'one\n' },
      parents: [b],
      message: `Revert "change"\n\nThis reverts commit ${b}.`,
    });
    remote.setBranch('production', manual);
    expect(await git.verifyReverted(remote, { promotedTip: b, reverts: [] })).toMatchObject({
      verified: false,
    });
    await git.revert(remote, target(), [], record);
    expect(remote.parents(remote.tip())).toEqual([manual]);
    expect(remote.tree(remote.tip())).toBe(remote.tree(manual));
  });

  test('leaves the branch untouched on a conflict and names the files', async () => {
    const clash = remote.commit({ files: { 'app.txt': 'clash\n', 'fine.txt': 'f' }, parents: [b] });
    remote.setBranch('production', clash);
    await expect(git.revert(remote, target(), [], record)).rejects.toMatchObject({
      code: 'revert_conflict',
      retryable: false,
      details: { files: ['app.txt'], actualTip: clash },
    });
    expect(remote.tip()).toBe(clash);
    expect(recorded).toEqual([]);
  });

  test('an earlier promotion’s revert is no proof for this one', async () => {
    const { revertCommit: earlier = '' } = await git.revert(remote, target(), [], record);
    const c = remote.commit({ files: { 'app.txt': 'three\n' }, parents: [earlier] });
    remote.setBranch('production', c);
    expect(await git.verifyReverted(remote, { promotedTip: c, reverts: [earlier, c] })).toMatchObject({
      verified: false,
      reason: 'no_recorded_revert_on_branch',
    });
    const again = await git.revert(
      remote,
      { ...target(), formerTip: earlier, promotedTip: c },
      [earlier],
      record,
    );
    expect(again.outcome).toBe('reverted');
    expect(remote.tree(remote.tip())).toBe(remote.tree(earlier));
  });

  test('refuses a former tip that does not come before the promoted one', async () => {
    const stranger = remote.commit({ files: { 'app.txt': 'x' }, parents: [b] });
    remote.setBranch('production', stranger);
    await expect(git.revert(remote, { ...target(), formerTip: stranger }, [], record)).rejects.toMatchObject({
      code: 'bad_commit',
    });
  });

  test('without a former tip undoes the one commit, as git revert does', async () => {
    const later = remote.commit({ files: { 'app.txt': 'two\n', 'later.txt': 'l' }, parents: [b] });
    remote.setBranch('production', later);
    await git.revert(remote, { ...target(), formerTip: undefined }, [], record);
    const wanted = remote.commit({ files: { 'app.txt': 'one\n', 'later.txt': 'l' } });
    expect(remote.tree(remote.tip())).toBe(remote.tree(wanted));
  });

  test('tries again on what the branch became when another push is first', async () => {
    const hotfix = remote.commit({ files: { 'app.txt': 'two\n', 'hotfix.txt': 'h' }, parents: [b] });
    const result = await git.revert(remote, target(), [], async (revert) => {
      if (recorded.length === 0) remote.setBranch('production', hotfix);
      await record(revert);
    });
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
    await expect(git.revert(remote, target(), [], alwaysSecond)).rejects.toMatchObject({
      code: 'branch_moved_on',
      retryable: true,
    });
    expect(recorded).toHaveLength(5);
  });

  test('is verified no longer once the branch was moved back to the promoted commit', async () => {
    await git.revert(remote, target(), [], record);
    remote.setBranch('production', b);
    expect(await git.verifyReverted(remote, { promotedTip: b, reverts: recorded })).toMatchObject({
      verified: false,
    });
  });

  test('is not taken for "never promoted" when the mirror is damaged', async () => {
    const c = remote.commit({ files: { 'app.txt': 'three\n' }, parents: [b] });
    remote.setBranch('production', c);
    await git.planPromotion(remote, remote.commit({ files: {}, parents: [c] }), []);
    const [mirror = ''] = readdirSync(mirrorsDir);
    loseObject(path.join(mirrorsDir, mirror), b);
    await expect(git.verifyReverted(remote, { promotedTip: b, reverts: [] })).rejects.toMatchObject({
      code: 'git_failed',
    });
  });
});

describe('checkRevert', () => {
  test('is well for a commit that can be promoted and taken back, and moves nothing', async () => {
    expect(await git.checkRevert(remote, candidate(), [], 'git')).toEqual({ ok: true, tip: b });
    expect(remote.tip()).toBe(b);
  });

  test('is well for a merge over our own revert', async () => {
    const { revertCommit = '' } = await git.revert(remote, target(), [], record);
    expect(await git.checkRevert(remote, candidate(), [revertCommit], 'git')).toEqual({
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
    expect(await git.checkRevert(remote, commit(), [], 'git')).toMatchObject({ ok: false, code });
  });

  test('by other means it tries the revert of that one commit on the branch as it is', async () => {
    expect(await git.checkRevert(remote, b, [], 'other')).toEqual({ ok: true, tip: b });
    expect(await git.checkRevert(remote, candidate(), [], 'other')).toEqual({ ok: true, tip: b });
    remote.setBranch('production', candidate());
    expect(await git.checkRevert(remote, b, [], 'other')).toMatchObject({
      ok: false,
      code: 'revert_conflict',
    });
  });

  test('throws what may be over soon', async () => {
    const away = { ...remote, url: `${remote.url}-away` };
    await expect(git.checkRevert(away, b, [], 'git')).rejects.toMatchObject({
      code: 'remote_unreachable',
      retryable: true,
    });
  });
});
