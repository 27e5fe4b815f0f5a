import { oneLine } from '../../domain/text.js';
import { findOnPath } from '../find-on-path.js';
import { runProcess } from '../process.js';
import { SignatureError } from './error.js';

export interface SshKeygenSettings {
  /** PATH, where ssh-keygen is looked for. */
  readonly searchPath: string;
  /** Folders for private folders, one a call, tried in this order; by default in memory, else the system's own. */
  readonly tempDirs?: readonly string[] | undefined;
  /** For one call of ssh-keygen; 10 s by default. */
  readonly deadlineMs?: number | undefined;
}

export interface SshKeygenCall {
  readonly args: readonly string[];
  readonly input?: string;
  /** Beside LC_ALL; nothing is inherited. */
  readonly env?: Readonly<Record<string, string>>;
  readonly deadlineMs?: number;
}

export interface SshKeygenAnswer {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

const DEADLINE_MS = 10_000;
const MAX_OUTPUT_BYTES = 1024 * 1024;

/** What the system says when a file can't be opened, read or written, in the language that we ask for. */
export const SYSTEM_FAULT =
  /no such file|permission denied|no space left|quota exceeded|too many open files|cannot allocate|input\/output error|read-only file system/iu;

/**
 * Runs ssh-keygen in an empty environment and without a terminal, so that it never waits for a person. How it exits is for
 * the caller to judge.
 *
 * @throws SignatureError ssh_keygen_missing, ssh_keygen_timeout, ssh_keygen_failed
 */
export async function runSshKeygen(
  settings: SshKeygenSettings,
  { args, input, env = {}, deadlineMs = settings.deadlineMs ?? DEADLINE_MS }: SshKeygenCall,
): Promise<SshKeygenAnswer> {
  const end = await runProcess({
    command: await locateSshKeygen(settings),
    args,
    env: { ...env, LC_ALL: 'C' },
    input: input ?? '',
    deadlineMs,
    maxOutputBytes: MAX_OUTPUT_BYTES,
    signal: undefined,
  });
  switch (end.kind) {
    case 'exited':
      return end;
    case 'deadline':
    case 'aborted':
      throw new SignatureError(
        'ssh_keygen_timeout',
        `ssh-keygen did not end within ${deadlineMs} ms and was killed.`,
      );
    case 'too_much_output':
      throw new SignatureError('ssh_keygen_failed', 'ssh-keygen printed too much and was killed.');
    case 'killed':
      throw new SignatureError('ssh_keygen_failed', `ssh-keygen was killed by ${end.by}.`);
    case 'not_started':
      throw new SignatureError(
        'ssh_keygen_missing',
        'ssh-keygen could not be started: install OpenSSH 9.1 or newer.',
        {
          cause: end.cause,
        },
      );
    default:
      return end satisfies never;
  }
}

/** For an answer that is neither a yes nor a no. */
export function noAnswer(answer: SshKeygenAnswer): SignatureError {
  return new SignatureError('ssh_keygen_failed', `ssh-keygen failed (${answer.exitCode}): ${said(answer)}`);
}

/** @throws SignatureError ssh_keygen_missing */
export async function locateSshKeygen({ searchPath }: SshKeygenSettings): Promise<string> {
  const found = await findOnPath('ssh-keygen', searchPath);
  if (found === undefined)
    throw new SignatureError(
      'ssh_keygen_missing',
      'ssh-keygen was not found: install OpenSSH 9.1 or newer, or correct PATH.',
    );
  return found;
}

/**
 * What ssh-keygen printed, fit for a message.
 *
 * @param folder whose path is left out: it is another one each time, and says nothing to anybody
 */
export function said({ stderr }: SshKeygenAnswer, folder?: string): string {
  const text = folder === undefined ? stderr : stderr.replaceAll(`${folder}/`, '');
  return oneLine(text.trim().replaceAll(/\s*\n\s*/g, '; '), 300);
}
