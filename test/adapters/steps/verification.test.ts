// Proves how a rollback step is verified by the system itself, and what is found before promoting: over real HTTP and on a
// real bare repository. That a gate's posture verifies is proven with the steps that act.
import { mkdtempSync } from 'node:fs';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import type { KnownRun } from '../../../src/adapters/evidence/run-evidence.js';
import { createGit } from '../../../src/adapters/git/repository.js';
import { promoteByGit, type GitTools } from '../../../src/adapters/steps/git-steps.js';
import { revertByGit, revertStepOf } from '../../../src/adapters/steps/revert-steps.js';
import { actionProblems } from '../../../src/adapters/steps/preflight.js';
import { verifyStep } from '../../../src/adapters/steps/verification.js';
import type { RollbackOutcome } from '../../../src/contracts/step-record.js';
import type { RollbackStep } from '../../../src/contracts/runbook-steps.js';
import { createRemote, type RemoteFixture } from '../../support/git-fixture.js';
import { openRun } from '../evidence/opened-run.js';
import { asking, serve } from '../gates/questions.js';
import { load, smallRunbook, TOKEN, TRIGGERS, type Written } from '../runbook/written-runbook.js';

const NEVER = new AbortController().signal;

interface Prepared {
  readonly known: KnownRun;
  readonly tools: GitTools;
  readonly step: RollbackStep;
}

/** A run whose first rollback step is this one, and that reverts its promotion after it. */
async function prepared(step: Written, remote?: RemoteFixture, commit?: string): Promise<Prepared> {
  const revert = { id: 'deployment-revert', gitRevert: { step: 'environment-branch' } };
  const rollback = { triggers: TRIGGERS, steps: [{ id: 'stop', ...step }, revert] };
  const set = remote === undefined ? {} : { remote: remote.url };
  const loaded = await load(smallRunbook({ rollback }), { set });
  const opened = await openRun({ loaded, record: commit === undefined ? {} : { commit } });
  const known = await opened.known();
  const mirrorsDir = mkdtempSync(join(opened.path, '../mirrors-'));
  const git = createGit({ mirrorsDir, env: {} });
  const [found] = known.loaded.runbook.rollback.steps;
  if (found === undefined) throw new Error('no step');
  return {
    known,
    step: found,
    tools: { git, evidence: opened.evidence, secretsOf: () => ({}), unrecorded: new Map() },
  };
}

function verifyOf({ tools, known, step }: Prepared): Promise<RollbackOutcome> {
  return verifyStep(tools, known, step, asking(known.loaded));
}

function problemsOf({ tools, known, step }: Prepared): Promise<readonly string[]> {
  return actionProblems(tools, known, step, asking(known.loaded), 2_000);
}

const COMMAND = { argv: ['true'], workingDirectory: '/' };

/** A step that is verified by an answer of this server. */
async function askedOver(
  status: number,
  body: string,
  answers: Written,
  more: Written = {},
): Promise<Prepared> {
  const url = await serve((request, response) => {
    const allowed = request.headers.authorization === `Bearer ${TOKEN}`;
    response.writeHead(allowed ? status : 401, { location: '/other' }).end(body);
  });
  return prepared({
    command: COMMAND,
    deadline: '700ms',
    verify: { http: { url: `${url}/state`, bearer: '${token}', ...more }, answers },
  });
}

const STATE = '{"service":{"state":"stopped","stopped":true,"code":0,"last":null,"parts":[{"up":false}]}}';

describe('an answer over HTTP', () => {
  test.each([
    { '/service/state': 'stopped' },
    { '/service/state': 'stopped', '/service/stopped': true, '/service/code': 0, '/service/last': null },
    { '/service/parts/0/up': false },
  ])('verifies by its values: %o', async (values) => {
    expect(await verifyOf(await askedOver(200, STATE, { values }))).toMatchObject({
      verified: true,
      code: 'verified',
    });
  });

  test.each([
    [{ '/service/state': 'running' }, '/service/state is "stopped", expected "running"'],
    [{ '/service/stopped': 'true' }, '/service/stopped is true, expected "true"'],
    [{ '/service/code': null }, '/service/code is 0, expected null'],
    [{ '/service/gone': null }, '/service/gone is not there, expected null'],
    [{ '/service/parts': 'x' }, '/service/parts is a list, expected "x"'],
    [{ '/service/state': 'stopped', '/service/code': 1 }, '/service/code is 0, expected 1'],
  ])('does not verify by other values: %o', async (values, detail) => {
    expect(await verifyOf(await askedOver(200, STATE, { values }))).toEqual({
      verified: false,
      code: 'not_in_effect',
      detail,
    });
  });

  test('verifies by its status', async () => {
    const gone = { status: [404, 410] };
    expect(await verifyOf(await askedOver(410, '', gone))).toMatchObject({ verified: true });
    expect(await verifyOf(await askedOver(200, '', gone))).toMatchObject({
      verified: false,
      code: 'not_in_effect',
    });
  });

  test.each([
    ['is not JSON', 200, 'stopped', 'malformed'],
    ['is a redirect', 302, STATE, 'misconfigured'],
    ['is a failure', 503, STATE, 'unreachable'],
    ['is another status', 404, STATE, 'misconfigured'],
    ['comes without its values, by status 204', 204, '', 'malformed'],
  ])('that %s verifies nothing', async (_what, status, body, code) => {
    const answers = { values: { '/service/state': 'stopped' } };
    expect(await verifyOf(await askedOver(status, body, answers))).toMatchObject({ verified: false, code });
  });

  test('to refused credentials verifies nothing, though another status is awaited', async () => {
    const asked = await askedOver(404, '', { status: [404] }, { bearer: 'wrong' });
    expect(await verifyOf(asked)).toMatchObject({ verified: false, code: 'misconfigured' });
    expect(await problemsOf(asked)).toEqual([
      expect.stringMatching(/^nothing to verify it by: misconfigured: /),
    ]);
  });

  test('quotes no secret', async () => {
    const url = await serve((_request, response) => response.end(JSON.stringify({ state: TOKEN })));
    const verify = { http: { url }, answers: { values: { '/state': 'stopped' } } };
    const outcome = await verifyOf(await prepared({ command: COMMAND, verify }));
    expect(outcome).toMatchObject({ verified: false, code: 'not_in_effect' });
    expect(outcome.detail).not.toContain(TOKEN);
  });
});

function aRemote(): RemoteFixture {
  const remote = createRemote();
  onTestFinished(remote.remove);
  return remote;
}

const branchStep = (has: string): Written => ({
  command: COMMAND,
  verify: { branch: 'environment-branch', has },
});

describe('what the branch holds', () => {
  test.each([
    { has: 'former-tree', before: true, promoted: false, reverted: true },
    { has: 'no-commit', before: true, promoted: false, reverted: false },
    { has: 'commit', before: false, promoted: true, reverted: true },
  ])('verifies $has by asking the remote', async ({ has, before, promoted, reverted }) => {
    const remote = aRemote();
    const commit = remote.commit({ files: { 'app.txt': 'two\n' }, parents: [remote.first], message: 'two' });
    const run = await prepared(branchStep(has), remote, commit);
    const { tools, known } = run;
    const [push] = known.loaded.runbook.promotion.steps;
    if (push === undefined) throw new Error('no step');
    const seen = [(await verifyOf(run)).verified];
    await promoteByGit(tools, known, push, NEVER);
    seen.push((await verifyOf(run)).verified);
    const [, undo] = known.loaded.runbook.rollback.steps;
    const revert = undo === undefined ? undefined : revertStepOf(known, undo);
    if (revert === undefined) throw new Error('no revert');
    await revertByGit(tools, known, revert, NEVER);
    seen.push((await verifyOf(run)).verified);
    expect(seen).toEqual([before, promoted, reverted]);
  });

  test('is not taken from a remote that is away', async () => {
    const run = await prepared(branchStep('no-commit'));
    expect(await verifyOf(run)).toMatchObject({ verified: false, code: 'remote_unreachable' });
    expect(await problemsOf(run)).toEqual([
      expect.stringMatching(/^nothing to verify it by: remote_unreachable: /),
    ]);
  });
});

/** A step by HTTP whose server takes the token alone, and answers its check with this status. */
const byHttp = async (bearer: string, checked: number, check: Written = {}) => {
  const sent: string[] = [];
  const url = await serve((request, response) => {
    sent.push(`${request.method} ${request.url}`);
    const allowed = request.headers.authorization === `Bearer ${TOKEN}`;
    response.writeHead(request.url === '/check' && !allowed ? 403 : checked).end(STATE);
  });
  const run = await prepared({
    http: { method: 'POST', url: `${url}/stop`, bearer },
    check: { http: { url: `${url}/check`, bearer }, ...check },
    verify: { http: { url: `${url}/state` }, answers: { status: [200, 204, 405] } },
    deadline: '300ms',
  });
  return { problems: await problemsOf(run), sent };
};

describe('before promoting', () => {
  test('a command that is there and can be verified has no problem, in effect or not', async () => {
    for (const state of ['stopped', 'running'])
      expect(await problemsOf(await askedOver(200, STATE, { values: { '/service/state': state } }))).toEqual(
        [],
      );
  });

  test('a command that is not there is one, beside an answer that does not come', async () => {
    const verify = { http: { url: 'http://127.0.0.1:1' }, answers: { status: [200] } };
    const command = { argv: ['no-such-program-anywhere'], workingDirectory: '/' };
    const problems = await problemsOf(await prepared({ command, verify, deadline: '300ms' }));
    expect(problems).toEqual([
      'the command no-such-program-anywhere is not there: install it or check PATH',
      expect.stringMatching(
        /^nothing to verify it by: unreachable: GET http:\/\/127.0.0.1:1\/: http_refused/,
      ),
    ]);
  });

  test('a request is not sent, only its check', async () => {
    const { problems, sent } = await byHttp('${token}', 200);
    expect(problems).toEqual([]);
    expect(sent).toEqual(['GET /check', 'GET /state']);
  });

  test('credentials that are refused are a problem', async () => {
    const { problems } = await byHttp('wrong', 200);
    expect(problems).toEqual([expect.stringMatching(/^credentials_refused: GET .*\/check: http_status_403/)]);
  });

  test('a check that is answered otherwise is one, unless the runbook expects that status', async () => {
    expect((await byHttp('${token}', 405)).problems).toEqual([
      expect.stringMatching(/^check_not_answered: .*http_status_405/),
    ]);
    expect((await byHttp('${token}', 405, { status: [405] })).problems).toEqual([]);
  });
});
