// Proves that what a person is told to type does what the step would have done: the commands are given to a real shell, with
// real git, curl and an HTTP server.
import { execFile } from 'node:child_process';
import { mkdtempSync } from 'node:fs';
import { mkdir, readFile } from 'node:fs/promises';
import type { IncomingHttpHeaders } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { describe, expect, onTestFinished, test } from 'vitest';

import type { KnownRun } from '../../../src/adapters/evidence/run-evidence.js';
import { createGit } from '../../../src/adapters/git/repository.js';
import { byHand, comeBack } from '../../../src/adapters/steps/by-hand.js';
import { promoteByGit, type GitTools } from '../../../src/adapters/steps/git-steps.js';
import { revertByGit, revertStepOf, verifyRevert } from '../../../src/adapters/steps/revert-steps.js';
import { createRemote, type RemoteFixture } from '../../support/git-fixture.js';
import { openRun } from '../evidence/opened-run.js';
import { serve } from '../gates/questions.js';
import {
  load,
  scratchFolder,
  TOKEN,
  TRIGGERS,
  withVariables,
  type Written,
} from '../runbook/written-runbook.js';

const NEVER = new AbortController().signal;
const REVERT = { id: 'deployment-revert', gitRevert: { step: 'environment-branch' } };
const VERIFY = { gate: 'gateway-status', expect: { gate: 'hold', reasonCodes: ['service_stopped'] } };
const AUTHOR = {
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Person',
  GIT_AUTHOR_EMAIL: 'person@example.org',
  GIT_COMMITTER_NAME: 'Person',
  GIT_COMMITTER_EMAIL: 'person@example.org',
};

/** What a person's shell prints for these commands, one after the other, in a folder of their own. */
async function typed(
  commands: readonly string[],
  cwd: string,
  env: Record<string, string> = {},
): Promise<string> {
  const { stdout } = await promisify(execFile)('bash', ['-euc', commands.join('\n')], {
    cwd,
    env: { PATH: process.env['PATH'] ?? '', HOME: cwd, ...AUTHOR, ...env },
  });
  return stdout;
}

interface Prepared {
  readonly known: KnownRun;
  readonly tools: GitTools;
}

async function prepared(step: Written, set: Record<string, string> = {}, commit?: string): Promise<Prepared> {
  const rollback = { triggers: TRIGGERS, steps: [step, ...(step === REVERT ? [] : [REVERT])] };
  const loaded = await load(withVariables({ key: { secret: true } }, { rollback }), {
    set: { key: 'another-long-secret', ...set },
  });
  const opened = await openRun({ loaded, record: commit === undefined ? {} : { commit } });
  const git = createGit({ mirrorsDir: mkdtempSync(join(opened.path, '../mirrors-')), env: {} });
  return {
    known: await opened.known(),
    tools: { git, evidence: opened.evidence, secretsOf: () => ({}), unrecorded: new Map() },
  };
}

async function toldFor(step: Written): Promise<readonly string[]> {
  const { known, tools } = await prepared(step);
  const [first] = known.loaded.runbook.rollback.steps;
  if (first === undefined) throw new Error('no step');
  return byHand(tools, known, first);
}

describe('a command by hand', () => {
  test('runs in its directory with the same arguments, whatever stands in them', async () => {
    const workingDirectory = join(await scratchFolder(), "it's a $HOME");
    await mkdir(workingDirectory);
    const odd = ['two words', "it's", '$HOME', '"', '*', '', 'a\nb', '`id`', '--plain=1'];
    const argv = ['sh', '-c', 'pwd; printf "<%s>" "$@"', 'sh', ...odd];
    const [told, ...more] = await toldFor({
      id: 'stop',
      command: { argv: argv.map((word) => word.replaceAll('${', '$${')), workingDirectory },
      verify: VERIFY,
    });
    expect(more).toEqual([]);
    expect(await typed([told ?? ''], await scratchFolder())).toBe(
      `${workingDirectory}\n${odd.map((word) => `<${word}>`).join('')}`,
    );
  });
});

describe('a request by hand', () => {
  test('is the same request, with its secrets out of the environment', async () => {
    const asked: { method: string | undefined; headers: IncomingHttpHeaders; body: string }[] = [];
    const url = await serve((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        asked.push({ method: request.method, headers: request.headers, body });
        response.end('taken');
      });
    });
    const told = await toldFor({
      id: 'stop',
      http: {
        method: 'POST',
        url: `${url}/stop?now=1&it's`,
        headers: { 'x-why': 'it\'s $HOME "now"', 'x-key': 'a${key}b' },
        bearer: '${token}',
        json: { token: '${token}', plain: "don't $${literal}" },
      },
      check: { http: { url } },
      verify: VERIFY,
    });
    expect(told).toHaveLength(1);
    expect(told.join()).not.toContain(TOKEN);
    expect(told.join()).toContain('"$SMALL_TOKEN"');
    const env = { SMALL_TOKEN: TOKEN, KEY: 'opened' };
    expect(await typed(told, await scratchFolder(), env)).toBe('taken');
    expect(asked).toHaveLength(1);
    expect(asked[0]?.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'content-type': 'application/json',
      'x-why': 'it\'s $HOME "now"',
      'x-key': 'aopenedb',
      'idempotency-key': expect.stringMatching(/\/stop\/by-hand$/) as unknown,
    });
    expect(JSON.parse(asked[0]?.body ?? '')).toEqual({ token: TOKEN, plain: "don't ${literal}" });
  });
});

function aRemote(): RemoteFixture {
  const remote = createRemote();
  onTestFinished(remote.remove);
  return remote;
}

const child = (remote: RemoteFixture, parents: readonly string[], content: string): string =>
  remote.commit({ files: { 'app.txt': content, 'same.txt': 'same\n' }, parents, message: content });

describe('a revert by hand', () => {
  test.each(['one commit', 'a range', 'a merge'])(
    'gives the branch the tree that it had before %s, and the pipeline takes it for done',
    async (what) => {
      const remote = aRemote();
      const one = child(remote, [remote.first], 'two\n');
      const other = remote.commit({ files: { 'other.txt': 'x\n' }, parents: [remote.first], message: 'x' });
      const commit =
        what === 'one commit' ? one : child(remote, what === 'a range' ? [one] : [one, other], 'three\n');
      const { known, tools } = await prepared(REVERT, { remote: remote.url }, commit);
      const [push] = known.loaded.runbook.promotion.steps;
      const [step] = known.loaded.runbook.rollback.steps;
      if (push === undefined || step === undefined) throw new Error('no step');
      await promoteByGit(tools, known, push, NEVER);
      // Somebody pushes on top of it meanwhile.
      const later = remote.commit({
        files: { ...filesOf(remote, commit), 'later.txt': 'later\n' },
        parents: [commit],
        message: 'later',
      });
      if (what !== 'one commit') remote.setBranch('production', later);
      await typed(await byHand(tools, known, step), await scratchFolder());
      const names = remote.git('ls-tree', '--name-only', remote.tip()).split('\n');
      expect(names.includes('later.txt')).toBe(what !== 'one commit');
      expect(remote.git('show', `${remote.tip()}:app.txt`)).toBe(
        remote.git('show', `${remote.first}:app.txt`),
      );
      expect(names).not.toContain('same.txt');
      const revert = revertStepOf(known, step);
      if (revert === undefined) throw new Error('no revert');
      expect(await revertByGit(tools, known, revert, NEVER)).toMatchObject({ verified: true });
      expect(await verifyRevert(tools, known, revert, NEVER)).toMatchObject({ verified: true });
    },
  );

  test('reverts the commit itself where nothing was recorded', async () => {
    const remote = aRemote();
    const commit = remote.commit({ files: { 'app.txt': 'two\n' }, parents: [remote.first], message: 'two' });
    remote.setBranch('production', commit);
    const { known, tools } = await prepared(REVERT, { remote: remote.url }, commit);
    const [step] = known.loaded.runbook.rollback.steps;
    if (step === undefined) throw new Error('no step');
    await typed(await byHand(tools, known, step), await scratchFolder());
    expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
  });
});

test('a merge that something else promoted is reverted against the parent that the runbook names', async () => {
  const remote = aRemote();
  const side = remote.commit({ files: { 'side.txt': 'x\n' }, parents: [remote.first], message: 'side' });
  const commit = remote.commit({
    files: { ...filesOf(remote, remote.first), 'side.txt': 'x\n' },
    parents: [remote.first, side],
    message: 'merge',
  });
  remote.setBranch('production', commit);
  const gitRevert = { git: { remote: remote.url, branch: 'production' }, mainline: 1 };
  const { known, tools } = await prepared({ id: 'undo', gitRevert }, { remote: remote.url }, commit);
  const [step] = known.loaded.runbook.rollback.steps;
  if (step === undefined) throw new Error('no step');
  await typed(await byHand(tools, known, step), await scratchFolder());
  expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
});

function filesOf(remote: RemoteFixture, commit: string): Record<string, string> {
  const names = remote.git('ls-tree', '--name-only', commit).split('\n');
  return Object.fromEntries(names.map((name) => [name, `${remote.git('show', `${commit}:${name}`)}\n`]));
}

test('service comes back by a revert of the revert, then what each step says, the last step first', async () => {
  const remote = aRemote();
  const commit = remote.commit({ files: { 'app.txt': 'two\n' }, parents: [remote.first], message: 'two' });
  const mark = join(await scratchFolder(), 'started');
  const stop = {
    id: 'stop',
    command: { argv: ['true'], workingDirectory: '/' },
    verify: VERIFY,
    bringBack: { command: { argv: ['touch', mark], workingDirectory: '/' } },
  };
  const { known, tools } = await prepared(stop, { remote: remote.url }, commit);
  const [push] = known.loaded.runbook.promotion.steps;
  if (push === undefined) throw new Error('no step');
  await promoteByGit(tools, known, push, NEVER);
  const revert = known.loaded.runbook.rollback.steps.map((each) => revertStepOf(known, each))[1];
  if (revert === undefined) throw new Error('no revert');
  await revertByGit(tools, known, revert, NEVER);
  const told = await comeBack(tools.evidence, known);
  expect(told.slice(-2)).toEqual([
    'promote validate --target t',
    'promote start --target t --commit <the new commit> --reason <what was repaired>',
  ]);
  const printed = (await typed(told.slice(0, -2), await scratchFolder())).trim().split('\n').at(-1) ?? '';
  expect(remote.tree(printed)).toBe(remote.tree(commit));
  expect(remote.tip('come-back')).toBe(printed);
  expect(remote.tree(remote.tip())).toBe(remote.tree(remote.first));
  expect(await readFile(mark, 'utf8')).toBe('');
});
