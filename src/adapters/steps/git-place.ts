import type { GitPlace } from '../../contracts/git-place.js';
import type { GitAccess } from '../git/access.js';
import { GitError } from '../git/error.js';
import type { CommitText } from '../git/objects.js';
import type { GitRemote } from '../git/remote.js';

export type Secrets = Readonly<Record<string, string>>;

const AUTHOR = { name: 'promote', email: 'promote@localhost' };

/** The remote with its credentials, opened here and nowhere earlier. Throws GitError bad_credentials. */
export function remoteAt(place: GitPlace, secrets: Secrets): GitRemote {
  return { url: place.remote, branch: place.branch, access: accessOf(place, secrets) };
}

/** As whom commits are made there. */
export function styleOf({ author, signing }: GitPlace): Pick<CommitText, 'identity' | 'signingKey'> {
  return { identity: author ?? AUTHOR, signingKey: signing?.sshKey };
}

function accessOf({ https, ssh }: GitPlace, secrets: Secrets): GitAccess | undefined {
  if (https?.bearer !== undefined)
    return { kind: 'https', user: undefined, token: opened(https.bearer, secrets) };
  if (https?.password !== undefined)
    return { kind: 'https', user: https.user, token: opened(https.password, secrets) };
  return ssh === undefined ? undefined : { kind: 'ssh', key: ssh.key, knownHosts: ssh.knownHosts };
}

function opened(reference: string, secrets: Secrets): string {
  const name = SECRET_REFERENCE.exec(reference)?.[1] ?? '';
  const value = Object.hasOwn(secrets, name) ? secrets[name] : undefined;
  if (value !== undefined) return value;
  throw new GitError(
    'bad_credentials',
    `The secret ${name} has no value on this worker: set its environment variable.`,
  );
}

const SECRET_REFERENCE = /^\$\{([^}]*)\}$/u;
