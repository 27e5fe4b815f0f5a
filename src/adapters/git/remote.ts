import { createHash } from 'node:crypto';
import type { GitAccess } from './access.js';
import { GitError, oneLine, withoutCredentials } from './error.js';

/** Where a promotion goes. `branch` is the short name; only `refs/heads/<branch>` is ever read or moved. */
export interface GitRemote {
  readonly url: string;
  readonly branch: string;
  /** Of the same protocol as the URL, or it is refused. */
  readonly access?: GitAccess | undefined;
}

/** A remote whose URL and branch were checked. */
export interface CheckedRemote {
  readonly url: string;
  readonly branch: string;
  readonly ref: string;
  readonly protocol: 'https' | 'ssh' | 'file';
  /** Scheme, host and port of an https remote: what a credential is bound to. */
  readonly origin: string | undefined;
  readonly access: GitAccess | undefined;
  /** For messages: no credentials, no control characters. */
  readonly shown: string;
  /** Names the mirror on disk. */
  readonly key: string;
}

const FULL_HASH = /^(?:[0-9a-f]{40}|[0-9a-f]{64})$/u;
const SSH_URL =
  /^ssh:\/\/(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?(?:[A-Za-z0-9][A-Za-z0-9.-]*|\[[0-9a-fA-F:]+\])(?::\d+)?\/[^\s]+$/u;
const SCP_LIKE = /^(?:[A-Za-z0-9_][A-Za-z0-9._-]*@)?[A-Za-z0-9][A-Za-z0-9.-]*:(?!:|-|\/\/)[^\s]+$/u;
const FORBIDDEN_IN_URL = /[\s\p{Cc}\p{Cf}\p{Cs}]/u;
const FORBIDDEN_IN_BRANCH = /[\p{C}\p{Z}~^:?*[\\]|\.\.|@\{|\/\/|^\/|\/$|\.$|^-|(?:^|\/)\.|\.lock(?:\/|$)/u;

/** Throws `bad_remote` or `bad_branch`. */
export function checkRemote(remote: GitRemote): CheckedRemote {
  const { url, branch, access } = remote;
  const shown = withoutCredentials(oneLine(url, 200));
  const { protocol, origin } = protocolOf(url, shown);
  if (access !== undefined && access.kind !== protocol)
    throw new GitError(
      'bad_remote',
      `The remote "${shown}" is spoken to by ${protocol}, but has credentials for ${access.kind}.`,
    );
  if (!isBranchName(branch)) {
    throw new GitError(
      'bad_branch',
      `"${oneLine(branch, 100)}" is not a branch name: give its short name, such as "production".`,
    );
  }
  const key = createHash('sha256').update(url).digest('hex').slice(0, 16);
  return { url, branch, ref: `refs/heads/${branch}`, protocol, origin, access, shown, key };
}

/** Short of git's own rule (`git check-ref-format --branch`), never beyond it. */
export function isBranchName(branch: string): boolean {
  return (
    branch.length > 0 &&
    Buffer.byteLength(branch) <= 200 &&
    branch !== '@' &&
    branch !== 'HEAD' &&
    !FORBIDDEN_IN_BRANCH.test(branch)
  );
}

/** Full hashes only: a branch named like a short hash would win over it. Throws `bad_commit`. */
export function checkCommit(commit: string): string {
  if (FULL_HASH.test(commit)) return commit;
  throw new GitError(
    'bad_commit',
    `"${oneLine(commit, 80)}" is not a full commit hash: give all 40 (or 64) lower-case hexadecimal digits, as "git rev-parse" prints them.`,
  );
}

function protocolOf(url: string, shown: string): Pick<CheckedRemote, 'protocol' | 'origin'> {
  const refuse = (why: string): never => {
    throw new GitError(
      'bad_remote',
      `The remote "${shown}" ${why}. Give https://…, ssh://…, user@host:path, file:///… or an absolute path.`,
    );
  };
  if (url === '' || url.length > 2048 || url.startsWith('-') || FORBIDDEN_IN_URL.test(url)) {
    return refuse('is empty, too long, starts with "-", or has white space or control characters in it');
  }
  if (url.startsWith('/')) return { protocol: 'file', origin: undefined };
  if (/^[a-z][a-z0-9+.-]*:\/\//u.test(url)) {
    if (!URL.canParse(url)) return refuse('is not a URL');
    const parsed = new URL(url);
    switch (parsed.protocol) {
      case 'file:':
        if (!url.startsWith('file:///')) return refuse('is a file URL of another host');
        return { protocol: 'file', origin: undefined };
      case 'https:':
        if (parsed.username !== '' || parsed.password !== '' || url.includes('@')) {
          return refuse('has credentials in it, which end up in logs: put them into the settings');
        }
        return { protocol: 'https', origin: parsed.origin };
      case 'ssh:':
        if (parsed.password !== '') return refuse('has a password in it: use a key or an agent');
        if (!SSH_URL.test(url)) return refuse('has no plain ssh://[user@]host[:port]/path');
        return { protocol: 'ssh', origin: undefined };
      default:
        return refuse('has a scheme that is not allowed');
    }
  }
  if (SCP_LIKE.test(url)) return { protocol: 'ssh', origin: undefined };
  return refuse('is neither a URL nor an absolute path');
}
