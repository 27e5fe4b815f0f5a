// Proves that the stand-in's command behaves like Tau's where a pipeline could be misled: what it prints, its exit codes,
// and what a stop does and does not do.
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, onTestFinished, test } from 'vitest';

import { recordedText } from '../tau/recordings.js';
import {
  DEPLOYMENT_STATUS,
  DEPLOYMENT_TRANSPORT,
  START,
  STOP,
  SUMMARY,
  ask,
  gateway,
  meet,
  openForTest,
  run,
} from './stand-in.js';

const keysOf = (line: string): readonly string[] => [...line.matchAll(/(\w+)=/g)].map(([, key]) => key ?? '');

test('stop and start print one line with the recorded keys', async () => {
  const rehearsal = await openForTest();
  const stop = await run(rehearsal, [...STOP, '--gateway-service-stop-reason', 'emergency_rollback']);
  const start = await run(rehearsal, START);
  expect([stop.exitCode, stop.stderr, start.exitCode, start.stderr]).toEqual([0, '', 0, '']);
  expect(keysOf(stop.stdout)).toEqual(keysOf(recordedText('rollback/stop.stdout')));
  expect(keysOf(start.stdout)).toEqual(keysOf(recordedText('rollback/start.stdout')));
  expect(stop.stdout.split('\n')).toHaveLength(2);
});

test('a stopped gateway holds, stays healthy and answers on; a start heals it and keeps the reason', async () => {
  const rehearsal = await openForTest();
  await run(rehearsal, [...STOP, '--gateway-service-stop-reason', 'emergency_rollback']);
  expect(await gateway(rehearsal)).toMatchObject({
    events: { health_state: 'healthy' },
    service: {
      service_status: 'stopped',
      rollout_gate: 'hold',
      rollout_reason_code: 'service_stopped',
      service_last_stop_reason: 'emergency_rollback',
    },
  });
  expect(JSON.parse((await run(rehearsal, SUMMARY)).stdout)).toMatchObject({
    reason_codes: ['gateway:service_stopped'],
  });
  await run(rehearsal, START);
  expect(await gateway(rehearsal)).toMatchObject({
    service: {
      service_status: 'running',
      rollout_gate: 'pass',
      service_last_stop_reason: 'emergency_rollback',
    },
  });
});

test('a second stop overwrites the reason', async () => {
  const rehearsal = await openForTest();
  await run(rehearsal, [...STOP, '--gateway-service-stop-reason', 'first']);
  const again = await run(rehearsal, STOP);
  expect(again.exitCode).toBe(0);
  expect(again.stdout).toContain(' last_stop_reason=operator_requested ');
});

test('a stop in the wrong directory succeeds, creates a state there, and the live gateway stays up', async () => {
  const rehearsal = await openForTest();
  const wrong = await mkdtemp(join(tmpdir(), 'rehearsal-wrong-'));
  onTestFinished(() => rm(wrong, { recursive: true, force: true }));
  const stop = await run(rehearsal, STOP, wrong);
  expect(stop.exitCode).toBe(0);
  expect(stop.stdout).toContain(' service_status=stopped ');
  expect(await readFile(join(wrong, '.tau/gateway/state.json'), 'utf8')).toContain('"stopped"');
  expect(await gateway(rehearsal)).toMatchObject({
    service: { service_status: 'running', rollout_gate: 'pass' },
  });
});

test('without a deployment state both steps say why on stderr, print nothing and exit 1', async () => {
  const rehearsal = await openForTest();
  meet(rehearsal, { deployment: 'missing' });
  expect(await run(rehearsal, DEPLOYMENT_STATUS)).toEqual(noState('deployment-status'));
  expect(await run(rehearsal, DEPLOYMENT_TRANSPORT)).toEqual(noState('deployment-transport-health'));
});

test('the operator summary passes while the gateway is down, for it reads local files', async () => {
  const rehearsal = await openForTest();
  await rehearsal.close();
  await expect(ask(rehearsal, '/gateway/status')).rejects.toThrow('fetch failed');
  expect(JSON.parse((await run(rehearsal, SUMMARY)).stdout)).toMatchObject({
    health_state: 'healthy',
    rollout_gate: 'pass',
  });
});

test('a question without its json flag is answered with text', async () => {
  const rehearsal = await openForTest();
  const { stdout } = await run(rehearsal, ['--operator-control-summary']);
  expect(stdout).toContain('health_state=healthy rollout_gate=pass');
});

test('help exits 0, and a usage error exits 2 with the usage on stderr', async () => {
  const rehearsal = await openForTest();
  const wrong: readonly (readonly string[])[] = [
    [],
    ['--no-such-option'],
    ['--gateway-service-stop-reason'],
    [...START, '--gateway-service-stop'],
    ['--transport-health-inspect', 'carrier-pigeon'],
  ];
  const usage: unknown = expect.stringContaining('Usage: tau-coding-agent');
  expect(await run(rehearsal, ['--help'])).toEqual({ exitCode: 0, stdout: usage, stderr: '' });
  expect(await Promise.all(wrong.map((args) => run(rehearsal, args)))).toEqual(
    wrong.map(() => ({ exitCode: 2, stdout: '', stderr: usage })),
  );
  expect(await gateway(rehearsal)).toMatchObject({ service: { service_status: 'running' } });
});

function noState(step: string): object {
  return { exitCode: 1, stdout: '', stderr: recordedText(`deployment-missing/${step}.stderr`) };
}
