import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { onTestFinished } from 'vitest';
import { stringify } from 'yaml';

import { InputError } from '../../../src/contracts/input-error.js';
import { loadRunbook, type Extent, type LoadedRunbook } from '../../../src/adapters/runbook/load.js';
import type { VariableSources } from '../../../src/adapters/runbook/variables.js';

export const APPROVER_A = 'approver-a@example.org';
export const APPROVER_B = 'approver-b@example.org';
export const REQUESTER = 'requester@example.org';
export const TOKEN = 'correct-horse-battery-staple';

/** A folder that is gone when the test is. */
export async function scratchFolder(): Promise<string> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-adapters-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true }));
  return folder;
}

export type Written = Readonly<Record<string, unknown>>;

export const GATEWAY_GATE = {
  id: 'gateway-status',
  http: { url: '${baseUrl}/gateway/status', bearer: '${token}' },
  reader: 'tau-gateway-status',
  expect: { health: 'healthy', gate: 'pass' },
  deadline: '500ms',
};

const VARIABLES = {
  baseUrl: { env: 'SMALL_BASE_URL', default: 'http://127.0.0.1:9' },
  token: { env: 'SMALL_TOKEN', secret: true },
  remote: { env: 'SMALL_REMOTE', default: '/nowhere/remote.git' },
};

const GIT_STEP = {
  id: 'environment-branch',
  git: { remote: '${remote}', branch: 'production' },
};

export const TRIGGERS = { repeatedFailing: { gates: ['gateway-status'], rounds: 2 } };

/** The least runbook that asks, promotes by git and reverts; a key of `changes` replaces the whole key. */
export function smallRunbook(changes: Written = {}): Written {
  return {
    v: 1,
    name: 'small',
    variables: VARIABLES,
    gates: [GATEWAY_GATE],
    approval: { approvers: [APPROVER_A, APPROVER_B] },
    promotion: { steps: [GIT_STEP] },
    rollback: {
      triggers: TRIGGERS,
      steps: [{ id: 'deployment-revert', gitRevert: { step: 'environment-branch' } }],
    },
    ...changes,
  };
}

/** The small runbook with further variables. */
export function withVariables(variables: Written, changes: Written = {}): Written {
  return smallRunbook({ variables: { ...VARIABLES, ...variables }, ...changes });
}

/** The small runbook with one repair that carries texts where they may and may not stand. */
export function withRepair(repair: Written, variables: Written = {}): Written {
  const id = { id: 'repair', helps: { 'gateway-status': ['service_stopped'] } };
  return withVariables(variables, { remediation: { repairs: [{ ...id, ...repair }] } });
}

export interface Loading {
  readonly set?: Readonly<Record<string, string>>;
  readonly environment?: Readonly<Record<string, string | undefined>>;
  readonly extent?: Extent;
  readonly workingDirectory?: string;
}

export function sourcesOf({ set = {}, environment = {} }: Loading): VariableSources {
  return { set, environment: { PATH: process.env['PATH'], SMALL_TOKEN: TOKEN, ...environment } };
}

/** Writes the runbook into a file and loads that. */
export async function load(runbook: Written | string, loading: Loading = {}): Promise<LoadedRunbook> {
  const file = join(await scratchFolder(), 'runbook.yaml');
  await writeFile(
    file,
    typeof runbook === 'string' ? runbook : stringify(runbook, { aliasDuplicateObjects: false }),
  );
  const { extent = 'all', workingDirectory = '/' } = loading;
  return loadRunbook(file, sourcesOf(loading), extent, workingDirectory);
}

/** The code and the lines that a person is told. Fails where the work succeeds or throws anything else. */
export async function refusalOf(
  work: Promise<unknown>,
): Promise<{ readonly code: string; readonly problems: readonly string[] }> {
  const error: unknown = await work.then(
    () => undefined,
    (reason: unknown) => reason,
  );
  if (!(error instanceof InputError)) throw new Error('no InputError was thrown', { cause: error });
  return { code: error.code, problems: error.problems };
}
