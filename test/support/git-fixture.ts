import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, writeFileSync } from 'node:fs';
import { tmpdir } from 'node:os';
import path from 'node:path';

export interface CommitOptions {
  /** The whole tree: file name (flat) to content. */
  readonly files?: Readonly<Record<string, string>>;
  readonly parents?: readonly string[];
  readonly message?: string;
}

export interface RemoteFixture {
  /** Absolute path of a bare repository: a remote of the file protocol. */
  readonly url: string;
  /** `production`, which is at `first`. */
  readonly branch: string;
  readonly first: string;
  /** An empty folder that belongs to the test: for mirrors, scripts and markers. */
  readonly scratch: string;
  /** Writes a commit into the remote, on no branch. Gives its full hash. */
  readonly commit: (options?: CommitOptions) => string;
  /** Moves a branch of the remote there, whatever it was. */
  readonly setBranch: (branch: string, commit: string) => void;
  readonly tip: (branch?: string) => string;
  readonly tree: (commit: string) => string;
  readonly parents: (commit: string) => readonly string[];
  /** Installs a hook of the remote, a shell script. */
  readonly hook: (name: string, script: string) => void;
  /** Git in the remote; standard output, trimmed. */
  readonly git: (...args: readonly string[]) => string;
  readonly remove: () => void;
}

const ENVIRONMENT = {
  PATH: '/usr/local/bin:/usr/bin:/bin',
  HOME: '/nonexistent',
  GIT_CONFIG_NOSYSTEM: '1',
  GIT_CONFIG_GLOBAL: '/dev/null',
  GIT_AUTHOR_NAME: 'Author',
  GIT_AUTHOR_EMAIL: 'author@example.org',
  GIT_AUTHOR_DATE: '@1700000000 +0000',
  GIT_COMMITTER_NAME: 'Author',
  GIT_COMMITTER_EMAIL: 'author@example.org',
  GIT_COMMITTER_DATE: '@1700000000 +0000',
};

/** A real bare repository with the branch `production` at one commit. */
export function createRemote(options: { readonly objectFormat?: 'sha1' | 'sha256' } = {}): RemoteFixture {
  const root = mkdtempSync(path.join(tmpdir(), 'promote-git-'));
  const url = path.join(root, 'remote.git');
  const scratch = path.join(root, 'scratch');
  const run = (args: readonly string[], input = ''): string =>
    execFileSync('git', args, { cwd: root, env: ENVIRONMENT, input, encoding: 'utf8', stdio: 'pipe' }).trim();
  run(['init', '--quiet', '--bare', '--template=', `--object-format=${options.objectFormat ?? 'sha1'}`, url]);
  mkdirSync(scratch);
  const git = (...args: readonly string[]): string => run(['-C', url, ...args]);
  const commit = ({ files = {}, parents = [], message = 'change' }: CommitOptions = {}): string => {
    const lines = Object.entries(files).map(([name, content]) => {
      const blob = run(['-C', url, 'hash-object', '-w', '--stdin'], content);
      return `100644 blob ${blob}\t${name}\n`;
    });
    const tree = run(['-C', url, 'mktree'], lines.join(''));
    return run(['-C', url, 'commit-tree', ...parents.flatMap((parent) => ['-p', parent]), tree], message);
  };
  const setBranch = (branch: string, hash: string): void => {
    git('update-ref', `refs/heads/${branch}`, hash);
  };
  const first = commit({ files: { 'app.txt': 'one\n' }, message: 'first' });
  setBranch('production', first);
  return {
    url,
    branch: 'production',
    first,
    scratch,
    commit,
    setBranch,
    tip: (branch = 'production') => git('rev-parse', '--verify', `refs/heads/${branch}`),
    tree: (hash) => git('rev-parse', '--verify', `${hash}^{tree}`),
    parents: (hash) => git('rev-list', '--parents', '--max-count=1', hash).split(' ').slice(1),
    hook: (name, script) => {
      mkdirSync(path.join(url, 'hooks'), { recursive: true });
      const file = path.join(url, 'hooks', name);
      writeFileSync(file, `#!/bin/sh\n${script}\n`);
      chmodSync(file, 0o755);
    },
    git,
    remove: () => rmSync(root, { recursive: true, force: true }),
  };
}
