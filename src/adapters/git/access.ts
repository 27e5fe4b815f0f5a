import { createRedactor, RedactionError } from '../redaction.js';
import { GitError } from './error.js';

/** With what a remote is spoken to. Without it: https anonymously, ssh with the worker's own keys and agent. */
export type GitAccess =
  /** With a user the token is its password (Basic), else it is a bearer token. */
  | { readonly kind: 'https'; readonly user: string | undefined; readonly token: string }
  /** Absolute paths. Without `knownHosts` the worker's own known hosts count. */
  | { readonly kind: 'ssh'; readonly key: string; readonly knownHosts: string | undefined };

/** The one header line that carries the credential. Throws bad_credentials. */
export function headerOf({ user, token }: Extract<GitAccess, { kind: 'https' }>): string {
  if (token === '' || /[^\x20-\x7e]/u.test(`${user ?? ''}${token}`) || user?.includes(':') === true)
    throw new GitError(
      'bad_credentials',
      'The user or token for git has characters that no header can carry: printable ASCII only, and no ":" in the user.',
    );
  return user === undefined
    ? `Authorization: Bearer ${token}`
    : `Authorization: Basic ${Buffer.from(`${user}:${token}`).toString('base64')}`;
}

/** What a shell and ssh both take as it is: neither quotes nor `%` or `~` that they would expand. */
const PLAIN_PATH = /^\/[A-Za-z0-9._@+,=/-]+$/u;

/**
 * Options for ssh: this key and these known hosts, and nothing of any configuration file or agent. It never asks. Throws
 * bad_credentials.
 */
export function sshOptions({ key, knownHosts }: Extract<GitAccess, { kind: 'ssh' }>): readonly string[] {
  for (const file of [key, knownHosts])
    if (file !== undefined && !PLAIN_PATH.test(file))
      throw new GitError(
        'bad_credentials',
        'The path of an ssh key or of known hosts is absolute and has letters, digits and . _ @ + , = / - only.',
      );
  const options = [
    'BatchMode=yes',
    // Not -i: where that file is missing, ssh silently goes on with the user's own keys.
    `IdentityFile=${key}`,
    'IdentitiesOnly=yes',
    'IdentityAgent=none',
    'StrictHostKeyChecking=yes',
    ...(knownHosts === undefined
      ? []
      : [`UserKnownHostsFile=${knownHosts}`, 'GlobalKnownHostsFile=/dev/null']),
  ];
  return ['-F', 'none', ...options.flatMap((option) => ['-o', option])];
}

/** The text without the credential, however it is spelled. */
export function withoutAccess(access: GitAccess | undefined, text: string): string {
  if (access?.kind !== 'https' || access.token === '') return text;
  const { token, user } = access;
  const encoded = Buffer.from(`${user ?? ''}:${token}`).toString('base64');
  const plain = text.replaceAll(encoded, '***').replaceAll(token, '***');
  try {
    return createRedactor({ token })(plain).text;
  } catch (error) {
    // Too short to be looked for in every spelling; admission refuses such secrets.
    if (error instanceof RedactionError) return plain;
    throw error;
  }
}
