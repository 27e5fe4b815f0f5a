import { chmod, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { execa } from 'execa';

import { RehearsalError } from './error.js';

/** A bare repository with an environment branch at commit A and a branch `main` with commit B on top of it. */
export interface EnvironmentRemote {
  readonly repository: string;
  readonly branch: string;
  /** B. */
  readonly commit: string;
  /** A. */
  readonly formerTip: string;
}

const BRANCH = 'production';
/** Keeps the rival's commit until its hook needs it. */
const RIVAL_REF = 'refs/rehearsal/rival';

export async function createEnvironmentRemote(
  repository: string,
  rival: boolean,
): Promise<EnvironmentRemote> {
  await git(repository, ['init', '--quiet', '--bare', '--initial-branch=main']);
  const history = [
    commit(1, `refs/heads/${BRANCH}`, 'Serve version 1', '1'),
    commit(2, 'refs/heads/main', 'Serve version 2', '2', 1),
    ...(rival ? [commit(3, RIVAL_REF, 'Hotfix by somebody else', '1.1', 1)] : []),
    ...(rival ? [1, 2, 3] : [1, 2]).map((mark) => `get-mark :${mark}\n`),
  ];
  // One process for the whole history: no work tree, and no process a commit.
  const hashes = await git(repository, ['fast-import', '--quiet'], history.join(''));
  const [formerTip = '', tip = '', rivalTip = ''] = hashes.split('\n');
  if (rival) await letRivalWin(repository, formerTip, rivalTip);
  return { repository, branch: BRANCH, commit: tip, formerTip };
}

/** Deaf to the user's own git settings. */
async function git(repository: string, args: readonly string[], input = ''): Promise<string> {
  const env = { GIT_CONFIG_NOSYSTEM: '1', GIT_CONFIG_GLOBAL: '/dev/null', GIT_OBJECT_DIRECTORY: undefined };
  try {
    const { stdout } = await execa('git', ['--git-dir', repository, ...args], { input, env });
    return stdout;
  } catch (error) {
    throw new RehearsalError('git_failed', `git ${args[0]} failed in ${repository}`, error);
  }
}

/** A commit in the language of `git fast-import`. Its time is fixed, so that its hash is. */
function commit(mark: number, ref: string, message: string, version: string, parent?: number): string {
  return [
    `commit ${ref}`,
    `mark :${mark}`,
    'committer Rehearsal <rehearsal@example.invalid> 1767323045 +0000',
    data(message),
    ...(parent === undefined ? [] : [`from :${parent}`]),
    'M 100644 inline README.md',
    data('# What Tau serves\n'),
    'M 100644 inline VERSION',
    data(`${version}\n`),
    '',
  ].join('\n');
}

function data(text: string): string {
  return `data ${Buffer.byteLength(text)}\n${text}`;
}

/**
 * The remote's own hook moves the branch while the first push is under way, so git refuses that push: the race that a
 * rival wins, without a race. Leaving git's quarantine is what allows a hook to move a branch.
 */
async function letRivalWin(repository: string, formerTip: string, rival: string): Promise<void> {
  const ref = `refs/heads/${BRANCH}`;
  const hook = join(repository, 'hooks', 'update');
  await writeFile(
    hook,
    `#!/bin/sh
if [ "$1" = ${ref} ] && mkdir rival-came 2>/dev/null; then
  unset GIT_QUARANTINE_PATH
  exec git update-ref ${ref} ${rival} ${formerTip}
fi
`,
  );
  await chmod(hook, 0o755);
}
