import { ok, wrong, type DoctorFinding } from '../../domain/doctor/finding.js';
import { oneLine } from '../../domain/text.js';
import { findOnPath } from '../find-on-path.js';
import { runProcess } from '../process.js';

interface Tool {
  readonly name: string;
  /** What says its version: ssh-keygen, which comes with ssh, does not say its own. */
  readonly ask: readonly [command: string, argument: string];
  readonly version: RegExp;
  readonly oldest: readonly [major: number, minor: number];
  readonly install: string;
}

const GIT: Tool = {
  name: 'git',
  ask: ['git', '--version'],
  version: /git version (\d+)\.(\d+)/,
  oldest: [2, 38],
  install: 'install git 2.38 or newer, or correct PATH',
};
const SSH_KEYGEN: Tool = {
  name: 'ssh-keygen',
  ask: ['ssh', '-V'],
  version: /OpenSSH_(\d+)\.(\d+)/,
  oldest: [9, 1],
  install: 'install OpenSSH 9.1 or newer, or correct PATH',
};

export interface ToolsNeeded {
  /** A git step is in a runbook. */
  readonly git: boolean;
  /** A runbook takes signed statements. */
  readonly signatures: boolean;
}

/** Whether git and OpenSSH are there and new enough, where a runbook needs them. */
export async function examineTools(
  searchPath: string,
  { git, signatures }: ToolsNeeded,
): Promise<readonly DoctorFinding[]> {
  const needed = [...(git ? [GIT] : []), ...(signatures ? [SSH_KEYGEN] : [])];
  if (needed.length === 0) return [ok('tools', 'PATH', 'no runbook needs git or ssh-keygen')];
  return Promise.all(needed.map((tool) => examineTool(tool, searchPath)));
}

async function examineTool(
  { name, ask: [command, argument], version, oldest, install }: Tool,
  searchPath: string,
): Promise<DoctorFinding> {
  const path = await findOnPath(name, searchPath);
  const asked = await findOnPath(command, searchPath);
  if (path === undefined || asked === undefined)
    return wrong('tools', 'PATH', `${path === undefined ? name : command} is not there`, install);
  const end = await runProcess({
    command: asked,
    args: [argument],
    env: { PATH: searchPath, LC_ALL: 'C' },
    input: undefined,
    deadlineMs: 5_000,
    maxOutputBytes: 4_096,
    signal: undefined,
  });
  const said = end.kind === 'exited' ? `${end.stdout}${end.stderr}` : '';
  const [, major, minor] = version.exec(said) ?? [];
  if (major === undefined || minor === undefined)
    return wrong('tools', path, `its version can't be told: ${oneLine(said, 80) || end.kind}`, install);
  const isOld = Number(major) < oldest[0] || (Number(major) === oldest[0] && Number(minor) < oldest[1]);
  const shown = `${name} ${major}.${minor}`;
  return isOld
    ? wrong('tools', path, `${shown}: older than ${oldest.join('.')}`, install)
    : ok('tools', path, shown);
}
