// Proves that a run promotes and rolls back with the credentials, author and signature that its runbook names, and that none
// of the secret is in its evidence, outcomes or commits. Over git's own smart HTTP server behind TLS on loopback.
import { execFileSync } from 'node:child_process';
import { mkdtempSync, readFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { createGit } from '../../../src/adapters/git/repository.js';
import { promoteByGit, type GitTools } from '../../../src/adapters/steps/git-steps.js';
import { checkRevert, revertByGit, revertStepOf } from '../../../src/adapters/steps/revert-steps.js';
import { createRemote, type RemoteFixture } from '../../support/git-fixture.js';
import { serveHttpsGit, type HttpsGit } from '../../support/https-git.js';
import { openRun, type OpenedRun } from '../evidence/opened-run.js';
import { load, withVariables } from '../runbook/written-runbook.js';

const SECRET = 'correct-horse-battery-staple';
const AUTHORIZATION = `Basic ${Buffer.from(`release:${SECRET}`).toString('base64')}`;
const NEVER = new AbortController().signal;

interface Setting {
  readonly remote: RemoteFixture;
  readonly server: HttpsGit;
  readonly opened: OpenedRun;
  readonly commit: string;
  readonly tools: (secrets?: Readonly<Record<string, string>>) => GitTools;
}

async function aSetting(): Promise<Setting> {
  const remote = createRemote();
  onTestFinished(remote.remove);
  const server = await serveHttpsGit(remote, { authorization: AUTHORIZATION });
  onTestFinished(() => server.close());
  const key = join(remote.scratch, 'signing');
  execFileSync('ssh-keygen', ['-q', '-t', 'ed25519', '-N', '', '-f', key], { stdio: 'pipe' });
  const git = {
    remote: server.url,
    branch: 'production',
    author: { name: 'Release', email: 'release@example.org' },
    signing: { sshKey: key },
    https: { user: 'release', password: '${gitToken}' },
  };
  const variables = { gitToken: { env: 'SMALL_GIT_TOKEN', secret: true } };
  const written = withVariables(variables, { promotion: { steps: [{ id: 'environment-branch', git }] } });
  const loaded = await load(written, { environment: { SMALL_GIT_TOKEN: SECRET } });
  const commit = remote.commit({ files: { 'app.txt': 'two\n' }, parents: [remote.first] });
  const opened = await openRun({ loaded, record: { commit } });
  const tools = (secrets: Readonly<Record<string, string>> = { gitToken: SECRET }): GitTools => ({
    git: createGit({
      mirrorsDir: mkdtempSync(join(remote.scratch, 'mirrors-')),
      env: { SSL_CERT_FILE: server.certificate },
    }),
    evidence: opened.evidence,
    secretsOf: () => secrets,
    unrecorded: new Map(),
  });
  return { remote, server, opened, commit, tools };
}

async function stepsOf({ opened }: Setting) {
  const known = await opened.known();
  const [promotion] = opened.loaded.runbook.promotion.steps;
  const [rollback] = opened.loaded.runbook.rollback.steps;
  const revert = rollback === undefined ? undefined : revertStepOf(known, rollback);
  if (promotion === undefined || revert === undefined) throw new Error('no steps');
  return { known, promotion, revert };
}

describe('a runbook with credentials', () => {
  test('is checked, promoted and rolled back with them; its commits are authored and signed as it says', async () => {
    const setting = await aSetting();
    const { remote, server, opened, commit, tools } = setting;
    const { known, promotion, revert } = await stepsOf(setting);
    expect(await checkRevert(tools(), known, revert, NEVER)).toBeUndefined();
    expect(await promoteByGit(tools(), known, promotion, NEVER)).toMatchObject({ done: true });
    expect(remote.tip()).toBe(commit);
    expect(await revertByGit(tools(), known, revert, NEVER)).toMatchObject({ verified: true });
    const reverted = remote.tip();
    expect(remote.tree(reverted)).toBe(remote.tree(remote.first));
    expect(remote.git('log', '-1', '--format=%an <%ae> %cn', reverted)).toBe(
      'Release <release@example.org> Release',
    );
    expect(remote.git('cat-file', 'commit', reverted)).toContain('gpgsig -----BEGIN SSH SIGNATURE-----');
    expect(new Set(server.authorizations)).toEqual(new Set([AUTHORIZATION]));
    const paths = await opened.store.list(opened.folder);
    expect(paths).toContain('promotion/environment-branch.intent.json');
    const bytes = paths.map((path) => readFileSync(join(opened.path, path), 'latin1')).join('\n');
    expect(bytes).not.toContain(SECRET);
    expect(bytes).not.toContain(AUTHORIZATION.slice('Basic '.length));
  });

  test.each([
    ['of another worker are refused by the remote', { gitToken: 'not-the-right-token' }, 'access_denied'],
    ['have no value on this worker', {}, 'bad_credentials'],
  ])('that %s neither promotes nor passes its preflight, and says no secret', async (_, secrets, code) => {
    const setting = await aSetting();
    const { remote, tools } = setting;
    const { known, promotion, revert } = await stepsOf(setting);
    const problem = await checkRevert(tools(secrets), known, revert, NEVER);
    expect(problem).toMatch(new RegExp(`^${code}: `, 'u'));
    const outcome = await promoteByGit(tools(secrets), known, promotion, NEVER);
    expect(outcome).toMatchObject({ done: false, code, effect: 'none' });
    expect(await revertByGit(tools(secrets), known, revert, NEVER)).toMatchObject({ verified: false, code });
    for (const text of [problem, JSON.stringify(outcome)]) expect(text).not.toContain('right-token');
    expect(remote.tip()).toBe(remote.first);
  });
});
