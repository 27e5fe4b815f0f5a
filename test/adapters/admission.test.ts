// Proves who may start what: every bad input is one line, found before anything begins, and leaves nothing behind. With
// real files, real git and the stand-in Tau's command; Temporal's lock on a target is not part of it.
import { access, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test } from 'vitest';

import type { Admission, AdmissionRequest } from '../../src/adapters/admission.js';
import { advanceHead } from '../../src/adapters/evidence/heads.js';
import { noteEnd } from '../../src/adapters/evidence/past-runs.js';
import { canonicalBytes, sha256 } from '../../src/adapters/canonical.js';
import { readConfig, type Config } from '../../src/config.js';
import { RUN_PATTERN } from '../../src/contracts/names.js';
import type { RunRecord } from '../../src/contracts/run-record.js';
import { REHEARSAL_APPROVER, REHEARSAL_REQUESTER, type Rehearsal } from '../../src/rehearsal/rehearsal.js';
import { createWiring } from '../../src/wiring.js';
import { git, openForTest } from '../rehearsal/stand-in.js';
import { manifestOf } from '../support/manifest-of.js';
import { scratchFolder } from './runbook/written-runbook.js';

type Environment = Readonly<Record<string, string | undefined>>;

class Desk {
  readonly rehearsal: Rehearsal;
  readonly config: Config;

  constructor(rehearsal: Rehearsal, config: Config) {
    this.rehearsal = rehearsal;
    this.config = config;
  }

  get dependencies() {
    return createWiring(this.config).dependencies;
  }

  admit(request: Partial<AdmissionRequest> = {}): Promise<Admission> {
    const { commit } = this.rehearsal;
    const asked = {
      target: 'tau-production',
      commit,
      requester: REHEARSAL_REQUESTER,
      reason: '',
      again: false,
    };
    const whole = { ...asked, ...request };
    return this.dependencies.admit(whole, new AbortController().signal);
  }

  refs(): Promise<string> {
    return git(this.rehearsal.remote, ['for-each-ref', '--format=%(refname) %(objectname)']);
  }
}

async function openDesk(over: Environment = {}): Promise<Desk> {
  const rehearsal = await openForTest();
  const cwd = await scratchFolder();
  const environment = { PATH: process.env['PATH'], HOME: cwd, ...rehearsal.environment, ...over };
  const config = await readConfig({ cwd, environment });
  return new Desk(rehearsal, { ...config, runbookFor: () => rehearsal.runbookFile });
}

async function isThere(path: string): Promise<boolean> {
  return access(path).then(
    () => true,
    () => false,
  );
}

/** The problems of a refused request; checks that each is one line and that nothing was written. */
async function problemsOf(desk: Desk, request: Partial<AdmissionRequest> = {}): Promise<readonly string[]> {
  const before = await desk.refs();
  const admission = await desk.admit(request);
  if (admission.admitted) throw new Error('it was admitted');
  for (const problem of admission.problems) expect(problem).toMatch(/^[^\n\r]+$/);
  expect(JSON.stringify(admission)).not.toContain(desk.rehearsal.token);
  expect(await isThere(desk.config.evidenceDir)).toBe(false);
  expect(await desk.refs()).toBe(before);
  return admission.problems;
}

describe('a promotion that may start', () => {
  test('is named, planned and bound to its runbook, and nothing is written', async () => {
    const desk = await openDesk();
    const before = await desk.refs();
    const admission = await desk.admit();
    if (!admission.admitted) throw new Error(admission.problems.join('\n'));
    const { run, folder, openedAt } = admission;
    expect(run).toMatch(RUN_PATTERN);
    expect(folder).toBe(`${openedAt.slice(0, 19).replaceAll(/[-:]/g, '')}Z-tau-production-${run}`);
    const loaded = await desk.dependencies.loadRunbook('tau-production');
    expect(admission).toMatchObject({
      deployment: desk.config.deployment,
      runbook: loaded.digest,
      policy: loaded.policy,
      plan: loaded.plan,
      subjectLine: 'Serve version 2',
      previous: null,
    });
    expect(await isThere(desk.config.evidenceDir)).toBe(false);
    expect(await desk.refs()).toBe(before);
  });

  test('carries no secret, address or argument into Temporal’s history', async () => {
    const desk = await openDesk();
    const text = JSON.stringify(await desk.admit());
    const { token, command, remote, baseUrl } = desk.rehearsal;
    for (const told of [token, command, remote, baseUrl]) expect(text).not.toContain(told);
  });

  test('gets another name each time', async () => {
    const desk = await openDesk();
    const names = await Promise.all([desk.admit(), desk.admit()]);
    expect(new Set(names.map((admission) => (admission.admitted ? admission.run : ''))).size).toBe(2);
  });

  test('names the target’s latest sealed run', async () => {
    const desk = await openDesk();
    const run = '20260102T030405678Z-5f0c2a9e';
    const sealed = canonicalBytes({ v: 1, run, end: 'rolled-back' });
    const latest = { run, manifest: sha256(sealed), end: 'rolled-back' };
    await advanceHead(desk.dependencies.evidence, 'tau-production', latest, null);
    expect(await desk.admit()).toMatchObject({
      previous: { run, manifest: sha256(sealed), end: 'rolled-back' },
    });
    expect(await desk.admit({ target: 'production' })).toMatchObject({ previous: null });
  });
});

describe('a request is refused in one line', () => {
  test.each<{ what: string; request?: Partial<AdmissionRequest>; over?: Environment; says: RegExp }>([
    { what: 'an unknown commit', request: { commit: 'c'.repeat(40) }, says: /^commit_unknown: / },
    { what: 'a short commit', request: { commit: 'abc1234' }, says: /^commit: a commit is its full hash/ },
    {
      what: 'a branch for a commit',
      request: { commit: 'main' },
      says: /^commit: a commit is its full hash/,
    },
    { what: 'a missing branch', over: { TAU_PROMOTION_BRANCH: 'nonsense' }, says: /^branch_missing: / },
    { what: 'a branch that is no name', over: { TAU_PROMOTION_BRANCH: 'a..b' }, says: /^bad_branch: / },
    {
      what: 'a remote that is not there',
      over: { TAU_PROMOTION_REMOTE: '/no/such.git' },
      says: /^remote_unreachable: /,
    },
    {
      what: 'a missing command',
      over: { TAU_OPERATOR_COMMAND: '/no/such/agent' },
      says: /^the command \/no\/such\/agent is not there/,
    },
    {
      what: 'a missing token',
      over: { TAU_OPERATOR_AUTH_TOKEN: undefined },
      says: /^the variable token .* has no value/,
    },
    {
      what: 'a token that is too short',
      over: { TAU_OPERATOR_AUTH_TOKEN: 'short' },
      says: /^secret token: has under 8 characters$/,
    },
    {
      what: 'a requester who is the only approver',
      request: { requester: REHEARSAL_APPROVER },
      says: /^approval: 1 needed, but without the requester approver@rehearsal only 0 may approve/,
    },
    { what: 'a target with a slash', request: { target: 'tau/production' }, says: /^target: / },
    { what: 'a target that leads out', request: { target: '..' }, says: /^target: / },
    { what: 'a requester with a line break', request: { requester: 'a\nb' }, says: /^requester: / },
    { what: 'no approvers', over: { TAU_PROMOTION_APPROVERS: ',' }, says: /approval\.approvers is empty/ },
  ])('for $what', async ({ request, over, says }) => {
    expect(await problemsOf(await openDesk(over), request)).toEqual([expect.stringMatching(says)]);
  });

  test('for a commit that the branch has already', async () => {
    const desk = await openDesk();
    const problems = await problemsOf(desk, { commit: desk.rehearsal.formerTip });
    expect(problems).toEqual([expect.stringMatching(/^commit_already_contained: /)]);
  });

  test('for a remote with a password in it, which is not repeated', async () => {
    const desk = await openDesk({ TAU_PROMOTION_REMOTE: 'https://me:hunter2-hunter2@git.invalid/t.git' });
    const problems = await problemsOf(desk);
    expect(problems).toEqual([expect.stringMatching(/^bad_remote: /)]);
    expect(problems.join()).not.toContain('hunter2');
  });

  test('each, where several things are wrong', async () => {
    const desk = await openDesk({ TAU_OPERATOR_COMMAND: '/no/such/agent', TAU_PROMOTION_BRANCH: 'nonsense' });
    expect(await problemsOf(desk, { requester: REHEARSAL_APPROVER })).toEqual([
      expect.stringMatching(/^approval: /),
      expect.stringMatching(/^the command /),
      expect.stringMatching(/^branch_missing: /),
    ]);
    expect(await problemsOf(desk, { target: 'A/B', commit: 'x', requester: '' })).toHaveLength(3);
  });

  test('for a runbook that is none, with the place in it', async () => {
    const desk = await openDesk();
    const config = {
      ...desk.config,
      runbookFor: () => join(desk.rehearsal.workspace, '.tau/gateway/state.json'),
    };
    const problems = await problemsOf(new Desk(desk.rehearsal, config));
    expect(problems[0]).toMatch(/state\.json:\d+:\d+: /);
  });
});

/** A run of the desk's target and commit, opened and perhaps ended. */
async function remember(desk: Desk, end?: string): Promise<string> {
  const admission = await desk.admit();
  if (!admission.admitted) throw new Error(admission.problems.join());
  const { run, folder, deployment, openedAt, subjectLine, runbook, policy } = admission;
  const { evidence, store } = desk.dependencies;
  const record: RunRecord = {
    v: 1,
    run,
    deployment,
    target: 'tau-production',
    commit: desk.rehearsal.commit,
    subjectLine,
    requester: REHEARSAL_REQUESTER,
    reason: '',
    openedAt,
    runbook,
    policy,
    previous: null,
    rolledBack: null,
    again: false,
    workflow: { id: 'w', firstExecutionRunId: 'f' },
  };
  await evidence.putJson(folder, 'run.json', record);
  const { bytes } = await desk.dependencies.loadRunbook('tau-production');
  await store.put(folder, 'runbook.json', bytes);
  await store.put(folder, 'promotion/environment-branch.begun.json', Buffer.from('{}'));
  if (end !== undefined)
    await advanceHead(evidence, 'tau-production', await putManifest(desk, folder, end), null);
  return run;
}

/** Its run as the one that the next run follows. */
async function putManifest({ dependencies: { evidence, store } }: Desk, folder: string, end: string) {
  const { record } = await evidence.knownIn(folder);
  const manifest = canonicalBytes(manifestOf(record, end));
  await store.put(folder, 'manifest.json', manifest);
  return { run: record.run, manifest: sha256(manifest), end };
}

function refusal(text: string): Admission {
  return { admitted: false, problems: [expect.stringContaining(text)] };
}

describe('a target that remembers', () => {
  test('a run whose evidence was never sealed admits no other, however it ended', async () => {
    const desk = await openDesk();
    const run = await remember(desk);
    const { evidence } = desk.dependencies;
    const [folder = ''] = await evidence.foldersOf('tau-production');
    await noteEnd(evidence, folder, { end: 'stopped', reason: 'gate_hold' });
    const admission = await desk.admit();
    if (admission.admitted) throw new Error('it was admitted');
    for (const told of [run, 'never sealed', 'promote evidence seal tau-production'])
      expect(admission.problems[0]).toContain(told);
    // The worker was lost before the manifest became the one that the next run follows.
    const sealed = await putManifest(desk, folder, 'stopped');
    expect(await desk.admit()).toMatchObject({ admitted: false });
    await advanceHead(evidence, 'tau-production', sealed, null);
    expect(await desk.admit()).toMatchObject({ admitted: true });
  });

  test('a run that nobody has settled admits no other, and names it, its commit and the command', async () => {
    const desk = await openDesk();
    const run = await remember(desk);
    const admission = await desk.admit({ commit: 'c'.repeat(40) });
    if (admission.admitted) throw new Error('it was admitted');
    expect(admission.problems).toHaveLength(1);
    for (const told of [run, desk.rehearsal.commit, 'promote reconcile --target tau-production'])
      expect(admission.problems[0]).toContain(told);
  });

  test('a commit that was rolled back is admitted again only by name, and with a reason', async () => {
    const desk = await openDesk();
    const run = await remember(desk, 'rolled-back');
    expect(await desk.admit()).toEqual(refusal(`rolled back by the run ${run}`));
    expect(await desk.admit({ again: true, reason: ' ' })).toEqual(refusal('--again needs --reason'));
    expect(await desk.admit({ again: true, reason: 'the database is back' })).toMatchObject({
      admitted: true,
      again: true,
      rolledBack: { run, commit: desk.rehearsal.commit, end: 'rolled-back' },
      bringBack: [expect.stringContaining('--gateway-service-start')],
    });
  });

  test('nothing is promoted again that was not rolled back', async () => {
    const desk = await openDesk();
    await remember(desk, 'promoted');
    expect(await desk.admit({ again: true, reason: 'why not' })).toEqual({
      admitted: false,
      problems: [expect.stringMatching(/^--again: /)],
    });
    expect(await desk.admit()).toMatchObject({ admitted: true, rolledBack: null });
  });
});

async function byCommand(revert = '', rollback = ''): Promise<Desk> {
  const desk = await openDesk();
  const written = await readFile(desk.rehearsal.runbookFile, 'utf8');
  const place = /git: (\{[^}]*remote[^\n]*\})/u.exec(written);
  const edited = written
    .replace(place?.[0] ?? '', 'command: { argv: ["true"] }')
    .replace(/gitRevert: \{[^}]*\}/u, () => `gitRevert: { git: ${place?.[1] ?? ''}${revert} }`)
    .replace(/^rollback:\n/mu, () => `rollback:\n${rollback}`);
  const file = join(await scratchFolder(), 'runbook.yaml');
  await writeFile(file, edited);
  return new Desk(desk.rehearsal, { ...desk.config, runbookFor: () => file });
}

/** A merge of what the branch is and the candidate, on no branch. */
async function merge({ rehearsal: { remote, commit, formerTip } }: Desk): Promise<string> {
  const identity = ['-c', 'user.name=t', '-c', 'user.email=t@example.org'];
  const parents = ['-p', formerTip, '-p', commit];
  const hash = await git(remote, [...identity, 'commit-tree', ...parents, '-m', 'merge', `${commit}^{tree}`]);
  await git(remote, ['update-ref', 'refs/heads/merged', hash]);
  return hash;
}

describe('a runbook that promotes by a command and reverts the commit itself', () => {
  test('may start for a commit that the branch has or has not', async () => {
    const desk = await byCommand();
    expect(await desk.admit()).toMatchObject({ admitted: true, subjectLine: 'Serve version 2' });
    expect(await desk.admit({ commit: 'c'.repeat(40) })).toMatchObject({
      admitted: false,
      problems: [expect.stringMatching(/^commit_unknown: /)],
    });
  });

  test('is refused for a merge until it names the parent that was before, or that it does not mind', async () => {
    const desk = await byCommand();
    expect(await desk.admit({ commit: await merge(desk) })).toMatchObject({
      admitted: false,
      problems: [expect.stringMatching(/^mainline_missing: .+mainline: 1/)],
    });
    const named = await byCommand(', mainline: 1');
    expect(await named.admit({ commit: await merge(named) })).toMatchObject({ admitted: true });
    const careless = await byCommand('', '  promoteUnrollbackable: [deployment-revert]\n');
    expect(await careless.admit({ commit: await merge(careless) })).toMatchObject({ admitted: true });
  });
});

test('a request that is cancelled is neither admitted nor refused', async () => {
  const desk = await openDesk();
  const { commit } = desk.rehearsal;
  const request = { target: 't', commit, requester: REHEARSAL_REQUESTER, reason: '', again: false };
  await expect(desk.dependencies.admit(request, AbortSignal.abort())).rejects.toMatchObject({
    code: 'cancelled',
  });
});
