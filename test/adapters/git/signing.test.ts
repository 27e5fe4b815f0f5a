// Proves that the commits which a promotion and its rollback make are signed where a key is given, as git's own verification
// says, and that a key that can't sign is found before anything is pushed. With real keys of ssh-keygen.
import { execFileSync } from 'node:child_process';
import { chmodSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test } from 'vitest';
import { createGit, type GitRepository } from '../../../src/adapters/git/repository.js';
import { createRemote, type RemoteFixture } from '../../support/git-fixture.js';

const EMAIL = 'release@example.org';
const TEXT = {
  identity: { name: 'Release', email: EMAIL },
  message: 'Roll back',
  at: '2026-01-31T12:00:00Z',
};

let remote: RemoteFixture;
let git: GitRepository;
let b: string;

beforeEach(() => {
  remote = createRemote();
  git = createGit({ mirrorsDir: path.join(remote.scratch, 'mirrors'), env: {} });
  b = remote.commit({ files: { 'app.txt': 'two\n' }, parents: [remote.first] });
});
afterEach(() => remote.remove());

function key(type: 'ed25519' | 'ecdsa' = 'ed25519', passphrase = ''): string {
  const file = path.join(remote.scratch, `key-${type}`);
  execFileSync('ssh-keygen', ['-q', '-t', type, '-N', passphrase, '-C', EMAIL, '-f', file], {
    stdio: 'pipe',
  });
  return file;
}

/** Git's own word on a commit, for whom these are the allowed signers. */
function verify(commit: string, signer: string): string {
  const allowed = path.join(remote.scratch, 'allowed_signers');
  writeFileSync(allowed, `${EMAIL} namespaces="git" ${readFileSync(`${signer}.pub`, 'utf8')}`);
  return remote.git(
    '-c',
    'gpg.format=ssh',
    '-c',
    `gpg.ssh.allowedSignersFile=${allowed}`,
    'log',
    '-1',
    '--format=%G? %GS',
    commit,
  );
}

function revert(signingKey: string | undefined, promotedTip = b, formerTip = remote.first) {
  const text = () => Promise.resolve({ ...TEXT, signingKey });
  const records = { known: () => Promise.resolve([]), add: () => Promise.resolve() };
  return git.revert(remote, { formerTip, promotedTip, text }, records);
}

describe('with a signing key', () => {
  test('the revert and the merge over it are signed by it, and nothing is signed without', async () => {
    const signingKey = key();
    remote.setBranch('production', b);
    const { revertCommit = '' } = await revert(signingKey);
    expect(verify(revertCommit, signingKey)).toBe(`G ${EMAIL}`);
    expect(remote.tree(revertCommit)).toBe(remote.tree(remote.first));
    remote.git('-c', 'gpg.format=ssh', 'cat-file', '-e', revertCommit);

    const next = remote.commit({ files: { 'app.txt': 'three\n' }, parents: [b] });
    const request = { commit: next, ownCommits: [revertCommit], ...TEXT, signingKey };
    const promoted = await git.promote(remote, request, undefined, () => Promise.resolve());
    expect(verify(promoted.newTip, signingKey)).toBe(`G ${EMAIL}`);

    const unsigned = await revert(undefined, promoted.newTip, revertCommit);
    expect(verify(unsigned.revertCommit ?? '', signingKey)).toBe('N');
  });

  test('another worker finishes a signed merge with the very same commit', async () => {
    const signingKey = key();
    remote.setBranch('production', b);
    const { revertCommit = '' } = await revert(signingKey);
    const next = remote.commit({ files: { 'app.txt': 'three\n' }, parents: [b] });
    const request = { commit: next, ownCommits: [revertCommit], ...TEXT, signingKey };
    let intent = { formerTip: '', newTip: '' };
    const cut = git.promote(remote, request, undefined, (planned) => {
      intent = planned;
      return Promise.reject(new Error('the worker is gone'));
    });
    await expect(cut).rejects.toThrow('the worker is gone');
    const other = createGit({ mirrorsDir: path.join(remote.scratch, 'other'), env: {} });
    const again = await other.promote(remote, request, intent, () => Promise.resolve());
    expect(again).toMatchObject({ pushed: true, newTip: intent.newTip });
    expect(remote.tip()).toBe(intent.newTip);
  });
});

describe('a key that can’t sign', () => {
  const unfit: readonly (readonly [string, () => string])[] = [
    ['is not there', () => path.join(remote.scratch, 'none')],
    ['has a passphrase', () => key('ed25519', 'open sesame')],
    ['anybody may read', () => readable(key())],
    ['signs differently each time', () => key('ecdsa')],
  ];

  test.each(unfit)('since it %s is found before promoting', async (_, signingKey) => {
    const means = { by: 'git', ownCommits: [], signingKey: signingKey() } as const;
    expect(await git.checkRevert(remote, b, means)).toMatchObject({ ok: false, code: 'signing_failed' });
    expect(remote.tip()).toBe(remote.first);
  });

  test('leaves the branch as it is when a revert needs it', async () => {
    remote.setBranch('production', b);
    await expect(revert(path.join(remote.scratch, 'none'))).rejects.toMatchObject({
      code: 'signing_failed',
      retryable: false,
    });
    expect(remote.tip()).toBe(b);
  });
});

function readable(file: string): string {
  chmodSync(file, 0o644);
  return file;
}
