import { GitError } from './error.js';
import { bringCommit, countOutside, logOutside, type LoggedCommit } from './history.js';
import { bringTip, type Mirror } from './mirror.js';

export interface OutlookRequest {
  /** Full hash. */
  readonly commit: string;
  /** What it is told against; full hash. */
  readonly base: string | undefined;
  /** The remote's branch stands in for a base that there is none of, or that the remote does not have. */
  readonly orBranch: boolean;
  /** Most commits that are named. */
  readonly named: number;
  /** Most commits that are counted. */
  readonly counted: number;
}

/** What a commit brings and takes away. */
export interface Outlook {
  readonly base: { readonly kind: 'given' | 'branch'; readonly commit: string };
  /** Commits that the base does not have, newest first: the first ones. */
  readonly commits: readonly LoggedCommit[];
  /** How many there are, up to `counted`. */
  readonly count: number;
  /** How many the base has that the commit does not have, up to `counted`. */
  readonly leftOut: number;
}

export async function outlookFrom(mirror: Mirror, request: OutlookRequest): Promise<Outlook> {
  const { commit, named, counted } = request;
  await bringCommit(mirror, commit);
  const base = await bringBase(mirror, request);
  return {
    base,
    commits: await logOutside(mirror, base.commit, commit, named),
    count: await countOutside(mirror, base.commit, commit, counted),
    leftOut: await countOutside(mirror, commit, base.commit, counted),
  };
}

async function bringBase(mirror: Mirror, { base, orBranch }: OutlookRequest): Promise<Outlook['base']> {
  if (base !== undefined && (await isThere(mirror, base))) return { kind: 'given', commit: base };
  if (orBranch) return { kind: 'branch', commit: await bringTip(mirror) };
  throw new GitError(
    'commit_unknown',
    base === undefined
      ? 'There is no commit to tell these against.'
      : `The remote ${mirror.remote.shown} does not have the commit ${base} any more.`,
  );
}

/** Where the remote does not answer that is thrown, and no "no". */
async function isThere(mirror: Mirror, base: string): Promise<boolean> {
  // Of another format than the repository has now: git would take it for the beginning of a hash.
  if (base.length !== mirror.hashLength) return false;
  try {
    await bringCommit(mirror, base);
    return true;
  } catch (error) {
    if (error instanceof GitError && (error.code === 'commit_unknown' || error.code === 'bad_commit'))
      return false;
    throw error;
  }
}
