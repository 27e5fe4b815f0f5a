import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { execa } from 'execa';
import { onTestFinished } from 'vitest';

import { applyCondition, type Condition } from '../../src/rehearsal/condition.js';
import { openRehearsal, type Rehearsal } from '../../src/rehearsal/rehearsal.js';
import type { Scenario } from '../../src/rehearsal/scenario.js';

const PROJECT = join(import.meta.dirname, '../..');
export const SHIPPED_RUNBOOK = join(PROJECT, 'runbooks/operator-readiness.yaml');

const HEALTHY: Scenario = {
  name: 'test',
  description: 'A test.',
  expected: { end: 'promoted', exitCode: 0 },
};

/** A scenario on a real loopback port with real processes and real git, gone when the test is. */
export async function openForTest(scenario: Partial<Scenario> = {}): Promise<Rehearsal> {
  const folder = await mkdtemp(join(tmpdir(), 'rehearsal-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  const rehearsal = await openRehearsal({
    scenario: { ...HEALTHY, ...scenario },
    folder: join(folder, 'stage'),
    nodePath: process.execPath,
    agentScript: join(PROJECT, 'dist/src/rehearsal/tau-coding-agent.js'),
    shippedRunbook: SHIPPED_RUNBOOK,
  });
  onTestFinished(() => rehearsal.close());
  return rehearsal;
}

export function meet(rehearsal: Rehearsal, condition: Condition): void {
  applyCondition(rehearsal.workspace, condition, Date.now());
}

export interface CommandAnswer {
  readonly exitCode: number | undefined;
  readonly stdout: string;
  readonly stderr: string;
}

export async function run(
  rehearsal: Rehearsal,
  args: readonly string[],
  cwd = rehearsal.workspace,
): Promise<CommandAnswer> {
  const { exitCode, stdout, stderr } = await execa(rehearsal.command, args, {
    cwd,
    reject: false,
    stripFinalNewline: false,
  });
  return { exitCode, stdout, stderr };
}

export const STOP = ['--gateway-state-dir', '.tau/gateway', '--gateway-service-stop'] as const;
export const START = ['--gateway-state-dir', '.tau/gateway', '--gateway-service-start'] as const;
export const SUMMARY = ['--operator-control-summary', '--operator-control-summary-json'] as const;
export const DEPLOYMENT_STATUS = [
  '--deployment-state-dir',
  '.tau/deployment',
  '--deployment-status-inspect',
  '--deployment-status-json',
] as const;
export const DEPLOYMENT_TRANSPORT = [
  '--deployment-state-dir',
  '.tau/deployment',
  '--transport-health-inspect',
  'deployment',
  '--transport-health-json',
] as const;

export function ask(
  rehearsal: Rehearsal,
  path: string,
  init: Pick<RequestInit, 'method' | 'body' | 'signal'> = {},
  token = rehearsal.token,
): Promise<Response> {
  return fetch(`${rehearsal.baseUrl}${path}`, {
    ...init,
    headers: { authorization: `Bearer ${token}` },
  });
}

export async function gateway(rehearsal: Rehearsal): Promise<unknown> {
  return (await ask(rehearsal, '/gateway/status')).json();
}

export async function git(repository: string, args: readonly string[]): Promise<string> {
  const { stdout } = await execa('git', ['--git-dir', repository, ...args]);
  return stdout;
}

/** What a push does to a bare repository, as the stand-in sees it. */
export function promoteByHand(rehearsal: Rehearsal): Promise<string> {
  return git(rehearsal.remote, ['update-ref', `refs/heads/${rehearsal.branch}`, rehearsal.commit]);
}
