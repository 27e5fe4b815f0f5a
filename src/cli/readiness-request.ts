import { constants } from 'node:fs';
import { open } from 'node:fs/promises';
import { resolve } from 'node:path';

import {
  credentialsOf,
  operatorCommand,
  type ReadinessAuth,
  type ReadinessRequest,
} from '../readiness-wiring.js';
import type { GivenPassword, ReadinessOptions } from './readiness-options.js';

/** Where the command is called. */
export interface ReadinessPlace {
  readonly environment: Readonly<Record<string, string | undefined>>;
  readonly workingDirectory: string;
}

/** What is asked, from what was said; or the line that says why it can't be. */
export async function requestOf(
  options: ReadinessOptions,
  { environment, workingDirectory }: ReadinessPlace,
  signal: AbortSignal,
): Promise<ReadinessRequest | { readonly problem: string }> {
  const auth = await authOf(options, workingDirectory);
  if ('problem' in auth) return auth;
  const { baseUrl, expectations, timeoutMs, evidence } = options;
  return {
    baseUrl,
    auth,
    credentials: credentialsOf(auth, environment),
    expectations,
    timeoutMs,
    operator: {
      command: await operatorCommand(options.operatorCommand, environment),
      workingDirectory: resolve(workingDirectory, options.workingDirectory),
    },
    environment,
    signal,
    withDeployment: evidence !== undefined,
  };
}

async function authOf(
  { authMode, token, password }: ReadinessOptions,
  workingDirectory: string,
): Promise<ReadinessAuth | { readonly problem: string }> {
  switch (authMode) {
    case 'none':
      return { mode: authMode };
    case 'token':
      return { mode: authMode, token };
    case 'password-session': {
      const read = await passwordOf(password, workingDirectory);
      return 'problem' in read ? read : { mode: authMode, password: read.text };
    }
    default:
      return authMode satisfies never;
  }
}

const MAX_BYTES = 4096;

/** The first line of the file; never shown, not even in part. A pipe is not waited for, and half a password is none. */
async function passwordOf(
  given: GivenPassword | undefined,
  workingDirectory: string,
): Promise<{ readonly text: string } | { readonly problem: string }> {
  if (given === undefined || 'text' in given) return { text: given?.text ?? '' };
  const file = resolve(workingDirectory, given.file);
  try {
    const handle = await open(file, constants.O_RDONLY | constants.O_NONBLOCK);
    try {
      if (!(await handle.stat()).isFile()) return { problem: `error: the password file ${file} is no file` };
      const { bytesRead, buffer } = await handle.read(Buffer.alloc(MAX_BYTES + 1), 0, MAX_BYTES + 1, 0);
      const [text = '', ...more] = buffer.toString('utf8', 0, bytesRead).split(/\r?\n/);
      if (bytesRead > MAX_BYTES && more.length === 0)
        return {
          problem: `error: the first line of the password file ${file} is longer than ${MAX_BYTES} bytes`,
        };
      return text === '' ? { problem: `error: the password file ${file} is empty` } : { text };
    } finally {
      await handle.close();
    }
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    return { problem: `error: the password file ${file} can't be read (${code})` };
  }
}
