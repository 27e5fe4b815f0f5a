// Proves with what a remote is spoken to: over https against git's own smart HTTP server behind TLS on loopback, which lets
// one header in; over ssh by the command line that git composes and a script plays. No real sshd is asked.
import { execFileSync } from 'node:child_process';
import { chmodSync, mkdtempSync, readFileSync, writeFileSync } from 'node:fs';
import path from 'node:path';
import { afterEach, beforeEach, describe, expect, onTestFinished, test } from 'vitest';
import { headerOf, sshOptions, withoutAccess, type GitAccess } from '../../../src/adapters/git/access.js';
import { checkRemote } from '../../../src/adapters/git/remote.js';
import { createGit, type GitRepository } from '../../../src/adapters/git/repository.js';
import { createRemote, type RemoteFixture } from '../../support/git-fixture.js';
import { serveHttpsGit, type HttpsGit, type HttpsGitOptions } from '../../support/https-git.js';

const TOKEN = 'correct-horse-battery-staple';
const BASIC = `Basic ${Buffer.from(`x-access-token:${TOKEN}`).toString('base64')}`;
const TEXT = {
  identity: { name: 'Promote', email: 'promote@example.org' },
  message: 'Promote',
  at: '2026-01-31T12:00:00Z',
};
const text = () => Promise.resolve(TEXT);
const records = { known: () => Promise.resolve([]), add: () => Promise.resolve() };

let remote: RemoteFixture;
let b: string;

beforeEach(() => {
  remote = createRemote();
  b = remote.commit({ files: { 'app.txt': 'two\n' }, parents: [remote.first] });
});
afterEach(() => remote.remove());

async function served(options: HttpsGitOptions): Promise<HttpsGit> {
  const server = await serveHttpsGit(remote, options);
  onTestFinished(() => server.close());
  return server;
}

function gitTrusting(certificate: string | undefined): GitRepository {
  const mirrorsDir = mkdtempSync(path.join(remote.scratch, 'mirrors-'));
  return createGit({ mirrorsDir, env: { SSL_CERT_FILE: certificate } });
}

function promote(git: GitRepository, url: string, access: GitAccess | undefined) {
  const request = { commit: b, ownCommits: [], ...TEXT };
  return git.promote({ url, branch: 'production', access }, request, undefined, () => Promise.resolve());
}

describe('over https', () => {
  test.each<readonly [string, GitAccess, string]>([
    ['a token as a password', { kind: 'https', user: 'x-access-token', token: TOKEN }, BASIC],
    ['a bearer token', { kind: 'https', user: undefined, token: TOKEN }, `Bearer ${TOKEN}`],
  ])('%s lets the branch be read, promoted and reverted', async (_, access, authorization) => {
    const server = await served({ authorization });
    const git = gitTrusting(server.certificate);
    const where = { url: server.url, branch: 'production', access };
    expect(await git.checkRevert(where, b, { by: 'git', ownCommits: [] })).toEqual({
      ok: true,
      tip: remote.first,
    });
    expect(await promote(git, server.url, access)).toMatchObject({ pushed: true, tip: b });
    const target = { formerTip: remote.first, promotedTip: b };
    await git.revert(where, { ...target, text }, records);
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
    expect(new Set(server.authorizations)).toEqual(new Set([authorization]));
  });

  test.each<readonly [string, GitAccess | undefined]>([
    ['none', undefined],
    ['a wrong one', { kind: 'https', user: 'x-access-token', token: 'wrong-token-entirely' }],
  ])('with credentials that are %s says so for good, and repeats no secret', async (_, access) => {
    const server = await served({ authorization: BASIC });
    const error: unknown = await promote(gitTrusting(server.certificate), server.url, access).catch(
      (reason: unknown) => reason,
    );
    expect(error).toMatchObject({ code: 'access_denied', retryable: false, effect: 'none' });
    expect(String(error)).not.toContain('wrong-token-entirely');
    expect(remote.tip()).toBe(remote.first);
  });

  test('a token that may read but not write fails the rehearsal and the push', async () => {
    const server = await served({ authorization: BASIC, readOnly: true });
    const access: GitAccess = { kind: 'https', user: 'x-access-token', token: TOKEN };
    const git = gitTrusting(server.certificate);
    const where = { url: server.url, branch: 'production', access };
    expect(await git.checkRevert(where, b, { by: 'git', ownCommits: [] })).toMatchObject({
      ok: false,
      code: 'push_not_permitted',
    });
    await expect(promote(git, server.url, access)).rejects.toMatchObject({
      code: 'push_not_permitted',
      effect: 'none',
    });
    expect(remote.tip()).toBe(remote.first);
  });

  test('a server whose certificate nobody vouches for gets no credential', async () => {
    const server = await served({ authorization: BASIC });
    const access: GitAccess = { kind: 'https', user: 'x-access-token', token: TOKEN };
    await expect(promote(gitTrusting(undefined), server.url, access)).rejects.toMatchObject({
      code: 'remote_unreachable',
    });
    expect(server.authorizations).toEqual([]);
  });
});

describe('over ssh', () => {
  const KEY = '/etc/promote/deploy_key';
  const KNOWN_HOSTS = '/etc/promote/known_hosts';

  test('git starts ssh with this key and these known hosts, without agent, configuration file or prompt', async () => {
    const seen = path.join(remote.scratch, 'seen');
    const ssh = path.join(remote.scratch, 'ssh');
    const lines = `printf '%s\\n' "$@" > ${seen}\nenv > ${seen}.env\nfor last; do :; done\nexec sh -c "$last"`;
    writeFileSync(ssh, `#!/bin/sh\n${lines}\n`);
    chmodSync(ssh, 0o755);
    const mirrorsDir = path.join(remote.scratch, 'mirrors');
    const env = { SSH_AUTH_SOCK: '/agent', HOME: '/home/u' };
    const git = createGit({ mirrorsDir, env, sshCommand: ssh });
    const url = `git@localhost:${remote.url}`;
    expect(await promote(git, url, { kind: 'ssh', key: KEY, knownHosts: KNOWN_HOSTS })).toMatchObject({
      tip: b,
    });
    const given = readFileSync(seen, 'utf8').split('\n');
    const options = [
      'BatchMode=yes',
      `IdentityFile=${KEY}`,
      'IdentitiesOnly=yes',
      'IdentityAgent=none',
      'StrictHostKeyChecking=yes',
      `UserKnownHostsFile=${KNOWN_HOSTS}`,
      'GlobalKnownHostsFile=/dev/null',
      // What git itself adds.
      'SendEnv=GIT_PROTOCOL',
    ].flatMap((option) => ['-o', option]);
    expect(given.slice(0, given.indexOf('git@localhost'))).toEqual(['-F', 'none', ...options]);
    const environment = readFileSync(`${seen}.env`, 'utf8');
    expect(environment).not.toContain('SSH_AUTH_SOCK');
    expect(environment).toContain('GIT_TERMINAL_PROMPT=0');
  });

  test('OpenSSH takes these options as they are meant: a key that is missing brings no other key in', () => {
    const options = sshOptions({ kind: 'ssh', key: KEY, knownHosts: KNOWN_HOSTS });
    const lines = execFileSync('ssh', ['-G', ...options, 'git@localhost'], { encoding: 'utf8' }).split('\n');
    const wanted =
      /^(?:batchmode|identitiesonly|identityagent|stricthostkeychecking|(?:user|global)knownhostsfile|identityfile) /u;
    expect(lines.filter((line) => wanted.test(line)).toSorted()).toEqual([
      'batchmode yes',
      'globalknownhostsfile /dev/null',
      'identitiesonly yes',
      'identityagent none',
      `identityfile ${KEY}`,
      'stricthostkeychecking true',
      `userknownhostsfile ${KNOWN_HOSTS}`,
    ]);
  });

  test.each(['deploy_key', '/etc/my key', "/etc/k'ey", '/etc/%h', '~/key', '/etc/$(id)', '/etc/k;id'])(
    'a key at %j is refused: a shell or ssh would take it for something else',
    (key) => {
      const refused: unknown = expect.objectContaining({ code: 'bad_credentials' });
      expect(() => sshOptions({ kind: 'ssh', key, knownHosts: undefined })).toThrow(refused);
      expect(() => sshOptions({ kind: 'ssh', key: KEY, knownHosts: key })).toThrow(refused);
    },
  );
});

describe('a credential', () => {
  test.each([
    ['x-access-token', 'a\nX-Evil: 1'],
    ['x-access-token', ''],
    ['x:y', TOKEN],
    ['ü', TOKEN],
  ])('of %j and %j fits no header and is refused', (user, token) => {
    expect(() => headerOf({ kind: 'https', user, token })).toThrow(
      expect.objectContaining({ code: 'bad_credentials' }),
    );
  });

  test.each([
    ['https://example.org/a.git', { kind: 'ssh', key: '/k', knownHosts: undefined }],
    ['git@example.org:a.git', { kind: 'https', user: undefined, token: TOKEN }],
    ['/srv/a.git', { kind: 'https', user: undefined, token: TOKEN }],
  ] satisfies (readonly [string, GitAccess])[])('of another protocol than %s is refused', (url, access) => {
    expect(() => checkRemote({ url, branch: 'production', access })).toThrow(
      expect.objectContaining({ code: 'bad_remote' }),
    );
  });

  test.each([
    TOKEN,
    BASIC,
    encodeURIComponent(TOKEN),
    Buffer.from(`user:${TOKEN}`).toString('base64'),
    'short',
  ])('is removed from a text that says %j', (spelled) => {
    const token = spelled === 'short' ? 'short' : TOKEN;
    const shown = withoutAccess(
      { kind: 'https', user: 'x-access-token', token },
      `remote: ${spelled} is bad`,
    );
    expect(shown).toMatch(/^remote: .*is bad$/u);
    expect(shown).not.toContain(spelled);
    expect(shown).not.toContain(token);
  });
});
