import { createHash } from 'node:crypto';
import type { GitOutput } from './command.js';
import { afterPush, GitError, NOT_PERMITTED } from './error.js';
import { contains } from './history.js';
import { bringTip, type Mirror } from './mirror.js';

/** `pushed`: by this call. `landed`: it is in the branch, whoever pushed it. `moved`: the branch is elsewhere. */
export type PushOutcome =
  | { readonly kind: 'pushed' | 'landed'; readonly tip: string }
  | { readonly kind: 'moved'; readonly tip: string };

const BUSY_ATTEMPTS = 5;
/** Another push had the branch's lock, or won between our question and our push. */
const RACE =
  /stale info|fetch first|non-fast-forward|\block\b|failed to update ref|incorrect old value|reference already/iu;

/**
 * Moves the branch from `expected` to `next`, a descendant of it, or not at all. Never a forced push: the lease only says
 * what the branch must be, after the fast-forward is proven. Whatever the push says, the remote's own answer afterwards
 * decides. Throws push_rejected, push_not_permitted, and with `effect: 'unknown'` where the remote could not be asked.
 */
export async function push(mirror: Mirror, expected: string, next: string): Promise<PushOutcome> {
  await proveFastForward(mirror, expected, next);
  let refusal: GitError | undefined;
  for (let attempt = 1; attempt <= BUSY_ATTEMPTS; attempt += 1) {
    const { output, tip, landed } = await afterPush(async () => {
      const output = await pushWith(mirror, expected, next, []);
      const tip = await bringTip(mirror);
      return { output, tip, landed: await contains(mirror, tip, next) };
    });
    if (landed)
      return { kind: output.exitCode === 0 && !isUpToDate(output.stdout) ? 'pushed' : 'landed', tip };
    if (tip !== expected) return { kind: 'moved', tip };
    refusal = refusalOf(mirror, output);
    if (!refusal.retryable || refusal.code !== 'push_rejected') break;
  }
  throw refusal ?? new GitError('git_failed', 'No push was tried.');
}

/** Would the remote take it? Speaks to the remote as a push does, but the remote's own hooks are not asked. */
export async function rehearsePush(mirror: Mirror, expected: string, next: string): Promise<void> {
  await proveFastForward(mirror, expected, next);
  const output = await pushWith(mirror, expected, next, ['--dry-run']);
  if (output.exitCode !== 0) throw refusalOf(mirror, output);
}

async function proveFastForward(mirror: Mirror, expected: string, next: string): Promise<void> {
  if (expected !== next && (await contains(mirror, next, expected))) return;
  throw new GitError('git_failed', `${next} is not a descendant of ${expected}: refused to push it.`);
}

/**
 * The refspec is a pattern over a namespace with this one ref in it: a plain `<hash>:refs/heads/x` is refused as ambiguous
 * when somebody made a branch called `refs/heads/x`, who could so block every rollback.
 */
async function pushWith(
  mirror: Mirror,
  expected: string,
  next: string,
  more: readonly string[],
): Promise<GitOutput> {
  const { branch, ref, url } = mirror.remote;
  const namespace = `refs/push/${createHash('sha256').update(branch).digest('hex').slice(0, 16)}-${next}`;
  await mirror.local(['update-ref', '--end-of-options', `${namespace}/${branch}`, next]);
  return mirror.network([
    'push',
    '--porcelain',
    '--atomic',
    '--no-verify',
    '--no-follow-tags',
    '--no-signed',
    `--force-with-lease=${ref}:${expected}`,
    ...more,
    '--end-of-options',
    url,
    `${namespace}/*:refs/heads/*`,
  ]);
}

function isUpToDate(porcelain: string): boolean {
  return porcelain.split('\n').some((line) => line.startsWith('=\t'));
}

function refusalOf(mirror: Mirror, output: GitOutput): GitError {
  const where = `${mirror.remote.branch} of ${mirror.remote.shown}`;
  const refused = output.stdout.split('\n').find((line) => line.startsWith('!\t'));
  if (refused !== undefined) {
    const retryable = RACE.test(refused);
    const next = retryable ? 'try again.' : "see the remote's protection rules and hooks.";
    return new GitError(
      'push_rejected',
      `The remote refused the push to ${where}: ${mirror.said(`${refused.split('\t')[2] ?? ''}; ${output.stderr}`)} - ${next}`,
      { retryable },
    );
  }
  if (NOT_PERMITTED.test(output.stderr)) {
    return new GitError(
      'push_not_permitted',
      `Pushing to ${where} is not permitted: ${mirror.said(output.stderr)} - check the credentials and their rights.`,
    );
  }
  return new GitError('remote_unreachable', `The push to ${where} failed: ${mirror.said(output.stderr)}`, {
    effect: 'unknown',
  });
}
