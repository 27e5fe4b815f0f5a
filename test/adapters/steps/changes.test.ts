// Proves what an approver is told of what changes: against the target's last promotion, from real evidence and a real
// repository, bounded and fit for a history and a terminal whatever stands in commits and runbooks.
import { mkdtempSync, renameSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import { appendEntry } from '../../../src/adapters/evidence/journal.js';
import { keepChanges, readChanges } from '../../../src/adapters/evidence/kept-changes.js';
import { noteEnd } from '../../../src/adapters/evidence/past-runs.js';
import { sealRun } from '../../../src/adapters/evidence/seal.js';
import type { EvidenceStore } from '../../../src/adapters/evidence/store.js';
import { createGit } from '../../../src/adapters/git/repository.js';
import { changesSince, type ChangesTools } from '../../../src/adapters/steps/changes.js';
import { CHANGES_LIMITS, changesSchema } from '../../../src/contracts/changes.js';
import type { Changes } from '../../../src/domain/changes.js';
import { createRemote, type RemoteFixture } from '../../support/git-fixture.js';
import { codeOf, openRun, type OpenedRun, testKey } from '../evidence/opened-run.js';
import { load, smallRunbook, TRIGGERS, withVariables, type Written } from '../runbook/written-runbook.js';

const NEVER = new AbortController().signal;
const SECRET = 'correct-horse-battery-staple';

function aRemote(): RemoteFixture {
  const remote = createRemote();
  onTestFinished(remote.remove);
  return remote;
}

let runs = 0;

interface Run extends OpenedRun {
  readonly remote: RemoteFixture;
}

/** A run of the target `t`, later than those before. */
async function aRun(
  remote: RemoteFixture,
  commit: string,
  store?: EvidenceStore,
  written: Written = smallRunbook(),
): Promise<Run> {
  runs += 1;
  const loaded = await load(written, { set: { remote: remote.url } });
  const at = new Date(Date.parse('2026-10-01T00:00:00.678Z') + runs * 3_600_000).toISOString();
  const run = `${at.replaceAll(/[-:.]/gu, '')}-${runs.toString(16).padStart(8, '0')}`;
  return { remote, ...(await openRun({ store, loaded, record: { run, commit, openedAt: at } })) };
}

const ENDED_AT = Date.parse('2026-11-01T10:00:00.000Z');

async function seal({ evidence, run }: Run, end: string): Promise<void> {
  const head = { seq: 0, digest: '' };
  const last = await appendEntry(evidence, { run, head, at: ENDED_AT, kind: 'test', body: {} });
  await sealRun(evidence, { run, end, reason: 'test', head: last }, testKey);
}

function toolsOf({ remote, evidence }: Run): ChangesTools {
  return {
    git: createGit({ mirrorsDir: mkdtempSync(join(remote.scratch, 'mirrors-')), env: {} }),
    evidence,
    secretsOf: () => ({}),
    unrecorded: new Map(),
    redact: (text) => text.replaceAll(SECRET, '[redacted:token]'),
  };
}

async function changesOf(run: Run, tools = toolsOf(run), signal = NEVER): Promise<Changes> {
  const changes = await changesSince(tools, await run.known(), signal);
  expect(changesSchema.parse(changes)).toEqual(changes);
  expect(Buffer.byteLength(JSON.stringify(changes))).toBeLessThanOrEqual(CHANGES_LIMITS.bytes);
  return changes;
}

function child(remote: RemoteFixture, parent: string, message: string): string {
  return remote.commit({ files: { 'app.txt': message.slice(0, 50) }, parents: [parent], message });
}

/** A runbook that promotes by a command. */
function byCommand(rollback: Written): Written {
  return smallRunbook({
    promotion: { steps: [{ id: 'deploy', command: { argv: ['true'] } }] },
    rollback: { triggers: TRIGGERS, steps: [{ id: 'back', ...rollback }] },
  });
}

function withPrerequisite(title: string, script: string): Written {
  return smallRunbook({
    title,
    prerequisites: [{ id: 'built', command: { argv: ['sh', '-c', script] } }],
  });
}

function withOwners(text: string): Written {
  return smallRunbook({
    owners: Array.from({ length: 32 }, (_, at) => ({
      name: `${at}${text.repeat(100)}`,
      gates: ['gateway-status'],
    })),
  });
}

/** What is told of the runbook of a run whose target was promoted under another one. */
async function changed(was: Written, is: Written): Promise<Changes['runbook']> {
  const remote = aRemote();
  const before = await aRun(remote, remote.first, undefined, was);
  await seal(before, 'promoted');
  const commit = child(remote, remote.first, 'two');
  return (await changesOf(await aRun(remote, commit, before.store, is))).runbook;
}

const NO_RUNBOOK = { was: null, paths: [], morePaths: 0 };

describe('commits', () => {
  test('of a first promotion are told against the branch', async () => {
    const remote = aRemote();
    const commit = child(remote, remote.first, 'Serve version 2');
    expect(await changesOf(await aRun(remote, commit))).toEqual({
      v: 1,
      since: null,
      base: { kind: 'branch', commit: remote.first },
      commits: [{ hash: commit, subject: 'Serve version 2' }],
      moreCommits: 0,
      leftOut: 0,
      commitsProblem: null,
      runbook: NO_RUNBOOK,
    });
  });

  test.each(['promoted', 'promoted-with-warnings'])(
    'are told against the commit of the last run that ended %s',
    async (end) => {
      const remote = aRemote();
      const two = child(remote, remote.first, 'two');
      const three = child(remote, two, 'three');
      const before = await aRun(remote, two);
      await seal(before, end);
      const run = await aRun(remote, three, before.store);
      expect(await changesOf(run)).toMatchObject({
        since: { run: before.run, commit: two, promotedAt: '2026-11-01T10:00:00.000Z' },
        base: { kind: 'promotion', commit: two },
        commits: [{ hash: three, subject: 'three' }],
        moreCommits: 0,
        runbook: { was: before.loaded.digest, paths: [], morePaths: 0 },
      });
    },
  );

  test.each(['rolled-back', 'rollback-acknowledged', 'stopped', 'rejected', 'aborted', 'abandoned'])(
    'of a run that ended %s are still to be approved',
    async (end) => {
      const remote = aRemote();
      const two = child(remote, remote.first, 'two');
      const three = child(remote, two, 'three');
      const promoted = await aRun(remote, remote.first);
      await seal(promoted, 'promoted');
      const other = await aRun(remote, two, promoted.store);
      await seal(other, end);
      await aRun(remote, two, promoted.store);
      const { since, commits } = await changesOf(await aRun(remote, three, promoted.store));
      expect(since?.run).toBe(promoted.run);
      expect(commits.map(({ subject }) => subject)).toEqual(['three', 'two']);
    },
  );

  test('are not told against a later run, nor one of another target', async () => {
    const remote = aRemote();
    const two = child(remote, remote.first, 'two');
    const run = await aRun(remote, two);
    await seal(await aRun(remote, two, run.store), 'promoted');
    const loaded = await load(smallRunbook(), { set: { remote: remote.url } });
    const elsewhere = { run: '20260102T030405678Z-00000000', target: 'u', commit: two };
    await seal({ remote, ...(await openRun({ store: run.store, loaded, record: elsewhere })) }, 'promoted');
    expect((await changesOf(run)).since).toBeNull();
  });

  test('are told against a promotion whose journal is broken too, which then counts as old as its run', async () => {
    const remote = aRemote();
    const two = child(remote, remote.first, 'two');
    const before = await aRun(remote, remote.first);
    await before.store.put(before.folder, 'journal/00000001.json', Buffer.from('{"kind":"x"}'));
    await noteEnd(before.evidence, before.folder, { end: 'promoted-with-warnings', reason: 'test' });
    const { since } = await changesOf(await aRun(remote, two, before.store));
    expect(since).toEqual({
      run: before.run,
      commit: remote.first,
      promotedAt: before.record.openedAt,
    });
  });

  test('are told against the branch where the repository does not have the last promotion', async () => {
    const remote = aRemote();
    const two = child(remote, remote.first, 'two');
    const lost = await aRun(remote, 'e'.repeat(40));
    await seal(lost, 'promoted');
    expect(await changesOf(await aRun(remote, two, lost.store))).toMatchObject({
      since: { run: lost.run, commit: 'e'.repeat(40) },
      base: { kind: 'branch', commit: remote.first },
      commits: [{ hash: two }],
    });
  });

  test('that an older commit leaves out are counted', async () => {
    const remote = aRemote();
    const two = child(remote, remote.first, 'two');
    const before = await aRun(remote, child(remote, two, 'three'));
    await seal(before, 'promoted');
    const { commits, leftOut } = await changesOf(await aRun(remote, two, before.store));
    expect({ commits, leftOut }).toEqual({ commits: [], leftOut: 1 });
  });

  test('are named up to 20, and the others counted', async () => {
    const remote = aRemote();
    let commit = remote.first;
    for (let at = 1; at <= 23; at += 1) commit = child(remote, commit, `change ${at}`);
    const { commits, moreCommits } = await changesOf(await aRun(remote, commit));
    expect(commits).toHaveLength(20);
    expect(commits[0]).toEqual({ hash: commit, subject: 'change 23' });
    expect(moreCommits).toBe(3);
  });

  test.each([
    ['an escape and a line break', '\u001B[31mred\u001B[0m\u0085x', '[31mred [0m x'],
    ['characters that turn the text', 'evil\u202E\u2066txt', 'eviltxt'],
    ['a very long text', 'é'.repeat(50_000), `${'é'.repeat(99)}…`],
    ['a secret', `${'x'.repeat(80)} ${SECRET}`, `${'x'.repeat(80)} [redacted:token]`],
    ['half a secret after the cut', `${'x'.repeat(90)} ${SECRET}`, `${'x'.repeat(90)} [redacte…`],
    ['a secret with something unseen in it', SECRET.replace('-', '\u200B-'), '[redacted:token]'],
  ])('whose subject has %s are one clean line', async (_, message, subject) => {
    const remote = aRemote();
    const commit = child(remote, remote.first, message);
    expect((await changesOf(await aRun(remote, commit))).commits).toEqual([{ hash: commit, subject }]);
  });
});

describe('commits that can’t be told', () => {
  const stops = {
    command: { argv: ['true'] },
    verify: { gate: 'gateway-status', expect: { gate: 'hold', reasonCodes: ['service_stopped'] } },
  };
  const reverts = { gitRevert: { git: { remote: '${remote}', branch: 'production' } } };

  test('are a line that says why, where the remote is away', async () => {
    const remote = aRemote();
    const run = await aRun(remote, child(remote, remote.first, 'two'));
    renameSync(remote.url, `${remote.url}.away`);
    const { commits, base, commitsProblem } = await changesOf(run);
    expect({ commits, base }).toEqual({ commits: [], base: null });
    expect(commitsProblem).toMatch(/^remote_unreachable: The remote \S+ did not answer: /u);
  });

  test('are no more known where the runbook names no repository', async () => {
    const remote = aRemote();
    const run = await aRun(remote, remote.first, undefined, byCommand(stops));
    expect((await changesOf(run)).commitsProblem).toBe('the runbook names no repository');
  });

  test('need an earlier promotion, that is in the repository, where the runbook only reverts by git', async () => {
    const remote = aRemote();
    const two = child(remote, remote.first, 'two');
    const first = await aRun(remote, remote.first, undefined, byCommand(reverts));
    expect((await changesOf(first)).commitsProblem).toMatch(/^no earlier promotion is known/u);
    await seal(first, 'promoted');
    const second = await aRun(remote, two, first.store, byCommand(reverts));
    expect(await changesOf(second)).toMatchObject({
      base: { kind: 'promotion', commit: remote.first },
      commits: [{ hash: two }],
    });
    const lost = await aRun(remote, 'e'.repeat(40), first.store, byCommand(reverts));
    await seal(lost, 'promoted');
    const third = await aRun(remote, two, first.store, byCommand(reverts));
    expect((await changesOf(third)).commitsProblem).toMatch(/^commit_unknown: .*does not have the commit e/u);
  });

  test('are that also without the credentials of the remote', async () => {
    const remote = aRemote();
    const git = {
      remote: 'https://127.0.0.1:9/x.git',
      branch: 'production',
      https: { bearer: '${gitToken}' },
    };
    const written = withVariables(
      { gitToken: { env: 'SMALL_TOKEN', secret: true } },
      { promotion: { steps: [{ id: 'environment-branch', git }] } },
    );
    const run = await aRun(remote, remote.first, undefined, written);
    expect((await changesOf(run)).commitsProblem).toMatch(
      /^bad_credentials: The secret gitToken has no value/u,
    );
  });

  test('say no secret', async () => {
    const remote = aRemote();
    const run = await aRun(remote, child(remote, remote.first, 'two'));
    const tools = toolsOf(run);
    renameSync(remote.url, `${remote.url}.away`);
    const problem = (await changesOf(run, { ...tools, redact: () => 'redacted\u001B' })).commitsProblem;
    expect(problem).toBe('redacted');
  });

  test('are thrown where the attempt was cancelled', async () => {
    const remote = aRemote();
    const run = await aRun(remote, child(remote, remote.first, 'two'));
    const aborted = AbortSignal.abort(new Error('shut down'));
    await expect(changesOf(run, toolsOf(run), aborted)).rejects.toMatchObject({ code: 'cancelled' });
  });
});

describe('the runbook', () => {
  test('is told by each value that changed since the last promotion', async () => {
    const { was, paths, morePaths } = await changed(
      smallRunbook(),
      smallRunbook({ watch: { window: '5m', interval: '15s' }, title: 'Small' }),
    );
    expect(was).toMatch(/^sha256:/u);
    expect(morePaths).toBe(0);
    expect(paths).toEqual([
      { path: 'title', before: null, after: '"Small"' },
      { path: 'watch.window', before: '600000', after: '300000' },
    ]);
  });

  test('shows where long values differ, and what is not seen in them', async () => {
    const start = 'echo '.repeat(100);
    const { paths } = await changed(
      withPrerequisite('a', `${start}one`),
      withPrerequisite('a\u202E', `${start}two`),
    );
    expect(paths).toEqual([
      {
        path: 'prerequisites[built].command.argv[2]',
        before: `…${'echo '.repeat(4)}one"`,
        after: `…${'echo '.repeat(4)}two"`,
      },
      { path: 'title', before: '"a"', after: String.raw`"a\u202e"` },
    ]);
  });

  test('holds no secret that this worker knows', async () => {
    const { paths } = await changed(smallRunbook(), smallRunbook({ title: `x ${SECRET} y` }));
    expect(paths).toEqual([{ path: 'title', before: null, after: '"x [redacted:token] y"' }]);
  });

  test('and the commits stay small together, however much there is of both', async () => {
    const remote = aRemote();
    const before = await aRun(remote, remote.first, undefined, withOwners('字'));
    await seal(before, 'promoted');
    let commit = remote.first;
    for (let at = 1; at <= 25; at += 1) commit = child(remote, commit, `${at} ${'漢'.repeat(120)}`);
    const { commits, moreCommits, runbook } = await changesOf(
      await aRun(remote, commit, before.store, withOwners('漢')),
    );
    expect(commits.length).toBeGreaterThan(5);
    expect(runbook.paths.length).toBeGreaterThan(2);
    expect(commits.length + moreCommits).toBe(25);
    expect(runbook.paths.length + runbook.morePaths).toBe(32);
    expect(commits[0]?.hash).toBe(commit);
  });

  test('of the last promotion is not guessed where it is not what was approved', async () => {
    const remote = aRemote();
    const before = await aRun(remote, remote.first);
    await seal(before, 'promoted');
    writeFileSync(join(before.path, 'runbook.json'), '{}');
    const run = await aRun(remote, child(remote, remote.first, 'two'), before.store);
    expect(await codeOf(changesOf(run))).toBe('conflict');
  });
});

test('what people were shown stays, also where another attempt found something else', async () => {
  const remote = aRemote();
  const run = await aRun(remote, child(remote, remote.first, 'two'));
  const { evidence, folder } = run;
  expect(await readChanges(evidence, folder, 1)).toBeUndefined();
  const found = await changesOf(run);
  expect(await keepChanges(evidence, folder, 1, found)).toEqual(found);
  const other = { ...found, commits: [], base: null, commitsProblem: 'away' };
  expect(await keepChanges(evidence, folder, 1, other)).toEqual(found);
  expect(await keepChanges(evidence, folder, 2, other)).toEqual(other);
  expect(await readChanges(evidence, folder, 1)).toEqual(found);
});
