import { diskFull } from './command.js';
import { DISK_FULL, GitError, oneLine } from './error.js';
import type { Mirror } from './mirror.js';

export interface GitIdentity {
  readonly name: string;
  readonly email: string;
}

/** Everything that a commit's hash depends on besides trees and parents: the same again gives the same hash. */
export interface CommitText {
  readonly identity: GitIdentity;
  readonly message: string;
  /** ISO 8601; seconds count. */
  readonly at: string;
  /** Absolute path of a private ssh key that signs it. */
  readonly signingKey?: string | undefined;
}

const MAX_MESSAGE = 8192;
const MAX_FILES = 20;

/** Writes a commit without a work tree: no hook and no filter has a part in it. Gives its hash. Throws signing_failed. */
export async function writeCommit(
  mirror: Mirror,
  tree: string,
  parents: readonly string[],
  text: CommitText,
): Promise<string> {
  const name = namePart(text.identity.name);
  const email = namePart(text.identity.email);
  const date = `@${secondsOf(text.at)} +0000`;
  const { signingKey } = text;
  const signed = signingKey === undefined ? [] : ['-S'];
  const above = parents.flatMap((parent) => ['-p', parent]);
  const { exitCode, stdout, stderr } = await mirror.local(
    ['commit-tree', ...signed, ...above, '-F', '-', '--end-of-options', tree],
    {
      ...(signingKey === undefined
        ? {}
        : { config: ['gpg.format=ssh', `user.signingKey=${signingKey}`], answers: 'any' as const }),
      input: messagePart(text.message),
      identity: {
        GIT_AUTHOR_NAME: name,
        GIT_AUTHOR_EMAIL: email,
        GIT_AUTHOR_DATE: date,
        GIT_COMMITTER_NAME: name,
        GIT_COMMITTER_EMAIL: email,
        GIT_COMMITTER_DATE: date,
      },
    },
  );
  if (exitCode === 0) return stdout.trim();
  if (DISK_FULL.test(stderr)) throw diskFull('git commit-tree', mirror.said(stderr));
  throw new GitError(
    'signing_failed',
    `Signing a commit with ${signingKey ?? ''} failed: ${mirror.said(stderr)}. Check that the file is a private ssh key without a passphrase that only its owner may read.`,
  );
}

/** Throws commit_unknown where the mirror lacks the commit. */
export async function treeOf(mirror: Mirror, commit: string): Promise<string> {
  const { exitCode, stdout } = await mirror.local(
    ['rev-parse', '--verify', '--quiet', '--end-of-options', `${commit}^{tree}`],
    { answers: [0, 1, 128] },
  );
  if (exitCode === 0) return stdout.trim();
  throw new GitError(
    'commit_unknown',
    `The commit ${commit} is not in the history of ${mirror.remote.branch}.`,
    {
      details: { commit },
    },
  );
}

/** The tree of a merge that nobody has to look at. Throws revert_conflict with the files that need a person. */
export async function mergeTrees(mirror: Mirror, tip: string, revert: string): Promise<string> {
  const { exitCode, stdout } = await mirror.local(
    ['merge-tree', '--write-tree', '-z', '--name-only', '--no-messages', '--end-of-options', tip, revert],
    { answers: [0, 1] },
  );
  const [tree = '', ...names] = stdout.split('\0').filter((part) => part !== '');
  if (exitCode === 0) return tree;
  const files = [...new Set(names)].slice(0, MAX_FILES).map((name) => oneLine(name, 200));
  throw new GitError(
    'revert_conflict',
    `Reverting on ${mirror.remote.branch} at ${tip} conflicts in ${files.join(', ')}: the branch is untouched; revert by hand there.`,
    { details: { actualTip: tip, files } },
  );
}

function secondsOf(at: string): number {
  const ms = Date.parse(at);
  if (Number.isFinite(ms) && ms >= 0) return Math.floor(ms / 1000);
  throw new GitError(
    'git_failed',
    `"${oneLine(at, 40)}" is not a time: give ISO 8601, such as 2026-01-31T12:00:00Z.`,
  );
}

/** Git refuses a name of nothing but punctuation; a rollback must not end on that. */
function namePart(text: string): string {
  const clean = oneLine(text.replaceAll(/[<>]/gu, ''), 200);
  return /[\p{L}\p{N}]/u.test(clean) ? clean : 'unknown';
}

function messagePart(text: string): string {
  const clean = text
    .replaceAll(/(?![\n\t])[\p{Cc}\p{Cs}]/gu, ' ')
    .slice(0, MAX_MESSAGE)
    .trim();
  return `${clean === '' ? 'promotion' : clean}\n`;
}
