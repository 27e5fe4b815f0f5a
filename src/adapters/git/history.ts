import { GitError, oneLine } from './error.js';
import { bring, fetchFailed, remoteHeads, type Mirror } from './mirror.js';

const SUBJECT_LENGTH = 200;

/**
 * Makes sure that the mirror has the commit with its whole history: from the remote's branches, else by its hash. Throws
 * commit_unknown, bad_commit (the hash of a tag or of a file), remote_unreachable.
 */
export async function bringCommit(mirror: Mirror, commit: string): Promise<void> {
  if (await isReachable(mirror, commit, 'seen')) return;
  await bringCommitAnew(mirror, commit);
}

/** As `bringCommit`, but what the mirror remembers is not enough: the remote itself has to have the commit now. */
export async function bringCommitAnew(mirror: Mirror, commit: string): Promise<void> {
  const heads = [...(await remoteHeads(mirror)).values()].filter((hash) => hash.length === mirror.hashLength);
  const brought = await bring(mirror, heads);
  if (!brought.ok) throw fetchFailed(mirror, 'the branches', brought.stderr);
  if (await isReachable(mirror, commit, heads)) return;
  // Not on a branch, perhaps in a pull request: many servers give a commit by its hash.
  const byHash = await bring(mirror, [commit]);
  if (byHash.ok && (await isCommit(mirror, commit))) return;
  // Was it the commit that is missing, or the remote that went away? Only the first is final.
  await remoteHeads(mirror);
  throw new GitError(
    'commit_unknown',
    `The remote ${mirror.remote.shown} does not have the commit ${commit}: push it there first, or correct the hash.`,
    { details: { commit } },
  );
}

/** The commit's first line for people: one line, at most 200 characters, no control characters. */
export async function subjectOf(mirror: Mirror, commit: string): Promise<string> {
  const args = ['rev-list', '--max-count=1', '--format=%s', '--encoding=UTF-8', '--end-of-options', commit];
  const { stdout } = await mirror.local(args);
  return oneLine(stdout.slice(stdout.indexOf('\n') + 1), SUBJECT_LENGTH);
}

/**
 * Is the commit the tip or one of its ancestors? `tip` was brought with its whole history; a "no" is only given after
 * walking all of it, because a damaged mirror must not look like a branch that never had the commit.
 */
export async function contains(mirror: Mirror, tip: string, commit: string): Promise<boolean> {
  if (tip === commit) return true;
  if (await isCommit(mirror, commit)) {
    const { exitCode } = await mirror.local(
      ['merge-base', '--is-ancestor', '--end-of-options', commit, tip],
      {
        answers: [0, 1],
      },
    );
    if (exitCode === 0) return true;
  }
  await mirror.local(['rev-list', '--count', '--end-of-options', tip]);
  return false;
}

/** Commits of `tip` that `commit` does not have, at most `limit`. */
export async function outsideOf(
  mirror: Mirror,
  commit: string,
  tip: string,
  limit: number,
): Promise<readonly string[]> {
  const args = ['rev-list', `--max-count=${limit}`, '--end-of-options', tip, `^${commit}`];
  const { stdout } = await mirror.local(args);
  return stdout.split('\n').filter((line) => line !== '');
}

export interface LoggedCommit {
  readonly hash: string;
  /** Its first line as it was written: any characters, any length. */
  readonly subject: string;
}

/** As `outsideOf`, with what each commit says: newest first, and no commit before one that comes after it. */
export async function logOutside(
  mirror: Mirror,
  commit: string,
  tip: string,
  limit: number,
): Promise<readonly LoggedCommit[]> {
  const how = ['--date-order', `--max-count=${limit}`, '--no-commit-header', '--format=%H %s'];
  const args = ['rev-list', ...how, '--encoding=UTF-8', '--end-of-options', tip, `^${commit}`];
  const { stdout } = await mirror.local(args);
  return stdout
    .split('\n')
    .filter((line) => line !== '')
    .map((line) => ({
      hash: line.slice(0, mirror.hashLength),
      subject: line.slice(mirror.hashLength + 1),
    }));
}

/** How many commits of `tip` there are that `commit` does not have, counted up to `limit`. */
export async function countOutside(
  mirror: Mirror,
  commit: string,
  tip: string,
  limit: number,
): Promise<number> {
  const args = ['rev-list', '--count', `--max-count=${limit}`, '--end-of-options', tip, `^${commit}`];
  return Number((await mirror.local(args)).stdout.trim());
}

/** Parents in order; none for a root commit. */
export async function parentsOf(mirror: Mirror, commit: string): Promise<readonly string[]> {
  const { stdout } = await mirror.local([
    'rev-list',
    '--parents',
    '--max-count=1',
    '--end-of-options',
    commit,
  ]);
  return stdout.trim().split(' ').slice(1);
}

/** Is it one of these, or an ancestor of one? `seen`: of anything that ever came from the remote. */
async function isReachable(
  mirror: Mirror,
  commit: string,
  from: readonly string[] | 'seen',
): Promise<boolean> {
  if (!(await isCommit(mirror, commit))) return false;
  const seen = from === 'seen' ? ['--not', '--glob=refs/seen/*', '--not'] : [];
  const lines = [commit, ...(from === 'seen' ? [] : from.map((hash) => `^${hash}`))];
  const { stdout } = await mirror.local(['rev-list', '--max-count=1', ...seen, '--stdin'], {
    input: lines.map((line) => `${line}\n`).join(''),
  });
  return stdout === '';
}

async function isCommit(mirror: Mirror, hash: string): Promise<boolean> {
  const { stdout } = await mirror.local(['cat-file', '--batch-check=%(objecttype)'], { input: `${hash}\n` });
  const type = stdout.trim();
  if (type === 'commit') return true;
  if (type.endsWith(' missing')) return false;
  throw new GitError(
    'bad_commit',
    `${hash} is a ${oneLine(type, 20)}, not a commit: give the commit's own hash.`,
    {
      details: { commit: hash },
    },
  );
}
