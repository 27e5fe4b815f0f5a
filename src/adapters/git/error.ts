export type GitErrorCode =
  | 'access_denied'
  | 'bad_branch'
  | 'bad_commit'
  | 'bad_credentials'
  | 'bad_remote'
  | 'branch_missing'
  | 'branch_moved_on'
  | 'cancelled'
  | 'commit_already_contained'
  | 'commit_unknown'
  | 'disk_full'
  | 'git_failed'
  | 'git_missing'
  | 'git_timeout'
  | 'mainline_missing'
  | 'push_not_permitted'
  | 'push_rejected'
  | 'remote_unreachable'
  | 'revert_conflict'
  | 'signing_failed';

/** What a failed call may have done to the remote branch: proven nothing, or nobody knows until the remote is asked. */
export type GitEffect = 'none' | 'unknown';

export interface GitErrorDetails {
  readonly expectedTip?: string;
  readonly actualTip?: string;
  readonly commit?: string;
  /** Commits outside the new commit's history, the first ones. */
  readonly commits?: readonly string[];
  /** Paths in conflict, the first ones. */
  readonly files?: readonly string[];
}

interface GitErrorOptions {
  readonly retryable?: boolean;
  readonly effect?: GitEffect;
  readonly details?: GitErrorDetails;
  readonly cause?: unknown;
}

const RETRYABLE: ReadonlySet<GitErrorCode> = new Set([
  'cancelled',
  'disk_full',
  'git_timeout',
  'remote_unreachable',
]);

/** The one error of this layer. Its message names what, where and what to do, and never a credential. */
export class GitError extends Error {
  readonly code: GitErrorCode;
  /** Asking again may help. */
  readonly retryable: boolean;
  readonly effect: GitEffect;
  readonly details: GitErrorDetails;

  constructor(code: GitErrorCode, message: string, options: GitErrorOptions = {}) {
    super(withoutCredentials(message), options.cause === undefined ? undefined : { cause: options.cause });
    this.name = 'GitError';
    this.code = code;
    this.retryable = options.retryable ?? RETRYABLE.has(code);
    this.effect = options.effect ?? 'none';
    this.details = options.details ?? {};
  }
}

/** Of the machine that git runs on, or of the remote, which says so in the same words. */
export const DISK_FULL = /no space left on device|disk quota exceeded|file too large|\bENOSPC\b|\bEDQUOT\b/iu;
/** Credentials or rights. Not git's "correct access rights": it says so whenever a connection breaks. */
export const NOT_PERMITTED =
  /permission|denied|not permitted|forbidden|unauthori[sz]ed|authenticat|could not read (?:username|password)|host key verification failed|read.?only|\b40[13]\b|not writable/iu;

/** Runs what comes when a push may already have happened: a GitError from there says so in `effect`. */
export async function afterPush<T>(action: () => Promise<T>): Promise<T> {
  try {
    return await action();
  } catch (error) {
    if (!(error instanceof GitError)) throw error;
    const { code, message, retryable, details } = error;
    throw new GitError(code, message, { retryable, details, effect: 'unknown', cause: error });
  }
}

/** Removes `user:password@` from every URL in the text. */
export function withoutCredentials(text: string): string {
  return text.replaceAll(/([a-z][a-z0-9+.-]*:\/\/)[^\s/?#]*@/giu, '$1***@');
}

/** Text from outside for a message: control characters out, one line, bounded. */
export function oneLine(text: string, maxLength: number): string {
  const line = text
    .replaceAll(/[\p{Cc}\p{Cf}\p{Cs}\p{Zl}\p{Zp}]+/gu, ' ')
    .replaceAll(/ {2,}/gu, ' ')
    .trim();
  const characters = Array.from(line);
  return characters.length <= maxLength ? line : `${characters.slice(0, maxLength - 1).join('')}…`;
}
