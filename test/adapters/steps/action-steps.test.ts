// Proves what commands and requests of a runbook count for: real processes, and the stand-in Tau whose gateway says what is
// really in effect. How a process is run and killed is proven with the probes.
import type { IncomingHttpHeaders } from 'node:http';
import { chmod, mkdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { describe, expect, test, vi } from 'vitest';

import { promoteByAction, rollBackByAction, runRepair } from '../../../src/adapters/steps/action-steps.js';
import { verifyByGate } from '../../../src/adapters/steps/verification.js';
import { commandProblem, missingFiles } from '../../../src/adapters/steps/requirements.js';
import type { Asking } from '../../../src/adapters/probe.js';
import type { LoadedRunbook } from '../../../src/adapters/runbook/resolve.js';
import type { PromotionStep, RollbackStep } from '../../../src/contracts/runbook-steps.js';
import type { RollbackOutcome } from '../../../src/contracts/step-record.js';
import { scenarioNamed } from '../../../src/rehearsal/scenarios.js';
import { gateway, openForTest } from '../../rehearsal/stand-in.js';
import { asking, questionsOf, serve } from '../gates/questions.js';
import { load, scratchFolder, smallRunbook, TOKEN, withRepair } from '../runbook/written-runbook.js';

function stepNamed(steps: readonly RollbackStep[], id: string): RollbackStep {
  const step = steps.find((candidate) => candidate.id === id);
  if (step === undefined) throw new Error(`no step ${id}`);
  return step;
}

/** As the worker does it, verified by the gate that the step names. */
function rollBack(
  loaded: LoadedRunbook,
  step: RollbackStep,
  ask: Asking,
  more: { readonly actedBefore?: boolean; readonly tell?: (soFar: RollbackOutcome) => void } = {},
): ReturnType<typeof rollBackByAction> {
  return rollBackByAction(loaded, step, ask, {
    verify: (asked) => verifyByGate(loaded, step, asked),
    actedBefore: false,
    tell: () => undefined,
    ...more,
  });
}

describe('a rollback by command', () => {
  test('in the live directory stops the gateway, and the gateway itself says so', async () => {
    const rehearsal = await openForTest();
    const { loaded, ask } = await questionsOf(rehearsal);
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    expect(await verifyByGate(loaded, stop, ask)).toMatchObject({ verified: false, code: 'not_in_effect' });
    const outcome = await rollBack(loaded, stop, ask);
    expect(outcome).toMatchObject({ verified: true, code: 'verified', said: { code: 'done' } });
    expect(outcome.detail).toContain('service_stopped');
    expect(await gateway(rehearsal)).toMatchObject({
      service: { service_status: 'stopped', service_last_stop_reason: 'emergency_rollback' },
    });
  });

  test('that is repeated is still verified', async () => {
    const { loaded, ask } = await questionsOf(await openForTest());
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    await rollBack(loaded, stop, ask);
    expect(await rollBack(loaded, stop, ask)).toMatchObject({ verified: true });
  });

  test('in a wrong directory succeeds, stops nothing, and is not verified', async () => {
    const rehearsal = await openForTest({ ...scenarioNamed('wrong-directory'), begins: {} });
    const { loaded, ask } = await questionsOf(rehearsal);
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    expect(await runRepair(stop, ask)).toMatchObject({ code: 'done' });
    const outcome = await rollBack(loaded, { ...stop, deadline: 2_000 }, ask);
    expect(outcome).toMatchObject({ verified: false, code: 'wrong_directory' });
    expect(outcome.detail).toContain('is not the working directory of the system that gateway-status asks');
    expect(outcome.detail).toContain('gateway-status says pass');
    expect(await gateway(rehearsal)).toMatchObject({ service: { service_status: 'running' } });
  });

  test("in another gateway's directory is not run there", async () => {
    const rehearsal = await openForTest(scenarioNamed('foreign-directory'));
    const { loaded, ask } = await questionsOf(rehearsal);
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    const outcome = await rollBack(loaded, { ...stop, deadline: 1_000 }, ask);
    expect(outcome).toMatchObject({ verified: false, code: 'wrong_directory', said: undefined });
    const state = join(stop.command?.workingDirectory ?? '', '.tau/gateway/state.json');
    expect(await readFile(state, 'utf8')).toContain('running');
  });

  test('is run where the gateway is away, so that nothing shows whose directory it is', async () => {
    const rehearsal = await openForTest();
    const { loaded, ask } = await questionsOf(rehearsal, { baseUrl: 'http://127.0.0.1:1' });
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    const over = new AbortController();
    const rollingBack = rollBack(loaded, stop, { ...ask, signal: over.signal });
    await vi.waitFor(
      async () => expect(await gateway(rehearsal)).toMatchObject({ service: { service_status: 'stopped' } }),
      { timeout: 50_000 },
    );
    over.abort();
    await expect(rollingBack).rejects.toMatchObject({ name: 'AbortError' });
  });

  test('that fails is verified all the same where the gateway is stopped already', async () => {
    const { loaded, ask } = await questionsOf(await openForTest(scenarioNamed('gateway-stopped')));
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    const failing = { ...stop, command: { argv: ['false'], workingDirectory: '/', environment: [] } };
    expect(await rollBack(loaded, failing, ask)).toMatchObject({
      verified: true,
      said: { code: 'command_failed' },
    });
  });

  test('that fails is told together with what the gateway says', async () => {
    const { loaded, ask } = await questionsOf(await openForTest());
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    const argv = ['sh', '-c', 'echo "no such gateway" >&2; exit 7'];
    const failing = { ...stop, deadline: 1, command: { argv, workingDirectory: '/', environment: [] } };
    const outcome = await rollBack(loaded, { ...failing, deadline: 900 }, ask);
    expect(outcome).toMatchObject({ verified: false, code: 'not_in_effect' });
    expect(outcome.detail).toMatch(
      /gateway-status says pass .*; the step itself: command_failed: .*no such gateway/,
    );
  });

  test('is tried again until it is in effect', async () => {
    const rehearsal = await openForTest();
    const { loaded, ask } = await questionsOf(rehearsal);
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    const mark = join(await scratchFolder(), 'tried');
    // The first try only leaves a mark.
    const script = `if [ -e "$0" ]; then exec "$@"; else : > "$0"; fi`;
    const argv = ['sh', '-c', script, mark, ...(stop.command?.argv ?? [])];
    const command = { argv, workingDirectory: rehearsal.workspace, environment: [] };
    expect(await rollBack(loaded, { ...stop, command }, ask)).toMatchObject({ verified: true });
  });

  test('is not verified by a gateway that does not answer', async () => {
    const rehearsal = await openForTest();
    const { loaded, ask } = await questionsOf(rehearsal, { baseUrl: 'http://127.0.0.1:1' });
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    expect(await verifyByGate(loaded, stop, ask)).toMatchObject({ verified: false, code: 'unreachable' });
  });

  test('is not verified by a hold for another reason', async () => {
    const body = { health_state: 'failing', rollout_gate: 'hold', reason_code: 'out_of_memory' };
    const baseUrl = await serve((_request, response) => response.end(JSON.stringify(body)));
    const { loaded, ask } = await questionsOf(await openForTest(), { baseUrl });
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    const outcome = await verifyByGate(loaded, stop, ask);
    expect(outcome).toMatchObject({ verified: false, code: 'not_in_effect' });
    expect(outcome.detail).toContain('out_of_memory');
  });

  test('is not verified by a pass that names the reason', async () => {
    const body = { health_state: 'healthy', rollout_gate: 'pass', reason_code: 'service_stopped' };
    const baseUrl = await serve((_request, response) => response.end(JSON.stringify(body)));
    const { loaded, ask } = await questionsOf(await openForTest(), { baseUrl });
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    expect(await verifyByGate(loaded, stop, ask)).toMatchObject({ verified: false, code: 'not_in_effect' });
  });

  test('without verification is never verified', async () => {
    const { loaded, ask } = await questionsOf(await openForTest());
    const stop = { ...stepNamed(loaded.runbook.rollback.steps, 'gateway-stop'), verify: undefined };
    expect(await verifyByGate(loaded, stop, ask)).toMatchObject({ verified: false, code: 'no_verification' });
  });

  test('that is cancelled while it waits ends by the cancellation', async () => {
    const { loaded, ask } = await questionsOf(await openForTest());
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    const command = { argv: ['true'], workingDirectory: '/', environment: [] };
    const signal = AbortSignal.timeout(300);
    await expect(rollBack(loaded, { ...stop, command }, { ...ask, signal })).rejects.toMatchObject({
      name: expect.stringMatching(/^(?:AbortError|TimeoutError)$/) as unknown,
    });
  });
});

const promote = async (
  argv: readonly string[],
  more: Partial<PromotionStep> = {},
  workingDirectory = '/',
) => {
  const loaded = await load(smallRunbook());
  const command = { argv: [...argv], workingDirectory, environment: [] };
  const step: PromotionStep = { id: 'apply', command, repeatable: true, deadline: 10_000, ...more };
  return promoteByAction(step, asking(loaded));
};

/** A stop that stops nothing and counts its runs. */
const counting = async (actedBefore: boolean) => {
  const rehearsal = await openForTest();
  const { loaded, ask } = await questionsOf(rehearsal);
  const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
  const mark = join(await scratchFolder(), 'runs');
  const command = { argv: ['sh', '-c', 'echo ran >> "$0"', mark], workingDirectory: '/', environment: [] };
  const once = { ...stop, command, requires: undefined, repeatable: false, deadline: 2_500 };
  const outcome = await rollBack(loaded, once, ask, { actedBefore });
  return { outcome, runs: await readFile(mark, 'utf8').catch(() => '') };
};

describe('a rollback that may not be repeated', () => {
  test('acts once, and then only asks', async () => {
    const { outcome, runs } = await counting(false);
    expect(outcome).toMatchObject({ verified: false, code: 'not_in_effect' });
    expect(runs).toBe('ran\n');
  });

  test('does not act where an attempt that was lost may have', async () => {
    const { outcome, runs } = await counting(true);
    expect(outcome).toMatchObject({ verified: false, code: 'not_in_effect', said: undefined });
    expect(runs).toBe('');
  });
});

test('what a rollback knows so far is told before its time is over', async () => {
  const { loaded, ask } = await questionsOf(await openForTest());
  const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
  const command = { argv: ['true'], workingDirectory: '/', environment: [] };
  const told: RollbackOutcome[] = [];
  const over = new AbortController();
  const tell = (soFar: RollbackOutcome): void => {
    told.push(soFar);
    over.abort();
  };
  const step = { ...stop, command, requires: undefined };
  await expect(rollBack(loaded, step, { ...ask, signal: over.signal }, { tell })).rejects.toMatchObject({
    name: 'AbortError',
  });
  expect(told[0]).toMatchObject({ verified: false, code: 'not_in_effect' });
});

/** A server that answers with these statuses in turn, the last one from then on; and what it was asked. */
async function answering(...statuses: readonly number[]) {
  const asked: { method: string | undefined; headers: IncomingHttpHeaders; body: string }[] = [];
  const origin = await serve((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const status = statuses[Math.min(asked.length, statuses.length - 1)] ?? 500;
      asked.push({ method: request.method, headers: request.headers, body });
      response.writeHead(status, { location: '/elsewhere' }).end('{}');
    });
  });
  return { origin, asked };
}

const RECORD = { run: '20260102T030405678Z-5f0c2a9e', target: 'site', commit: 'a'.repeat(40) };

async function promoteByHttp(url: string, more: Partial<PromotionStep> = {}) {
  const loaded = await load(smallRunbook());
  const http = {
    method: 'POST' as const,
    url: `${url}/deploy`,
    headers: { 'x-site': 'a' },
    bearer: '${token}',
    json: { go: true },
  };
  const step: PromotionStep = { id: 'deploy', http, repeatable: true, deadline: 10_000, ...more };
  const acting = { record: RECORD, step: step.id, again: undefined };
  return promoteByAction(step, { ...asking(loaded), step: acting });
}

describe('a promotion by HTTP', () => {
  test('sends method, headers, body, bearer and a key of run and step, and is done with 2xx', async () => {
    const { origin, asked } = await answering(202);
    expect(await promoteByHttp(origin)).toMatchObject({ done: true, code: 'done', detail: '' });
    expect(asked).toHaveLength(1);
    expect(asked[0]).toMatchObject({
      method: 'POST',
      body: '{"go":true}',
      headers: {
        'x-site': 'a',
        'content-type': 'application/json',
        authorization: `Bearer ${TOKEN}`,
        'idempotency-key': `${RECORD.run}/deploy`,
      },
    });
  });

  test('that meets a fault that passes is sent again with the same key', async () => {
    const { origin, asked } = await answering(503, 429, 200);
    expect(await promoteByHttp(origin)).toMatchObject({ done: true });
    expect(asked.map(({ headers }) => headers['idempotency-key'])).toEqual(
      Array(3).fill(`${RECORD.run}/deploy`),
    );
  });

  test('that may not be repeated is sent once', async () => {
    const { origin, asked } = await answering(503, 200);
    expect(await promoteByHttp(origin, { repeatable: false })).toMatchObject({
      done: false,
      code: 'http_status_503',
      effect: 'possible',
    });
    expect(asked).toHaveLength(1);
  });

  test.each([
    { status: 404, code: 'http_status_404' },
    { status: 401, code: 'http_status_401' },
    { status: 307, code: 'http_redirect' },
  ])(
    'that is answered with $status is not sent again, and may have had an effect',
    async ({ status, code }) => {
      const { origin, asked } = await answering(status, 200);
      expect(await promoteByHttp(origin)).toMatchObject({ done: false, code, effect: 'possible' });
      expect(asked).toHaveLength(1);
    },
  );

  test('is done with an expected status alone', async () => {
    expect(await promoteByHttp((await answering(409)).origin, { expectStatus: [200, 409] })).toMatchObject({
      done: true,
    });
    expect(await promoteByHttp((await answering(202)).origin, { expectStatus: [200] })).toMatchObject({
      done: false,
      code: 'http_status_202',
      effect: 'possible',
    });
  });

  test('that no one took had no effect', async () => {
    expect(await promoteByHttp('http://127.0.0.1:1', { deadline: 600 })).toMatchObject({
      done: false,
      code: 'http_refused',
      effect: 'none',
    });
  });

  test('to an address that may not be asked had no effect', async () => {
    expect(await promoteByHttp('http://169.254.169.254')).toMatchObject({
      done: false,
      code: 'http_bad_host',
      effect: 'none',
    });
  });

  test('that was cut may have had an effect', async () => {
    const url = await serve((request) => request.socket.destroy());
    expect(await promoteByHttp(url, { deadline: 800 })).toMatchObject({
      done: false,
      code: 'http_cut',
      effect: 'possible',
    });
  });

  test('keeps no secret of what came back', async () => {
    const url = await serve((request, response) => response.end(request.headers.authorization));
    const { said } = await promoteByHttp(url);
    expect(Buffer.from(said.probed.body).toString('utf8')).toBe('Bearer [redacted:token]');
  });
});

describe('a rollback by HTTP', () => {
  test('is sent until the system says that it is in effect, whatever its status', async () => {
    let stopped = false;
    const asked: string[] = [];
    const baseUrl = await serve((request, response) => {
      if (request.method === 'POST') {
        asked.push(String(request.headers['idempotency-key']));
        stopped = asked.length > 1;
        response.writeHead(200).end();
        return;
      }
      const gate = stopped ? 'hold' : 'pass';
      response.end(
        JSON.stringify({ health_state: 'healthy', rollout_gate: gate, reason_code: 'service_stopped' }),
      );
    });
    const { loaded, ask } = await questionsOf(await openForTest(), { baseUrl });
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    const http = { method: 'POST' as const, url: `${baseUrl}/stop`, headers: {} };
    const step = { ...stop, command: undefined, requires: undefined, http };
    const acting = { record: RECORD, step: step.id, again: '2' };
    expect(await rollBack(loaded, step, { ...ask, step: acting })).toMatchObject({ verified: true });
    expect(asked).toEqual(Array(2).fill(`${RECORD.run}/gateway-stop/2`));
  });
});

describe('a promotion by command', () => {
  test('that exits with 0 is done, also where it says nothing', async () => {
    expect(await promote(['true'])).toMatchObject({ done: true, code: 'done', detail: '' });
  });

  test.each([
    { ends: 'exit 1', argv: ['false'], code: 'command_failed' },
    { ends: 'a usage error', argv: ['sh', '-c', 'exit 2'], code: 'command_usage' },
    { ends: 'a signal', argv: ['sh', '-c', 'kill -9 $$'], code: 'command_failed' },
    { ends: 'its deadline', argv: ['sleep', '30'], code: 'command_timeout', more: { deadline: 200 } },
    {
      ends: 'too much to say',
      argv: ['sh', '-c', 'yes | head -c 3000000'],
      code: 'command_output_too_large',
    },
  ])('that ran and ended in $ends may have had an effect', async ({ argv, code, more }) => {
    expect(await promote(argv, more)).toMatchObject({ done: false, code, effect: 'possible' });
  });

  test.each([
    { what: 'is not on PATH', argv: ['no-such-program-anywhere'], code: 'command_not_found' },
    { what: 'is no such file', argv: ['./no-such-program'], code: 'command_not_found' },
  ])('whose program $what had no effect', async ({ argv, code }) => {
    expect(await promote(argv)).toMatchObject({ done: false, code, effect: 'none' });
  });

  test('whose program may not be executed had no effect', async () => {
    const folder = await scratchFolder();
    await writeFile(join(folder, 'apply'), '#!/bin/sh\n', { mode: 0o644 });
    expect(await promote(['./apply'], {}, folder)).toMatchObject({
      done: false,
      code: 'command_not_executable',
      effect: 'none',
    });
  });

  test('in a directory that is not there had no effect', async () => {
    expect(await promote(['true'], {}, '/no/such/folder')).toMatchObject({
      done: false,
      code: 'working_directory_missing',
      effect: 'none',
    });
  });

  test('keeps no secret of what it printed', async () => {
    const { said } = await promote(['sh', '-c', `echo 'login ${TOKEN}'`]);
    expect(Buffer.from(said.probed.body).toString('utf8')).toBe('login [redacted:token]\n');
  });
});

describe('a repair', () => {
  test('by HTTP sends what the runbook says, with the secrets opened, once', async () => {
    const asked: { method: string | undefined; authorization: string | undefined; body: string }[] = [];
    const url = await serve((request, response) => {
      let body = '';
      request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
      request.on('end', () => {
        asked.push({ method: request.method, authorization: request.headers.authorization, body });
        response.writeHead(500).end(`failed for ${request.headers.authorization}`);
      });
    });
    const http = { method: 'POST', url, bearer: '${token}', json: { input: 'probe', key: '${token}' } };
    const loaded = await load(withRepair({ http }));
    const [repair] = loaded.runbook.remediation.repairs;
    if (repair === undefined) throw new Error('no repair');
    const said = await runRepair(repair, asking(loaded));
    expect(asked).toEqual([
      { method: 'POST', authorization: `Bearer ${TOKEN}`, body: `{"input":"probe","key":"${TOKEN}"}` },
    ]);
    expect(said.code).toBe('http_status_500');
    expect(JSON.stringify([said, Buffer.from(said.probed.body).toString('utf8')])).not.toContain(TOKEN);
  });

  test('by HTTP heals the stand-in’s cortex', async () => {
    const rehearsal = await openForTest(scenarioNamed('hold-healed'));
    const { loaded, ask } = await questionsOf(rehearsal);
    const repair = loaded.runbook.remediation.repairs.find(({ id }) => id === 'cortex-chat-probe');
    if (repair === undefined) throw new Error('no repair');
    expect(await runRepair(repair, ask)).toMatchObject({ code: 'done', detail: '' });
  });

  test('by command that fails says how, in one line', async () => {
    const loaded = await load(withRepair({ command: { argv: ['sh', '-c', 'echo broken >&2; exit 3'] } }));
    const [repair] = loaded.runbook.remediation.repairs;
    if (repair === undefined) throw new Error('no repair');
    const { code, detail } = await runRepair(repair, asking(loaded));
    expect(code).toBe('command_failed');
    expect(detail).toMatch(/exit 3: broken$/);
  });
});

const problemOf = async (argv: readonly string[], workingDirectory: string, PATH = process.env['PATH']) =>
  commandProblem({ argv: [...argv], workingDirectory, environment: [] }, { PATH });

describe('what a command needs', () => {
  test('is there for a program on PATH and for an executable file', async () => {
    const folder = await scratchFolder();
    await writeFile(join(folder, 'agent'), '#!/bin/sh\n');
    await chmod(join(folder, 'agent'), 0o755);
    expect(await problemOf(['sh'], folder)).toBeUndefined();
    expect(await problemOf(['./agent'], folder)).toBeUndefined();
    expect(await problemOf([join(folder, 'agent')], '/')).toBeUndefined();
    expect(await problemOf(['agent'], '/', folder)).toBeUndefined();
  });

  test('is told in one line where it is missing', async () => {
    const folder = await scratchFolder();
    await writeFile(join(folder, 'notes.txt'), 'not a program');
    await mkdir(join(folder, 'sub'));
    const missing = 'is not there: install it or check PATH';
    expect(await problemOf(['agent'], folder)).toBe(`the command agent ${missing}`);
    expect(await problemOf(['./agent'], folder)).toBe(`the command ./agent ${missing}`);
    expect(await problemOf(['agent'], folder, undefined)).toBe(`the command agent ${missing}`);
    expect(await problemOf(['sh'], join(folder, 'gone'))).toMatch(
      /gone is no directory: check the working directory$/,
    );
    expect(await problemOf(['./notes.txt'], folder)).toMatch(/^the command \.\/notes\.txt .*executed/);
    expect(await problemOf(['./sub'], folder)).toMatch(/^the command \.\/sub /);
    expect(await problemOf([], folder)).toMatch(/command/);
  });

  test('are also the files without which it would act on nothing that lives', async () => {
    const { loaded } = await questionsOf(await openForTest());
    const stop = stepNamed(loaded.runbook.rollback.steps, 'gateway-stop');
    expect(await missingFiles(stop)).toEqual([]);
    const elsewhere = await scratchFolder();
    const command = { argv: ['true'], workingDirectory: elsewhere, environment: [] };
    expect(await missingFiles({ ...stop, command })).toEqual([join(elsewhere, '.tau/gateway/state.json')]);
    expect(
      await readFile(
        join(loaded.runbook.prerequisites[0]?.command.workingDirectory ?? '', '.tau/gateway/state.json'),
        'utf8',
      ),
    ).not.toBe('');
  });
});
