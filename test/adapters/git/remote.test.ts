// Proves which remotes, branches and hashes are let in. The branch rule is held against git's own.
import { spawnSync } from 'node:child_process';
import { array, constantFrom, sample } from 'fast-check';
import { describe, expect, test } from 'vitest';
import { checkCommit, checkRemote, isBranchName } from '../../../src/adapters/git/remote.js';

const checked = (url: string) => checkRemote({ url, branch: 'production' });

describe('a remote', () => {
  test.each([
    ['https://example.org/app.git', 'https'],
    ['https://example.org:8443/app.git', 'https'],
    ['ssh://git@example.org:22/app.git', 'ssh'],
    ['ssh://[::1]:22/app.git', 'ssh'],
    ['git@example.org:team/app.git', 'ssh'],
    ['git@example.org:/srv/app.git', 'ssh'],
    ['/srv/app.git', 'file'],
    ['file:///srv/app.git', 'file'],
  ])('%s may speak %s and nothing else', (url, protocol) => {
    expect(checked(url).protocol).toBe(protocol);
  });

  test.each([
    '',
    '-uploadpack=touch /tmp/x',
    '--upload-pack=x',
    'ext::sh -c id',
    'ext::id',
    'fd::17',
    'transport::address',
    'http://example.org/app.git',
    'git://example.org/app.git',
    'ftp://example.org/app.git',
    'HTTPS://example.org/app.git',
    'file://host/app.git',
    'app.git',
    './app.git',
    '../app.git',
    'https://user:secret@example.org/app.git',
    'https://token@example.org/app.git',
    'ssh://user:secret@example.org/app.git',
    'ssh://-oProxyCommand=id@example.org/app.git',
    'ssh://-oProxyCommand=id/app.git',
    'ssh://%2doProxyCommand=id/app.git',
    '-oProxyCommand=id:app.git',
    'git@-oProxyCommand=id:app.git',
    'git@example.org:-app.git',
    'https://example.org/a b',
    'https://example.org/a\n',
    '/srv/\u001b[2J',
    '/srv/\u202e',
    `/${'a'.repeat(3000)}`,
  ])('%j is refused, and the message repeats no secret', (url) => {
    expect(() => checked(url)).toThrow(expect.objectContaining({ code: 'bad_remote', retryable: false }));
    expect(() => checked(url)).toThrow(
      expect.objectContaining({ message: expect.not.stringMatching(/secret|token@/u) as unknown }),
    );
  });

  test('of another address has another mirror', () => {
    expect(checked('/srv/a.git').key).not.toBe(checked('/srv/b.git').key);
    expect(checked('/srv/a.git').key).toMatch(/^[0-9a-f]{16}$/u);
  });
});

describe('a branch', () => {
  test.each([
    'production',
    'env/production',
    'a',
    'ünï',
    'release-1.2',
    'deadbee',
    'a'.repeat(200),
    '0'.repeat(40),
    'a@b',
    '+a',
  ])('%s is a name', (branch) => {
    expect(checkRemote({ url: '/srv/app.git', branch }).ref).toBe(`refs/heads/${branch}`);
  });

  test.each([
    '',
    '-f',
    '--force',
    '--delete',
    'a..b',
    'a b',
    'a:b',
    'a~1',
    'a^',
    'a?',
    'a*',
    'a[',
    'a\\b',
    '@',
    '@{-1}',
    'HEAD',
    '/a',
    'a/',
    'a//b',
    'a.',
    '.a',
    'a/.b',
    'a.lock',
    'a.lock/b',
    'a\n',
    'a\u0000',
    'a\u007f',
    'a\ud800',
    'a'.repeat(201),
  ])('%j is none', (branch) => {
    expect(() => checkRemote({ url: '/srv/app.git', branch })).toThrow(
      expect.objectContaining({ code: 'bad_branch' }),
    );
  });

  test('that is let in is a branch name for git too', () => {
    const parts = constantFrom(
      'a',
      '-',
      '.',
      '/',
      '@',
      '{',
      '~',
      '^',
      ':',
      '+',
      ' ',
      'lock',
      '.lock',
      '\\',
      '*',
      'é',
      '"',
      "'",
      '$',
    );
    const names = sample(
      array(parts, { minLength: 1, maxLength: 6 }).map((some) => some.join('')),
      120,
    );
    for (const branch of names.filter((name) => isBranchName(name))) {
      expect({ branch, status: spawnSync('git', ['check-ref-format', '--branch', branch]).status }).toEqual({
        branch,
        status: 0,
      });
    }
  });
});

describe('a commit', () => {
  test.each([
    '',
    'abc1234',
    'HEAD',
    'A'.repeat(40),
    'a'.repeat(39),
    'a'.repeat(41),
    `${'a'.repeat(40)}\n`,
    `${'a'.repeat(40)}^`,
    '--all',
  ])('%j is no full hash', (commit) => {
    expect(() => checkCommit(commit)).toThrow(expect.objectContaining({ code: 'bad_commit' }));
  });

  test.each([40, 64])('of %i digits is one', (digits) => {
    expect(checkCommit('a'.repeat(digits))).toHaveLength(digits);
  });
});
