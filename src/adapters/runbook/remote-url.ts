import { resolve } from 'node:path';

import { InputError } from '../../contracts/input-error.js';
import { commandEnvironment } from '../command-environment.js';
import { runCommand } from '../command-probe.js';
import { createRedactor } from '../redaction.js';

const REMOTE_NAME = /^[A-Za-z0-9][A-Za-z0-9._-]{0,99}$/;
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
  const asked = await runCommand(
    {
      argv: ['git', '-C', workingDirectory, 'remote', 'get-url', '--', remote],
      cwd: '/',
      env: commandEnvironment(environment, []),
      deadlineMs: DEADLINE_MS,
      maxBytes: 4_096,
      signal: new AbortController().signal,
    },
    { redact: createRedactor({}) },
  );
  const url = Buffer.from(asked.stdout).toString('utf8').trim();
  if (asked.kind === 'answered' && url !== '') return url.startsWith('.') ? resolve(workingDirectory, url) : url;
  throw new InputError('missing_variable', [
    `the git remote ${remote} is not known in ${workingDirectory}: name a remote of that repository, or give its URL or path`,
  ]);
}
