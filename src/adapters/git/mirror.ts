import { mkdir, mkdtemp, rename, rm, stat } from 'node:fs/promises';
import path from 'node:path';
import { diskFull, said, type GitCommand, type GitOutput, type GitRun, type GitSettings } from './command.js';
import { DISK_FULL, GitError, NOT_PERMITTED } from './error.js';
import type { CheckedRemote } from './remote.js';

/**
 * A private bare repository of one remote, for the length of one call. Nothing in it is ever overwritten: what came from
 * the remote is kept as `refs/seen/<hash>`, so several processes may use one mirror at the same time, and a ref there
 * proves that the commit's whole history came with it.
 */
export interface Mirror {
  readonly remote: CheckedRemote;
  /** Runs a command that reaches no remote. */
  readonly local: (args: readonly string[], options?: LocalOptions) => Promise<GitOutput>;
  /** Runs a command that may reach this remote; every exit code is an answer. */
  readonly network: (args: readonly string[], input?: string) => Promise<GitOutput>;
  /** What git or the remote printed, fit for a message. */
  readonly said: (stderr: string) => string;
  /** Digits of this mirror's hashes: 40 (SHA-1) or 64 (SHA-256). */
  readonly hashLength: number;
}

type LocalOptions = Pick<GitRun, 'input' | 'identity' | 'answers' | 'config'>;

const FETCH_ATTEMPTS = 3;

/** Makes the mirror where there is none yet. `hash` is any hash of the remote: its length tells the object format. */
export async function openMirror(
  git: GitCommand,
  settings: GitSettings,
  remote: CheckedRemote,
  hash: string,
  signal: AbortSignal | undefined,
): Promise<Mirror> {
  const sha256 = hash.length === 64;
  const gitDir = path.join(settings.mirrorsDir, `${remote.key}${sha256 ? '.sha256' : ''}.git`);
  await makeMirror(git, settings.mirrorsDir, gitDir, sha256 ? 'sha256' : 'sha1', signal);
  return {
    remote,
    local: (args, options) => git({ gitDir, args, signal, ...options }),
    network: (args, input) =>
      git({ gitDir, args, remote, signal, answers: 'any', ...(input === undefined ? {} : { input }) }),
    said: (stderr) => said(remote, stderr),
    hashLength: sha256 ? 64 : 40,
  };
}

/** What it takes to ask a remote, and to keep nothing of it. */
export type RemoteAsked = Pick<Mirror, 'remote' | 'network' | 'said'>;

/** Branches of the remote, asked anew: full ref names to hashes. Throws remote_unreachable. */
export async function remoteHeads(mirror: RemoteAsked, ref?: string): Promise<ReadonlyMap<string, string>> {
  const { remote } = mirror;
  const args = ['ls-remote', '--heads', '--quiet', '--end-of-options', remote.url];
  const output = await mirror.network(ref === undefined ? args : [...args, ref]);
  if (output.exitCode !== 0) throw unanswered(mirror, output.stderr);
  const heads = new Map<string, string>();
  for (const line of output.stdout.split('\n')) {
    const [hash, name] = line.split('\t');
    if (hash !== undefined && name !== undefined && /^[0-9a-f]{40,64}$/u.test(hash)) heads.set(name, hash);
  }
  return heads;
}

/** A refusal is final until somebody changes credentials or rights; everything else may be over soon. */
function unanswered({ remote, said }: RemoteAsked, stderr: string): GitError {
  return NOT_PERMITTED.test(stderr)
    ? new GitError(
        'access_denied',
        `The remote ${remote.shown} refused to be read: ${said(stderr)}. Check the credentials and their rights.`,
      )
    : new GitError(
        'remote_unreachable',
        `The remote ${remote.shown} did not answer: ${said(stderr)}. Check the address and the network.`,
      );
}

/** The branch's commit, asked anew. Throws branch_missing, access_denied, remote_unreachable. */
export async function askTip(mirror: RemoteAsked): Promise<string> {
  const { remote } = mirror;
  // A pattern of ls-remote matches the ends of names: only the exact one counts.
  const tip = (await remoteHeads(mirror, remote.ref)).get(remote.ref);
  if (tip !== undefined) return tip;
  throw new GitError(
    'branch_missing',
    `The remote ${remote.shown} has no branch ${remote.branch}: create it at the commit that runs now, then start again.`,
  );
}

/** The branch's commit, asked anew and with its whole history in the mirror. */
export async function bringTip(mirror: Mirror): Promise<string> {
  let failure = '';
  for (let attempt = 1; attempt <= FETCH_ATTEMPTS; attempt += 1) {
    const tip = await askTip(mirror);
    if (tip.length !== mirror.hashLength) {
      throw new GitError(
        'commit_unknown',
        `The remote ${mirror.remote.shown} has hashes of ${tip.length} digits, the commit given has ${mirror.hashLength}.`,
      );
    }
    const brought = await bring(mirror, [tip]);
    if (brought.ok) return tip;
    failure = brought.stderr;
  }
  throw fetchFailed(mirror, mirror.remote.branch, failure);
}

/** Asking again may help: the remote answered right before. */
export function fetchFailed({ remote, said }: Mirror, what: string, stderr: string): GitError {
  const doing = `Fetching ${what} from ${remote.shown}`;
  if (DISK_FULL.test(stderr)) return diskFull(doing, said(stderr));
  return new GitError('git_failed', `${doing} failed: ${said(stderr)}`, { retryable: true });
}

/** Fetches what is not in the mirror yet, each with its whole history. */
export async function bring(
  mirror: Mirror,
  hashes: readonly string[],
): Promise<{ readonly ok: boolean; readonly stderr: string }> {
  const wanted = await unseen(mirror, hashes);
  if (wanted.length === 0) return { ok: true, stderr: '' };
  const refspecs = wanted.map((hash) => `${hash}:${seenRef(hash)}\n`).join('');
  const args = ['fetch', '--quiet', '--no-tags', '--no-write-fetch-head', '--stdin', '--end-of-options'];
  const output = await mirror.network([...args, mirror.remote.url], refspecs);
  // Another process may have brought the same at the same time: then git fails on the ref that is there already.
  const missing = output.exitCode === 0 ? [] : await unseen(mirror, wanted);
  return { ok: missing.length === 0, stderr: output.stderr };
}

async function unseen(mirror: Mirror, hashes: readonly string[]): Promise<string[]> {
  const [first] = hashes;
  if (first === undefined) return [];
  const pattern = hashes.length === 1 ? seenRef(first) : 'refs/seen/';
  const { stdout } = await mirror.local([
    'for-each-ref',
    '--format=%(objectname)',
    '--end-of-options',
    pattern,
  ]);
  const seen = new Set(stdout.split('\n'));
  return [...new Set(hashes)].filter((hash) => !seen.has(hash));
}

function seenRef(hash: string): string {
  return `refs/seen/${hash}`;
}

async function makeMirror(
  git: GitCommand,
  mirrorsDir: string,
  gitDir: string,
  format: 'sha1' | 'sha256',
  signal: AbortSignal | undefined,
): Promise<void> {
  if (await exists(gitDir)) return;
  const fresh = await freshFolder(mirrorsDir);
  try {
    const args = [
      'init',
      '--quiet',
      '--bare',
      '--template=',
      `--object-format=${format}`,
      '--end-of-options',
    ];
    await git({ gitDir: undefined, args: [...args, fresh], signal });
    await rename(fresh, gitDir);
  } catch (error) {
    await rm(fresh, { recursive: true, force: true });
    // Another process was first: its mirror is as good as ours.
    if (error instanceof Error && 'code' in error && (error.code === 'ENOTEMPTY' || error.code === 'EEXIST'))
      return;
    throw error;
  }
}

async function freshFolder(mirrorsDir: string): Promise<string> {
  try {
    await mkdir(mirrorsDir, { recursive: true, mode: 0o700 });
    return await mkdtemp(path.join(mirrorsDir, '.new-'));
  } catch (cause) {
    const why = cause instanceof Error ? cause.message : String(cause);
    if (DISK_FULL.test(why)) throw diskFull('Making a mirror', why);
    throw new GitError('git_failed', `A mirror can't be made: ${why}. Check the folder of the settings.`, {
      cause,
    });
  }
}

async function exists(file: string): Promise<boolean> {
  try {
    await stat(file);
    return true;
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return false;
    throw error;
  }
}
