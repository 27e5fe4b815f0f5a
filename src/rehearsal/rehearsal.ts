import { randomBytes } from 'node:crypto';
import { chmod, cp, mkdir, readFile, readdir, writeFile } from 'node:fs/promises';
import { join, resolve } from 'node:path';

import { applyCondition, writeHealthyState } from './condition.js';
import { createEnvironmentRemote, type EnvironmentRemote } from './environment-remote.js';
import { RehearsalError } from './error.js';
import { rehearsalRunbook } from './rehearsal-runbook.js';
import type { Scenario } from './scenario.js';
import { writeScript, type Script } from './script.js';
import { serveStandIn } from './server.js';
import { REHEARSAL_TIMINGS, type Timings } from './timings.js';

export const REHEARSAL_REQUESTER = 'requester@rehearsal';
export const REHEARSAL_APPROVER = 'approver@rehearsal';

export interface RehearsalOptions {
  readonly scenario: Scenario;
  /** Created where it is missing; must be empty. */
  readonly folder: string;
  /** A free one where it is left out. */
  readonly port?: number | undefined;
  /** What runs the agent script. */
  readonly nodePath: string;
  /** `tau-coding-agent.js` of the built stand-in. */
  readonly agentScript: string;
  /** Path of the shipped runbook. */
  readonly shippedRunbook: string;
  readonly overrides?: Partial<Timings> | undefined;
}

export interface Rehearsal {
  /** The live Tau's working directory. */
  readonly workspace: string;
  readonly baseUrl: string;
  readonly token: string;
  /** Path of the executable `tau-coding-agent`; holds no white space. */
  readonly command: string;
  readonly remote: string;
  readonly branch: string;
  /** What is to be promoted. */
  readonly commit: string;
  readonly formerTip: string;
  readonly runbookFile: string;
  /** The variables that the runbook reads. */
  readonly environment: Readonly<Record<string, string>>;
  /** Stops the server and leaves the folder. */
  close(): Promise<void>;
}

/** Sets up one scenario: a remote to promote in, a Tau to ask, and the runbook that does both. */
export async function openRehearsal(options: RehearsalOptions): Promise<Rehearsal> {
  const { scenario } = options;
  const folder = await emptyFolder(options.folder);
  const workspace = join(folder, 'workspace');
  const elsewhere = join(folder, 'elsewhere');
  const remote = await createEnvironmentRemote(join(folder, 'remote.git'), scenario.rival === true);
  const script = await setStage(scenario, remote, workspace, elsewhere);
  const command = await writeCommand(join(folder, 'bin'), options);
  const runbookFile = join(folder, 'operator-readiness.yaml');
  const timings = { ...REHEARSAL_TIMINGS, ...scenario.timings, ...options.overrides };
  const shipped = await readFile(options.shippedRunbook, 'utf8');
  await writeFile(runbookFile, rehearsalRunbook(shipped, timings, scenario.runbook, elsewhere));

  const token = randomBytes(24).toString('hex');
  const faults = scenario.faults ?? [];
  const server = await serveStandIn({ workspace, token, script, faults, port: options.port ?? 0 });
  const { baseUrl } = server;
  return {
    workspace,
    baseUrl,
    token,
    command,
    remote: remote.repository,
    branch: remote.branch,
    commit: remote.commit,
    formerTip: remote.formerTip,
    runbookFile,
    environment: {
      TAU_OPERATOR_BASE_URL: baseUrl,
      TAU_OPERATOR_AUTH_TOKEN: token,
      TAU_OPERATOR_COMMAND: command,
      TAU_OPERATOR_WORKING_DIRECTORY: workspace,
      TAU_PROMOTION_REMOTE: remote.repository,
      TAU_PROMOTION_BRANCH: remote.branch,
      TAU_PROMOTION_APPROVERS: REHEARSAL_APPROVER,
    },
    close: () => server.close(),
  };
}

async function emptyFolder(path: string): Promise<string> {
  const folder = resolve(path);
  if (/\s/.test(folder))
    throw new RehearsalError(
      'folder_unusable',
      `${folder}: TAU_OPERATOR_COMMAND is split at white space: choose a folder without`,
    );
  await mkdir(folder, { recursive: true });
  if ((await readdir(folder)).length > 0)
    throw new RehearsalError(
      'folder_unusable',
      `${folder} is not empty: a rehearsal needs a folder of its own`,
    );
  return folder;
}

const ANOTHER_STARTED_MS = 60_000;

/** Tau's state as the scenario begins. The other directory has a state too, but takes no part in the scenario. */
async function setStage(
  scenario: Scenario,
  remote: EnvironmentRemote,
  workspace: string,
  elsewhere: string,
): Promise<Script> {
  const now = Date.now();
  writeHealthyState(workspace, now);
  await cp(workspace, elsewhere, { recursive: true });
  if (scenario.elsewhere === 'another-gateway') writeHealthyState(elsewhere, now - ANOTHER_STARTED_MS);
  applyCondition(workspace, scenario.begins ?? {}, now);
  const script: Script = {
    v: 1,
    remote: remote.repository,
    branch: remote.branch,
    formerTip: remote.formerTip,
    turns: scenario.turns ?? [],
    delayMs: scenario.delayMs ?? 0,
  };
  writeScript(workspace, script);
  return script;
}

async function writeCommand(folder: string, { nodePath, agentScript }: RehearsalOptions): Promise<string> {
  const command = join(folder, 'tau-coding-agent');
  await mkdir(folder, { recursive: true });
  await writeFile(command, `#!/bin/sh\nexec ${quoted(nodePath)} ${quoted(resolve(agentScript))} "$@"\n`);
  await chmod(command, 0o755);
  return command;
}

function quoted(word: string): string {
  return `'${word.replaceAll("'", String.raw`'\''`)}'`;
}
