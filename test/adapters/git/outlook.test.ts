// Proves what is told of a commit against a base: commits of a real repository, whatever they say of themselves, bounded. What
// a promotion is told against, and in which words, is not part of it.
import { mkdtempSync, renameSync } from 'node:fs';
import path from 'node:path';
import { describe, expect, onTestFinished, test } from 'vitest';
import { createGit } from '../../../src/adapters/git/repository.js';
import type { OutlookRequest } from '../../../src/adapters/git/outlook.js';
import { createRemote, type RemoteFixture } from '../../support/git-fixture.js';

function aRemote(options?: Parameters<typeof createRemote>[0]): RemoteFixture {
  const remote = createRemote(options);
  onTestFinished(remote.remove);
  return remote;
}

function newGit(remote: RemoteFixture) {
  return createGit({ mirrorsDir: mkdtempSync(path.join(remote.scratch, 'mirrors-')), env: {} });
}

function child(remote: RemoteFixture, parent: string, message: string): string {
  return remote.commit({ files: { 'app.txt': message.slice(0, 50) }, parents: [parent], message });
}

/** Commits one after another, oldest first. */
function line(remote: RemoteFixture, from: string, messages: readonly string[]): readonly string[] {
  const made: string[] = [];
  for (const message of messages) made.push(child(remote, made.at(-1) ?? from, message));
  return made;
}

const ASKED = { base: undefined, orBranch: true, named: 20, counted: 1_000 };

function outlook(
  remote: RemoteFixture,
  request: Partial<OutlookRequest> & { readonly commit: string },
  git = newGit(remote),
) {
  return git.outlook(remote, { ...ASKED, ...request });
}

describe('what a commit brings', () => {
  test('is told against the given base, newest first, also where all commits are of the same second', async () => {
    const remote = aRemote();
    const [two = '', three = '', four = ''] = line(remote, remote.first, ['two', 'three', 'four']);
    remote.setBranch('topic', four);
    expect(await outlook(remote, { commit: four, base: two })).toEqual({
      base: { kind: 'given', commit: two },
      commits: [
        { hash: four, subject: 'four' },
        { hash: three, subject: 'three' },
      ],
      count: 2,
      leftOut: 0,
    });
  });

  test('is told against the branch where no base is given', async () => {
    const remote = aRemote();
    const two = child(remote, remote.first, 'two');
    expect(await outlook(remote, { commit: two })).toEqual({
      base: { kind: 'branch', commit: remote.first },
      commits: [{ hash: two, subject: 'two' }],
      count: 1,
      leftOut: 0,
    });
  });

  test.each(['sha1', 'sha256'] as const)(
    'is told against the branch where a repository of %s does not have the base',
    async (objectFormat) => {
      const remote = aRemote({ objectFormat });
      const two = child(remote, remote.first, 'two');
      const absent = two.replaceAll(/[0-9a-f]/gu, 'e');
      const { base, count } = await outlook(remote, { commit: two, base: absent });
      expect({ base, count }).toEqual({ base: { kind: 'branch', commit: remote.first }, count: 1 });
      await expect(outlook(remote, { commit: two, base: absent, orBranch: false })).rejects.toThrow(
        `does not have the commit ${absent} any more`,
      );
    },
  );

  test('is not told against what the base of another format would be the beginning of', async () => {
    const remote = aRemote({ objectFormat: 'sha256' });
    const two = child(remote, remote.first, 'two');
    const base = two.slice(0, 40);
    expect((await outlook(remote, { commit: two, base })).base.kind).toBe('branch');
  });

  test('is not told against the hash of a file', async () => {
    const remote = aRemote();
    const two = child(remote, remote.first, 'two');
    const base = remote.git('rev-parse', `${two}:app.txt`);
    expect((await outlook(remote, { commit: two, base })).base.kind).toBe('branch');
  });

  test('says how many commits of the base it does not have', async () => {
    const remote = aRemote();
    const [two = '', three = ''] = line(remote, remote.first, ['two', 'three']);
    remote.setBranch('production', three);
    const aside = child(remote, remote.first, 'aside');
    const counts = async (commit: string, base: string) => {
      const { count, leftOut } = await outlook(remote, { commit, base });
      return { count, leftOut };
    };
    expect(await counts(aside, three)).toEqual({ count: 1, leftOut: 2 });
    expect(await counts(two, three)).toEqual({ count: 0, leftOut: 1 });
    expect(await counts(three, three)).toEqual({ count: 0, leftOut: 0 });
  });

  test('is named and counted up to what was asked for', async () => {
    const remote = aRemote();
    const made = line(
      remote,
      remote.first,
      Array.from({ length: 7 }, (_, index) => `change ${index + 2}`),
    );
    const commit = made.at(-1) ?? '';
    const bounds = async (named: number, counted: number) => {
      const { commits, count } = await outlook(remote, { commit, named, counted });
      return { subjects: commits.map(({ subject }) => subject), count };
    };
    expect(await bounds(2, 1_000)).toEqual({ subjects: ['change 8', 'change 7'], count: 7 });
    expect(await bounds(3, 5)).toEqual({ subjects: ['change 8', 'change 7', 'change 6'], count: 5 });
    const back = await outlook(remote, { commit: remote.first, base: commit, counted: 5 });
    expect(back).toMatchObject({ commits: [], count: 0, leftOut: 5 });
  });

  test('has one line for each commit, whatever that says of itself', async () => {
    const remote = aRemote();
    const fake = `commit ${'b'.repeat(40)}`;
    const messages = [
      '\u001B[2Jgone\u202E\r\rx',
      'y'.repeat(100_000),
      'first\nsecond\n\nbody',
      fake,
      `${'c'.repeat(40)} not mine`,
      '\n\n',
    ];
    const made = line(remote, remote.first, messages);
    const { commits, count } = await outlook(remote, { commit: made.at(-1) ?? '' });
    expect(count).toBe(6);
    expect(commits.map(({ hash }) => hash)).toEqual(made.toReversed());
    expect(commits.map(({ subject }) => subject)).toEqual([
      '',
      `${'c'.repeat(40)} not mine`,
      fake,
      'first second',
      'y'.repeat(100_000),
      '\u001B[2Jgone\u202E\r\rx',
    ]);
  });
});

test('what is known of a base and a commit is told also while the remote is away, a branch is not', async () => {
  const remote = aRemote();
  const two = child(remote, remote.first, 'two');
  const git = newGit(remote);
  await outlook(remote, { commit: two }, git);
  renameSync(remote.url, `${remote.url}.away`);
  expect(await outlook(remote, { commit: two, base: remote.first }, git)).toMatchObject({ count: 1 });
  await expect(outlook(remote, { commit: two }, git)).rejects.toMatchObject({ code: 'remote_unreachable' });
  const base = 'e'.repeat(40);
  await expect(outlook(remote, { commit: two, base }, git)).rejects.toMatchObject({
    code: 'remote_unreachable',
  });
});

test('only full hashes are taken', async () => {
  const remote = aRemote();
  for (const request of [{ commit: 'production' }, { commit: remote.first, base: '--output=/tmp/x' }])
    await expect(outlook(remote, request)).rejects.toMatchObject({ code: 'bad_commit' });
});
