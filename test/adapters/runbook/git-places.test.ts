// Proves what becomes of the git places of a runbook when its variables get their values.
import { describe, expect, test } from 'vitest';

import { load, refusalOf, smallRunbook, TRIGGERS, withVariables, type Written } from './written-runbook.js';

const withGit = (more: Written, variables: Written = {}): Written =>
  withVariables(variables, {
    promotion: {
      steps: [{ id: 'environment-branch', git: { remote: '/srv/r.git', branch: 'production', ...more } }],
    },
  });

describe('a git place', () => {
  test('has absolute files, from its working directory, and its secret by name only', async () => {
    const variables = { gitToken: { env: 'SMALL_GIT_TOKEN', secret: true } };
    const git = {
      workingDirectory: 'clone',
      signing: { sshKey: 'keys/sign' },
      ssh: { key: '/etc/key', knownHosts: '../hosts' },
    };
    const environment = { SMALL_GIT_TOKEN: 'correct-horse-battery' };
    const { runbook } = await load(withGit(git), { workingDirectory: '/srv' });
    expect(runbook.promotion.steps[0]?.git).toMatchObject({
      workingDirectory: '/srv/clone',
      signing: { sshKey: '/srv/clone/keys/sign' },
      ssh: { key: '/etc/key', knownHosts: '/srv/hosts' },
    });
    const https = { https: { password: '${gitToken}' } };
    const loaded = await load(withGit(https, variables), { environment });
    expect(loaded.runbook.promotion.steps[0]?.git?.https).toEqual({
      user: 'x-access-token',
      password: '${gitToken}',
    });
    expect(Buffer.from(loaded.bytes).toString()).not.toContain('correct-horse');
  });

  test('of a revert by itself has its address and folder too', async () => {
    const gitRevert = { git: { remote: './r.git', branch: 'main', workingDirectory: 'clone' }, mainline: 1 };
    const written = smallRunbook({
      promotion: { steps: [{ id: 'apply', command: { argv: ['true'] } }] },
      rollback: { triggers: TRIGGERS, steps: [{ id: 'revert', gitRevert }] },
    });
    const { runbook } = await load(written, { workingDirectory: '/srv' });
    expect(runbook.rollback.steps[0]?.gitRevert).toEqual({
      git: { remote: '/srv/clone/r.git', branch: 'main', workingDirectory: '/srv/clone' },
      mainline: 1,
    });
  });

  test.each([
    ['name', { name: '<>', email: 'r@example.org' }],
    ['name', { name: 'A\nB', email: 'r@example.org' }],
    ['name', { name: '…', email: 'r@example.org' }],
    ['email', { name: 'Release', email: 'release' }],
    ['email', { name: 'Release', email: 'a b@example.org' }],
    ['email', { name: 'Release', email: 'r@example.org>' }],
  ])('whose author has a %s that no commit can carry is refused', async (key, author) => {
    const refusal = await refusalOf(load(withGit({ author })));
    expect(refusal.code).toBe('invalid_runbook');
    expect(refusal.problems).toEqual([expect.stringContaining(`git.author.${key}: `)]);
  });
});
