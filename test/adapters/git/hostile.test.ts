// Proves that a hostile repository, remote or surrounding has no say: hooks, replace refs, attributes, names like hashes,
// messages, credentials, remotes that refuse, hang, flood or vanish. ssh is played by a script; https has tests of its own.
import {
  chmodSync,
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  writeFileSync,
} from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, test, vi } from 'vitest';
import type { GitAccess } from '../../../src/adapters/git/access.js';
import { createGitCommand, said } from '../../../src/adapters/git/command.js';
import { GitError, withoutCredentials } from '../../../src/adapters/git/error.js';
import { checkRemote } from '../../../src/adapters/git/remote.js';
import { createGit } from '../../../src/adapters/git/repository.js';
import type { GitSettings } from '../../../src/adapters/git/command.js';
import { createRemote, type RemoteFixture } from '../../support/git-fixture.js';

const TEXT = {
  identity: { name: 'Promote', email: 'promote@example.org' },
  message: 'Promote',
  at: '2026-01-31T12:00:00Z',
};
const recorded = () => Promise.resolve();
const records = { known: () => Promise.resolve([]), add: recorded };
const text = () => Promise.resolve(TEXT);

let remote: RemoteFixture;
let b: string;

beforeEach(() => {
  remote = createRemote();
  b = remote.commit({ files: { 'app.txt': 'two\n' }, parents: [remote.first], message: 'second' });
});
afterEach(() => remote.remove());

function newGit(settings: Partial<GitSettings> = {}) {
  return createGit({ mirrorsDir: path.join(remote.scratch, 'mirrors'), env: {}, ...settings });
}

function promote(where: { url: string; branch: string } = remote, git = newGit(), commit = b) {
  return git.promote(where, { commit, ownCommits: [], ...TEXT }, undefined, recorded);
}

function script(name: string, lines: string): string {
  const file = path.join(remote.scratch, name);
  writeFileSync(file, `#!/bin/sh\n${lines}\n`);
  chmodSync(file, 0o755);
  return file;
}

/** Through `ssh` that is a script: it gets the command for the other side as its last argument. */
function overSsh(lines: string, settings: Partial<GitSettings> = {}) {
  const sshCommand = script('ssh', `for last; do :; done\n${lines}`);
  return {
    where: { url: `git@localhost:${remote.url}`, branch: remote.branch },
    git: newGit({ sshCommand, ...settings }),
  };
}

describe('what is in the repository', () => {
  test('hooks of a mirror and of templates do not run', async () => {
    const marker = path.join(remote.scratch, 'ran');
    const home = path.join(remote.scratch, 'home');
    mkdirSync(path.join(home, 'templates', 'hooks'), { recursive: true });
    writeFileSync(
      path.join(home, '.gitconfig'),
      `[init]\n\ttemplateDir = ${home}/templates\n[core]\n\thooksPath = ${home}/templates/hooks\n`,
    );
    const hook = (folder: string): void => {
      for (const name of [
        'pre-push',
        'reference-transaction',
        'post-checkout',
        'pre-commit',
        'post-index-change',
      ]) {
        writeFileSync(path.join(folder, name), `#!/bin/sh\ntouch ${marker}\n`, { mode: 0o755 });
      }
    };
    hook(path.join(home, 'templates', 'hooks'));
    const git = newGit({
      env: {
        HOME: home,
        GIT_TEMPLATE_DIR: path.join(home, 'templates'),
        GIT_CONFIG_GLOBAL: path.join(home, '.gitconfig'),
      },
    });
    await git.resolveCommit(remote, b);
    const [mirror = ''] = readdirSync(path.join(remote.scratch, 'mirrors'));
    const hooks = path.join(remote.scratch, 'mirrors', mirror, 'hooks');
    expect(existsSync(hooks)).toBe(false);
    mkdirSync(hooks);
    hook(hooks);
    await promote(remote, git);
    await git.revert(remote, { formerTip: remote.first, promotedTip: b, text }, records);
    expect(existsSync(marker)).toBe(false);
  });

  test('branches and tags named like the hash, whole or short, do not win over the commit', async () => {
    const trap = remote.commit({ files: { 'app.txt': 'trap\n' }, parents: [remote.first], message: 'trap' });
    // git itself refuses to make them: a hostile server does not.
    for (const name of [`heads/${b}`, `heads/${b.slice(0, 7)}`, `tags/${b}`, `heads/refs/heads/production`]) {
      const file = path.join(remote.url, 'refs', name);
      mkdirSync(path.dirname(file), { recursive: true });
      writeFileSync(file, `${trap}\n`);
    }
    expect((await newGit().resolveCommit(remote, b)).subject).toBe('second');
    expect((await newGit().checkRevert(remote, b, { by: 'git', ownCommits: [] })).ok).toBe(true);
    await promote();
    expect(remote.git('rev-parse', 'refs/heads/production')).toBe(b);
    await newGit().revert(remote, { formerTip: remote.first, promotedTip: b, text }, records);
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
    expect(remote.git('rev-parse', 'refs/heads/refs/heads/production')).toBe(trap);
    await expect(newGit().resolveCommit(remote, b.slice(0, 7))).rejects.toMatchObject({ code: 'bad_commit' });
  });

  test('a branch named like a hash can be promoted to, and nothing else moves', async () => {
    const branch = remote.first.slice(0, 7);
    remote.setBranch(branch, remote.first);
    await promote({ url: remote.url, branch });
    expect(remote.tip(branch)).toBe(b);
    expect(remote.tip()).toBe(remote.first);
  });

  test('one commit promoted to two branches moves each only when it is told to', async () => {
    remote.setBranch('staging', remote.first);
    await promote({ url: remote.url, branch: 'staging' });
    expect([remote.tip('staging'), remote.tip()]).toEqual([b, remote.first]);
    await promote();
    const c = remote.commit({ parents: [b] });
    await promote({ url: remote.url, branch: 'staging' }, newGit(), c);
    expect([remote.tip('staging'), remote.tip()]).toEqual([c, b]);
  });

  test('replace refs change neither trees nor ancestry', async () => {
    const evil = remote.commit({ files: { 'app.txt': 'evil\n' }, message: 'evil' });
    remote.git('replace', b, evil);
    const git = newGit();
    await git.resolveCommit(remote, b);
    const [mirror = ''] = readdirSync(path.join(remote.scratch, 'mirrors'));
    await git.resolveCommit(remote, evil);
    remote.git(
      '--git-dir',
      path.join(remote.scratch, 'mirrors', mirror),
      'update-ref',
      `refs/replace/${b}`,
      evil,
    );
    expect((await git.resolveCommit(remote, b)).subject).toBe('second');
    await promote(remote, git);
    const { revertCommit = '' } = await git.revert(
      remote,
      { formerTip: remote.first, promotedTip: b, text },
      records,
    );
    expect(remote.tree(revertCommit)).toBe(remote.tree(remote.first));
  });

  test('attributes and filters do not touch a byte of a revert', async () => {
    const attributes = { '.gitattributes': '* text eol=crlf ident filter=evil merge=evil\n' };
    const former = remote.commit({
      files: { ...attributes, 'app.txt': 'one $Id$\r\n', 'b.txt': 'x\n' },
      parents: [remote.first],
    });
    const promotedTip = remote.commit({
      files: { ...attributes, 'app.txt': 'two $Id$\n', 'b.txt': 'x\n' },
      parents: [former],
    });
    const hotfix = remote.commit({
      files: { ...attributes, 'app.txt': 'two $Id$\n', 'b.txt': 'y\n' },
      parents: [promotedTip],
    });
    remote.setBranch('production', hotfix);
    await newGit().revert(remote, { formerTip: former, promotedTip, text }, records);
    const wanted = remote.commit({ files: { ...attributes, 'app.txt': 'one $Id$\r\n', 'b.txt': 'y\n' } });
    expect(remote.tree(remote.tip())).toBe(remote.tree(wanted));
  });

  test('a huge subject with control characters is cut and cleaned', async () => {
    const message = `\u001b[31mred\u0007 \u202etxt ${'x'.repeat(300_000)}\n\nbody`;
    const { subject } = await newGit().resolveCommit(remote, remote.commit({ message }));
    expect(subject).toHaveLength(200);
    expect(subject).toMatch(/^\[31mred txt x+…$/u);
  });

  test('the hash of a tag, a tree or a file is no commit', async () => {
    remote.git('tag', '-a', 'v1', '-m', 'v1', b);
    for (const hash of [
      remote.git('rev-parse', 'refs/tags/v1'),
      remote.tree(b),
      remote.git('rev-parse', `${b}:app.txt`),
    ]) {
      await expect(newGit().resolveCommit(remote, hash)).rejects.toMatchObject({ code: 'bad_commit' });
    }
  });

  test('a repository that has only the latest commits is refused, not believed', async () => {
    remote.setBranch('production', b);
    writeFileSync(path.join(remote.url, 'shallow'), `${b}\n`);
    await expect(
      newGit().verifyReverted(remote, { promotedTip: remote.first, reverts: [], target: undefined }),
    ).rejects.toBeInstanceOf(GitError);
  });

  test('odd names and messages do not stop a commit', async () => {
    const odd = { identity: { name: '<.,>\n', email: '' }, message: 'a\u0000b\u001b', at: TEXT.at };
    remote.setBranch('production', b);
    await newGit().revert(
      remote,
      { formerTip: remote.first, promotedTip: b, text: () => Promise.resolve(odd) },
      records,
    );
    expect(remote.git('log', '-1', '--format=%an <%ae> %cn %s', 'refs/heads/production')).toBe(
      'unknown <unknown> unknown a b',
    );
  });
});

describe('a remote', () => {
  test('that refuses by its hook is named with its reason, and nothing happened', async () => {
    remote.hook('pre-receive', 'printf "\\033[31mfrozen until Monday" >&2; exit 1');
    const error: unknown = await promote().catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'push_rejected', retryable: false, effect: 'none' });
    expect(String(error)).toContain('frozen until Monday');
    expect(String(error)).not.toContain('\u001b');
    expect(remote.tip()).toBe(remote.first);
  });

  test('that is not there is out of reach, retryably', async () => {
    const error: unknown = await promote({ url: `${remote.url}-away`, branch: 'production' }).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'remote_unreachable', retryable: true, effect: 'none' });
  });

  test('over ssh is spoken to with the given command', async () => {
    const { where, git } = overSsh('exec sh -c "$last"');
    expect(await promote(where, git)).toMatchObject({ pushed: true });
    expect(remote.tip()).toBe(b);
  });

  test('that lets us read but not write fails the rehearsal and the push', async () => {
    const { where, git } = overSsh(
      'case "$last" in *receive-pack*) echo "Permission denied to deploy key" >&2; exit 1;; esac\nexec sh -c "$last"',
    );
    expect(await git.checkRevert(where, b, { by: 'git', ownCommits: [] })).toMatchObject({
      ok: false,
      code: 'push_not_permitted',
    });
    await expect(promote(where, git)).rejects.toMatchObject({ code: 'push_not_permitted', effect: 'none' });
  });

  test('that breaks the connection during a push is no matter of rights: asking again may help', async () => {
    const { where, git } = overSsh('case "$last" in *receive-pack*) exit 255;; esac\nexec sh -c "$last"');
    await expect(promote(where, git)).rejects.toMatchObject({
      code: 'remote_unreachable',
      retryable: true,
      effect: 'unknown',
    });
  });

  test('that blocks the branch by a rule is not asked again and again', async () => {
    const asked = path.join(remote.scratch, 'asked');
    remote.hook('update', `echo x >> ${asked}; echo "blocked by policy" >&2; exit 1`);
    await expect(promote()).rejects.toMatchObject({ code: 'push_rejected', retryable: false });
    expect(readFileSync(asked, 'utf8')).toBe('x\n');
  });

  test('that hangs is left at the deadline, and every process of it is gone', async () => {
    const pidFile = path.join(remote.scratch, 'pid');
    const { where, git } = overSsh(`echo $$ > ${pidFile}\nsleep 600 & wait`, { deadlineMs: 1500 });
    await expect(git.tip(where)).rejects.toMatchObject({
      code: 'git_timeout',
      retryable: true,
      effect: 'none',
    });
    await vi.waitFor(() => expect(isRunning(Number(readFileSync(pidFile, 'utf8')))).toBe(false));
  });

  test('that hangs in the push leaves it unknown what happened', async () => {
    const { where, git } = overSsh('case "$last" in *receive-pack*) sleep 600;; esac\nexec sh -c "$last"', {
      deadlineMs: 3000,
    });
    await expect(promote(where, git)).rejects.toMatchObject({ code: 'git_timeout', effect: 'unknown' });
  });

  test('that goes away after it took the push leaves it unknown; the repeated call finds it done', async () => {
    const gone = path.join(remote.scratch, 'gone');
    const { where, git } = overSsh(
      `test -e ${gone} && exit 255\ncase "$last" in *receive-pack*) touch ${gone};; esac\nexec sh -c "$last"`,
    );
    const intent = { formerTip: remote.first, newTip: b };
    await expect(promote(where, git)).rejects.toMatchObject({
      code: 'remote_unreachable',
      retryable: true,
      effect: 'unknown',
    });
    const again = newGit().promote(remote, { commit: b, ownCommits: [], ...TEXT }, intent, recorded);
    expect(await again).toEqual({ ...intent, pushed: false, tip: b });
  });

  test('that floods us on its error stream is cut at the deadline, and the message is short', async () => {
    const { where, git } = overSsh('exec yes noise >&2', { deadlineMs: 1500 });
    await expect(git.tip(where)).rejects.toMatchObject({ code: 'git_timeout' });
    const loud = overSsh('yes noise | head -c 1000000 >&2; exit 1');
    const error: unknown = await loud.git.tip(loud.where).catch((reason: unknown) => reason);
    expect(error).toMatchObject({ code: 'remote_unreachable' });
    expect(String(error).length).toBeLessThan(1000);
  });

  test('that has no end of branches is cut off', async () => {
    const bin = mkdtempSync(path.join(remote.scratch, 'bin-'));
    writeFileSync(path.join(bin, 'git'), '#!/bin/sh\nexec /usr/bin/yes\n', { mode: 0o755 });
    const git = createGitCommand({ mirrorsDir: '/mirrors', env: { PATH: bin } });
    await expect(git({ gitDir: '/mirror', args: ['ls-remote'], signal: undefined })).rejects.toMatchObject({
      code: 'git_failed',
      message: expect.stringContaining('printed more than') as unknown,
    });
  });

  test('is left when the caller cancels, before and during a call', async () => {
    const before = AbortSignal.abort(new Error('stop'));
    await expect(newGit().tip(remote, before)).rejects.toMatchObject({ code: 'cancelled' });
    const started = path.join(remote.scratch, 'started');
    const { where, git } = overSsh(`touch ${started}; sleep 600`);
    const during = new AbortController();
    const ended = git.tip(where, during.signal).catch((reason: unknown) => reason);
    await vi.waitFor(() => expect(existsSync(started)).toBe(true), { timeout: 10_000 });
    during.abort(new Error('stop'));
    expect(await ended).toMatchObject({ code: 'cancelled', retryable: true });
  });
});

describe('the surroundings', () => {
  test('a missing git says so', async () => {
    await expect(newGit({ env: { PATH: '/nonexistent' } }).tip(remote)).rejects.toMatchObject({
      code: 'git_missing',
    });
  });

  test('git sees only what was decided, and only the protocol of the remote', async () => {
    const bin = mkdtempSync(path.join(remote.scratch, 'bin-'));
    writeFileSync(path.join(bin, 'git'), '#!/bin/sh\n/usr/bin/env\n', { mode: 0o755 });
    const env = {
      PATH: bin,
      HOME: '/home/u',
      SSH_AUTH_SOCK: '/agent',
      GIT_DIR: '/evil',
      LD_PRELOAD: 'x',
      NODE_OPTIONS: 'x',
      GIT_SSL_NO_VERIFY: '1',
    };
    const git = createGitCommand({ mirrorsDir: '/mirrors', env });
    const seen = async (url: string | undefined, access?: GitAccess): Promise<Record<string, string>> => {
      const to = url === undefined ? {} : { remote: checkRemote({ url, branch: 'production', access }) };
      const { stdout } = await git({ gitDir: '/mirror', args: ['x'], signal: undefined, ...to });
      return Object.fromEntries(
        stdout
          .trim()
          .split('\n')
          .map((line) => [line.slice(0, line.indexOf('=')), line.slice(line.indexOf('=') + 1)]),
      );
    };
    const common = {
      GIT_ASKPASS: '/bin/false',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_DIR: '/mirror',
      GIT_NO_REPLACE_OBJECTS: '1',
      GIT_TERMINAL_PROMPT: '0',
    };
    const local = await seen(undefined);
    expect(local).toMatchObject({ ...common, GIT_ALLOW_PROTOCOL: 'none', HOME: '/mirrors' });
    for (const name of [
      'SSH_AUTH_SOCK',
      'LD_PRELOAD',
      'NODE_OPTIONS',
      'GIT_SSL_NO_VERIFY',
      'GIT_CONFIG_COUNT',
    ]) {
      expect(local).not.toHaveProperty(name);
    }
    expect(await seen('/srv/a.git')).toMatchObject({ GIT_ALLOW_PROTOCOL: 'file', HOME: '/mirrors' });
    expect(await seen('git@example.org:a.git')).toMatchObject({
      GIT_ALLOW_PROTOCOL: 'ssh',
      HOME: '/home/u',
      SSH_AUTH_SOCK: '/agent',
    });
    const access: GitAccess = { kind: 'https', user: 'me', token: 'correct-horse' };
    const https = await seen('https://example.org/a.git', access);
    expect(https).toMatchObject({
      GIT_ALLOW_PROTOCOL: 'https',
      HOME: '/mirrors',
      GIT_CONFIG_VALUE_0: 'Authorization: Basic bWU6Y29ycmVjdC1ob3JzZQ==',
    });
    expect(https['GIT_CONFIG_KEY_0']).toBe('http.https://example.org/.extraHeader');
    expect(await seen('https://example.com/a.git')).not.toHaveProperty('GIT_CONFIG_VALUE_0');
  });

  test('credentials stay out of messages', () => {
    expect(withoutCredentials("fatal: 'https://me:p%40ss@example.org/a' and ssh://t0ken@h/b")).toBe(
      "fatal: 'https://***@example.org/a' and ssh://***@h/b",
    );
    expect(new GitError('git_failed', 'https://me:secret@example.org/').message).not.toContain('secret');
    const remote = checkRemote({
      url: 'https://example.org/a.git',
      branch: 'production',
      access: { kind: 'https', user: 'me', token: 'correct-horse' },
    });
    expect(said(remote, 'sent bWU6Y29ycmVjdC1ob3JzZQ== for correct-horse')).toBe('sent *** for ***');
    // A header is left out to its end, whatever it holds.
    expect(said(remote, 'sent Authorization: Basic bWU6Y29ycmVjdC1ob3JzZQ==')).toBe(
      'sent Authorization: [redacted:authorization]',
    );
  });
});

/** A zombie has ended; only its parent has not asked yet. */
function isRunning(pid: number): boolean {
  try {
    return !/^State:\s+Z/mu.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}
