import { headerOf, sshOptions, withoutAccess } from './access.js';
import { DISK_FULL, GitError, oneLine } from './error.js';
import { runProcess } from '../process.js';
import type { CheckedRemote } from './remote.js';

export interface GitSettings {
  /** Absolute path of a folder of ours (0700): one bare mirror a remote. May be deleted when nothing runs. */
  readonly mirrorsDir: string;
  /** Only PATH, HOME, SSH_AUTH_SOCK, and the names for proxies and certificates are taken from it. */
  readonly env: Readonly<Record<string, string | undefined>>;
  /** For one git command; 60 s by default. A first fetch of a large repository has to fit in. */
  readonly deadlineMs?: number | undefined;
  /** Stands for `ssh`, and for its options where the remote names no key; takes OpenSSH's arguments. */
  readonly sshCommand?: string | undefined;
}

export interface GitRun {
  readonly gitDir: string | undefined;
  readonly args: readonly string[];
  /** `key=value`, for this command only. */
  readonly config?: readonly string[];
  /** The remote that this command may speak to; none may be reached otherwise. */
  readonly remote?: CheckedRemote;
  readonly input?: string;
  /** Author and committer variables. */
  readonly identity?: Readonly<Record<string, string>>;
  /** Exit codes that are answers. 0 by default; 'any' where the caller judges failures. */
  readonly answers?: readonly number[] | 'any';
  readonly signal: AbortSignal | undefined;
}

export interface GitOutput {
  readonly exitCode: number;
  readonly stdout: string;
  readonly stderr: string;
}

export type GitCommand = (run: GitRun) => Promise<GitOutput>;

const DEFAULT_DEADLINE_MS = 60_000;
const MAX_OUTPUT_BYTES = 16 * 1024 * 1024;
const SSH = 'ssh -oBatchMode=yes -oStrictHostKeyChecking=yes';
const PROXIES_AND_CERTIFICATES = [
  'https_proxy',
  'HTTPS_PROXY',
  'no_proxy',
  'NO_PROXY',
  'SSL_CERT_FILE',
  'SSL_CERT_DIR',
];

/**
 * docs/reference/security.md, "Git"; below the blank line, what keeps a mirror safe for several processes and a power
 * cut.
 */
const CONFIG = [
  'core.hooksPath=/dev/null',
  'core.fsmonitor=false',
  'transfer.fsckObjects=true',
  'transfer.credentialsInUrl=die',
  'credential.helper=',
  'http.followRedirects=false',
  'submodule.recurse=false',

  'core.commitGraph=false',
  'core.filesRefLockTimeout=10000',
  'core.packedRefsTimeout=10000',
  'core.fsync=committed,reference',
  'fetch.recurseSubmodules=false',
  'fetch.writeCommitGraph=false',
  'gc.auto=0',
  'maintenance.auto=false',
  'push.recurseSubmodules=no',
].flatMap((setting) => ['-c', setting]);

/**
 * Git, with nothing of the caller's surroundings: no inherited environment, no system or user configuration, no hooks, no
 * prompts. Every command ends by its deadline. Throws git_timeout, cancelled, git_missing and git_failed.
 */
export function createGitCommand(settings: GitSettings): GitCommand {
  const deadlineMs = settings.deadlineMs ?? DEFAULT_DEADLINE_MS;
  return async ({ gitDir, args, config = [], remote, input, identity, answers = [0], signal }) => {
    const what = `git ${args[0] ?? ''}${remote === undefined ? '' : ` with ${remote.shown}`}`;
    const end = await runProcess({
      command: 'git',
      args: [...CONFIG, ...config.flatMap((setting) => ['-c', setting]), ...args],
      env: {
        ...baseEnvironment(settings),
        ...(gitDir === undefined ? {} : { GIT_DIR: gitDir }),
        ...(remote === undefined ? { GIT_ALLOW_PROTOCOL: 'none' } : remoteEnvironment(settings, remote)),
        ...identity,
      },
      input,
      deadlineMs,
      maxOutputBytes: MAX_OUTPUT_BYTES,
      signal,
    });
    switch (end.kind) {
      case 'exited':
        if (answers === 'any' || answers.includes(end.exitCode)) return end;
        throw DISK_FULL.test(end.stderr)
          ? diskFull(what, said(remote, end.stderr))
          : new GitError('git_failed', `${what} failed (${end.exitCode}): ${said(remote, end.stderr)}`);
      case 'deadline':
        throw new GitError(
          'git_timeout',
          `${what} did not end within ${deadlineMs} ms and was killed: check the remote, or raise the deadline.`,
        );
      case 'aborted':
        throw new GitError('cancelled', `${what} was cancelled.`, { cause: signal?.reason });
      case 'too_much_output':
        throw new GitError(
          'git_failed',
          `${what} printed more than ${MAX_OUTPUT_BYTES} bytes and was killed.`,
        );
      case 'killed':
        throw end.by === 'SIGXFSZ'
          ? diskFull(what, 'a file grew too large')
          : new GitError('git_failed', `${what} was killed by ${end.by}.`, { retryable: true });
      case 'not_started':
        throw new GitError(
          'git_missing',
          'The command git could not be started: install git, or correct PATH.',
          {
            cause: end.cause,
          },
        );
      default:
        return end satisfies never;
    }
  };
}

export function diskFull(what: string, why: string): GitError {
  return new GitError(
    'disk_full',
    `${what} failed: ${why}. Make room where the mirrors are, then try again.`,
  );
}

/** What git or the remote printed, fit for a message: without the credential of that remote. */
export function said(remote: CheckedRemote | undefined, stderr: string): string {
  return oneLine(withoutAccess(remote?.access, stderr), 500);
}

function baseEnvironment(settings: GitSettings): Record<string, string> {
  return {
    PATH: settings.env['PATH'] ?? '/usr/local/bin:/usr/bin:/bin',
    // Not the user's: libcurl would read its .netrc.
    HOME: settings.mirrorsDir,
    LANG: 'C.UTF-8',
    LC_ALL: 'C.UTF-8',
    GIT_ASKPASS: '/bin/false',
    GIT_ATTR_NOSYSTEM: '1',
    GIT_CONFIG_GLOBAL: '/dev/null',
    GIT_CONFIG_NOSYSTEM: '1',
    GIT_NO_REPLACE_OBJECTS: '1',
    GIT_TERMINAL_PROMPT: '0',
    SSH_ASKPASS: '/bin/false',
  };
}

function remoteEnvironment(settings: GitSettings, remote: CheckedRemote): Record<string, string> {
  const env: Record<string, string> = { GIT_ALLOW_PROTOCOL: remote.protocol };
  const pass = (names: readonly string[]): void => {
    for (const name of names) {
      const value = settings.env[name];
      if (value !== undefined) env[name] = value;
    }
  };
  switch (remote.protocol) {
    case 'file':
      return env;
    case 'ssh':
      if (remote.access?.kind === 'ssh') {
        const command = [settings.sshCommand ?? 'ssh', ...sshOptions(remote.access)].join(' ');
        return { ...env, GIT_SSH_COMMAND: command, GIT_SSH_VARIANT: 'ssh' };
      }
      pass(['HOME', 'SSH_AUTH_SOCK']);
      return { ...env, GIT_SSH_COMMAND: settings.sshCommand ?? SSH, GIT_SSH_VARIANT: 'ssh' };
    case 'https':
      pass(PROXIES_AND_CERTIFICATES);
      // Where libcurl was built with another library than OpenSSL, git alone is asked for certificates.
      if (env['SSL_CERT_FILE'] !== undefined) env['GIT_SSL_CAINFO'] = env['SSL_CERT_FILE'];
      if (env['SSL_CERT_DIR'] !== undefined) env['GIT_SSL_CAPATH'] = env['SSL_CERT_DIR'];
      if (remote.access?.kind !== 'https' || remote.origin === undefined) return env;
      return {
        ...env,
        GIT_CONFIG_COUNT: '1',
        // Sent to this origin only.
        GIT_CONFIG_KEY_0: `http.${remote.origin}/.extraHeader`,
        GIT_CONFIG_VALUE_0: headerOf(remote.access),
      };
    default:
      return remote.protocol satisfies never;
  }
}
