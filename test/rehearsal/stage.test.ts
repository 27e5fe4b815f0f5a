// Proves what a rehearsal sets up: the remote, the runbook and the scenarios' turns. What each scenario leads to is proven
// end to end elsewhere.
import { readFile, stat } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';
import { expect, test } from 'vitest';
import { parse, parseDocument } from 'yaml';

import { consistentRunbook } from '../../src/contracts/runbook-rules.js';
import { openRehearsal } from '../../src/rehearsal/rehearsal.js';
import { rehearsalRunbook } from '../../src/rehearsal/rehearsal-runbook.js';
import type { Scenario } from '../../src/rehearsal/scenario.js';
import { SCENARIOS, scenarioNamed } from '../../src/rehearsal/scenarios.js';
import { REHEARSAL_TIMINGS } from '../../src/rehearsal/timings.js';
import {
  DEPLOYMENT_STATUS,
  SHIPPED_RUNBOOK,
  SUMMARY,
  gateway,
  git,
  openForTest,
  promoteByHand,
  run,
} from './stand-in.js';

test('the environment branch is one commit behind what is to be promoted', async () => {
  const { remote, branch, commit, formerTip } = await openForTest();
  expect(await git(remote, ['rev-parse', `refs/heads/${branch}`, 'refs/heads/main'])).toBe(
    `${formerTip}\n${commit}`,
  );
  expect(await git(remote, ['rev-list', commit])).toBe(`${commit}\n${formerTip}`);
  expect(await git(remote, ['diff', '--stat', formerTip, commit])).toContain('VERSION');
  await git(remote, ['fsck', '--strict']);
});

test('the command is an executable without white space in its path', async () => {
  const { command, environment } = await openForTest();
  expect((await stat(command)).mode & 0o777).toBe(0o755);
  expect(environment['TAU_OPERATOR_COMMAND']).toBe(command);
  expect(command).not.toMatch(/\s/);
});

test('a folder that could not hold a rehearsal is refused', async () => {
  const { workspace, command, runbookFile } = await openForTest();
  const options = { nodePath: process.execPath, agentScript: command, shippedRunbook: runbookFile };
  const scenario: Scenario = {
    name: 'test',
    description: 'A test.',
    expected: { end: 'promoted', exitCode: 0 },
  };
  await expect(
    openRehearsal({ ...options, scenario, folder: `${workspace}/with space` }),
  ).rejects.toMatchObject({
    code: 'folder_unusable',
  });
  await expect(openRehearsal({ ...options, scenario, folder: workspace })).rejects.toMatchObject({
    code: 'folder_unusable',
  });
});

test.each(SCENARIOS)('the runbook of $name is valid and keeps the shipped comments', async (scenario) => {
  const shipped = await readFile(SHIPPED_RUNBOOK, 'utf8');
  const timings = { ...REHEARSAL_TIMINGS, ...scenario.timings };
  const text = rehearsalRunbook(shipped, timings, scenario.runbook, '/elsewhere');
  expect(parseDocument(text).errors).toEqual([]);
  expect(consistentRunbook.safeParse(parse(text))).toMatchObject({
    success: true,
    data: {
      watch: { window: timings.watchWindowMs, interval: timings.watchIntervalMs },
      remediation: { manual: { deadline: timings.manualDeadlineMs } },
      rollback: { confirmAfter: timings.confirmAfterMs },
    },
  });
  for (const comment of shipped.match(/^ *#.*$/gm) ?? []) expect(text).toContain(comment.trim());
});

test('scenarios have names of their own', () => {
  const names = SCENARIOS.map(({ name }) => name);
  expect(new Set(names).size).toBe(names.length);
  expect(names.map((name) => scenarioNamed(name)?.name)).toEqual(names);
  expect(scenarioNamed('no-such-scenario')).toBeUndefined();
});

test('a turn is taken by whichever side is asked first, and only after the branch moved', async () => {
  const rehearsal = await openForTest({ turns: [{ after: 'branch-moved', into: { events: 'unparsable' } }] });
  const healthOfSummary = async (): Promise<unknown> => JSON.parse((await run(rehearsal, SUMMARY)).stdout);
  expect(await healthOfSummary()).toMatchObject({ health_state: 'healthy' });
  expect(await gateway(rehearsal)).toMatchObject({ events: { health_state: 'healthy' } });
  await promoteByHand(rehearsal);
  expect(await healthOfSummary()).toMatchObject({ reason_codes: ['events:state_unavailable'] });
  // The misleading pass: the service's gate says pass while the events fail and hold.
  expect(await gateway(rehearsal)).toMatchObject({
    events: { health_state: 'failing', rollout_gate: 'hold' },
    service: { rollout_gate: 'pass', rollout_reason_code: 'guardrail_checks_passing' },
  });
});

test('a branch whose ref is packed is still seen to move', async () => {
  const rehearsal = await openForTest({
    turns: [{ after: 'branch-moved', into: { daemon: 'not-running' } }],
  });
  await git(rehearsal.remote, ['pack-refs', '--all']);
  expect(JSON.parse((await run(rehearsal, SUMMARY)).stdout)).toMatchObject({ rollout_gate: 'pass' });
  await promoteByHand(rehearsal);
  await git(rehearsal.remote, ['pack-refs', '--all']);
  expect(JSON.parse((await run(rehearsal, SUMMARY)).stdout)).toMatchObject({ rollout_gate: 'hold' });
});

test('a summary that lags behind passes while the deployment is degraded', async () => {
  const rehearsal = await openForTest({ begins: { deployment: 'degraded', summaryLags: true } });
  expect(JSON.parse((await run(rehearsal, SUMMARY)).stdout)).toMatchObject({ rollout_gate: 'pass' });
  expect(JSON.parse((await run(rehearsal, DEPLOYMENT_STATUS)).stdout)).toMatchObject({
    health_state: 'degraded',
  });
});

test('a rival wins the first push to the branch and no other', async () => {
  const rehearsal = await openForTest({ rival: true });
  const { remote, branch, commit, formerTip } = rehearsal;
  const ref = `refs/heads/${branch}`;
  const clone = join(rehearsal.workspace, 'clone.git');
  await execa('git', ['clone', '--quiet', '--bare', remote, clone]);
  const push = (tip: string, expected: string): Promise<{ readonly failed: boolean }> =>
    execa(
      'git',
      [
        '--git-dir',
        clone,
        'push',
        '--atomic',
        `--force-with-lease=${ref}:${expected}`,
        remote,
        `${tip}:${ref}`,
      ],
      {
        reject: false,
      },
    );
  await execa('git', ['--git-dir', clone, 'push', '--dry-run', remote, `${commit}:${ref}`]);
  expect(await git(remote, ['rev-parse', ref])).toBe(formerTip);
  expect(await push(commit, formerTip)).toMatchObject({ failed: true });
  const rival = await git(remote, ['rev-parse', ref]);
  expect([commit, formerTip]).not.toContain(rival);
  expect(await git(remote, ['rev-parse', `${rival}^`])).toBe(formerTip);
  expect(await push(commit, rival)).toMatchObject({ failed: false });
});
