import { resolve } from 'node:path';

import { InputError } from '../../contracts/input-error.js';
import { commandEnvironment } from '../command-environment.js';
import { runCommand } from '../command-probe.js';
import { createRedactor } from '../redaction.js';

const REMOTE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
/** A path that is not absolute: no scheme, and no host before a colon. */
const RELATIVE_PATH = /^[^/:]+(?:\/|$)/;
const DEADLINE_MS = 10_000;

/**
 * The URL of a git remote: given as URL or path it is that, given by name it is what the repository in the working
 * directory calls so. Read once, so that what is approved names the address itself.
 *
 * @throws InputError missing_variable where the repository has no such remote
 */
export async function remoteUrl(
  remote: string,
  workingDirectory: string,
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  if (/^[./]/.test(remote)) return resolve(workingDirectory, remote);
  if (!REMOTE_NAME.test(remote)) return remote;
  const ask = (...args: readonly string[]): Promise<string> => askGit(workingDirectory, args, environment);
  const url = await ask('remote', 'get-url', '--', remote);
  if (url === '')
    throw new InputError('missing_variable', [
      `the git remote ${remote} is not known in ${workingDirectory}: name a remote of that repository, or give its URL or path`,
    ]);
  if (!RELATIVE_PATH.test(url)) return url;
  // git takes it from the top of the work tree, or from the folder of a bare repository.
  const top = (await ask('rev-parse', '--show-toplevel')) || (await ask('rev-parse', '--absolute-git-dir'));
  return resolve(workingDirectory, top, url);
}

/** What git says, on one line; empty where it says nothing or fails. */
async function askGit(
  workingDirectory: string,
  args: readonly string[],
  environment: Readonly<Record<string, string | undefined>>,
): Promise<string> {
  const asked = await runCommand(
    {
      argv: ['git', '-C', workingDirectory, ...args],
      cwd: '/',
      env: commandEnvironment(environment, []),
      deadlineMs: DEADLINE_MS,
      maxBytes: 4_096,
      signal: new AbortController().signal,
    },
    { redact: createRedactor({}) },
  );
  return asked.kind === 'answered' ? Buffer.from(asked.stdout).toString('utf8').trim() : '';
}
