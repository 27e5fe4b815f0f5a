import { existsSync } from 'node:fs';
import { execFileSync } from 'node:child_process';
import { readFile, readdir, rm, writeFile } from 'node:fs/promises';
import { basename, dirname, join } from 'node:path';

import { request } from 'undici';
import { expect } from 'vitest';
import { z } from 'zod';

import { applyCondition, writeHealthyState } from '../../src/rehearsal/condition.js';
import type { Stage } from './stage.js';

/** What tests do to the rehearsal Tau, its remote and the evidence behind the pipeline's back. */

export async function changeRunbook({ rehearsal }: Stage, from: string, to: string): Promise<void> {
  const text = await readFile(rehearsal.runbookFile, 'utf8');
  if (!text.includes(from)) throw new Error(`the runbook has no ${from}`);
  await writeFile(rehearsal.runbookFile, text.replace(from, to));
}

const gatewayAnswer = z.object({ service: z.record(z.string(), z.unknown()) });

export async function gatewayStatus({
  rehearsal,
}: Pick<Stage, 'rehearsal'>): Promise<z.infer<typeof gatewayAnswer>> {
  const headers = { authorization: `Bearer ${rehearsal.token}` };
  const { body } = await request(`${rehearsal.baseUrl}/gateway/status`, { headers });
  return gatewayAnswer.parse(await body.json());
}

export function stopGateway(stage: Stage): void {
  agent(stage, '--gateway-service-stop', '--gateway-service-stop-reason', 'emergency_rollback');
}

export function startGateway(stage: Stage): void {
  agent(stage, '--gateway-service-start');
}

function agent({ rehearsal }: Stage, ...args: readonly string[]): void {
  execFileSync(rehearsal.command, ['--gateway-state-dir', '.tau/gateway', ...args], {
    cwd: rehearsal.workspace,
  });
}

export function breakDeployment({ rehearsal }: Stage): void {
  applyCondition(rehearsal.workspace, { deployment: 'degraded' }, Date.now());
}

/** Whatever failed before, all of Tau is healthy afterwards. */
export async function repairTau({ rehearsal: { workspace } }: Stage): Promise<void> {
  await rm(join(workspace, '.tau/events'), { recursive: true, force: true });
  applyCondition(workspace, { cortex: 'missing' }, Date.now());
  writeHealthyState(workspace, Date.now());
}

export function git({ rehearsal }: Pick<Stage, 'rehearsal'>, ...args: readonly string[]): string {
  const env = { ...process.env, GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', ...AUTHOR };
  return execFileSync('git', ['-C', rehearsal.remote, ...args], { encoding: 'utf8', env }).trim();
}

const AUTHOR = {
  GIT_AUTHOR_NAME: 'Author',
  GIT_AUTHOR_EMAIL: 'author@example.org',
  GIT_COMMITTER_NAME: 'Author',
  GIT_COMMITTER_EMAIL: 'author@example.org',
};

export function branchTip(stage: Pick<Stage, 'rehearsal'>): string {
  return git(stage, 'rev-parse', `refs/heads/${stage.rehearsal.branch}`);
}

export function treeOf(stage: Pick<Stage, 'rehearsal'>, commit: string): string {
  return git(stage, 'rev-parse', `${commit}^{tree}`);
}

/** A child of the commit that was promoted, with a tree of its own. */
export function nextCommit(stage: Stage): string {
  const { commit } = stage.rehearsal;
  const next = git(
    stage,
    'commit-tree',
    `${stage.rehearsal.formerTip}^{tree}`,
    '-p',
    commit,
    '-m',
    'Serve version 3',
  );
  git(stage, 'update-ref', 'refs/heads/main', next);
  return next;
}

/** The gateway's own answer says stopped, and the branch has the tree that it had before. */
export async function expectRolledBack(stage: Pick<Stage, 'rehearsal'>): Promise<void> {
  const { service } = await gatewayStatus(stage);
  expect(service).toMatchObject({
    service_status: 'stopped',
    rollout_gate: 'hold',
    rollout_reason_code: 'service_stopped',
    service_last_stop_reason: 'emergency_rollback',
  });
  expect(treeOf(stage, branchTip(stage))).toBe(treeOf(stage, stage.rehearsal.formerTip));
}

/** A file of a run's evidence, parsed. */
export async function evidence({ config }: Stage, folder: string, path: string): Promise<unknown> {
  return JSON.parse(await readFile(join(config.evidenceDir, folder, path), 'utf8'));
}

/** Removes what matches from a run's evidence, as a person with the disk in hand could. */
export async function removeEvidence({ config }: Stage, folder: string, name: RegExp): Promise<void> {
  const files = await readdir(join(config.evidenceDir, folder), { recursive: true });
  const matching = files.filter((file) => name.test(file));
  if (matching.length === 0) throw new Error(`no evidence matches ${String(name)}`);
  for (const file of matching) await rm(join(config.evidenceDir, folder, file));
}

/** Takes the runs away that nobody sealed. */
export async function removeUnsealed({ config }: Stage): Promise<void> {
  if (!existsSync(config.evidenceDir)) return;
  const files = await readdir(config.evidenceDir, { recursive: true });
  const opened = files.filter((file) => basename(file) === 'run.json').map(dirname);
  for (const folder of opened)
    if (!files.includes(join(folder, 'manifest.json')))
      await rm(join(config.evidenceDir, folder), { recursive: true });
}
