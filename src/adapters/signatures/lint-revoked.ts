import type { SignersLine } from './allowed-signers.js';
import { aboutFile, type PolicyFinding, type PolicyToLint } from './finding.js';
import { MAX_KRL_BYTES, readKrl } from './krl.js';
import { listRevoked } from './revoked-keys.js';
import type { SshKeygenSettings } from './ssh-keygen.js';

/**
 * Whether the list of revoked keys is one, and whom it revokes.
 *
 * @throws SignatureError where ssh-keygen can't be asked
 */
export async function lintRevoked(
  { revoked, files }: PolicyToLint,
  lines: readonly SignersLine[],
  settings: SshKeygenSettings,
): Promise<readonly PolicyFinding[]> {
  if (revoked === undefined) return [];
  const krl = aboutFile(files.revoked ?? 'revoked keys');
  const unreadable =
    'not a list of revoked keys, so no signature is taken: make it with ssh-keygen -k -f FILE KEY.pub';
  const form = readKrl(revoked);
  switch (form) {
    case 'empty':
      return [
        krl(
          'error',
          'krl_empty',
          undefined,
          'an empty file revokes nothing: make it with ssh-keygen -k -f FILE KEY.pub',
        ),
      ];
    case 'too_large':
      return [krl('error', 'file_too_large', undefined, `more than ${MAX_KRL_BYTES} bytes: make a new list`)];
    case 'no_krl':
      return [krl('error', 'krl_unreadable', undefined, unreadable)];
    case 'revokes_nothing':
      return [
        krl(
          'warning',
          'krl_revokes_nothing',
          undefined,
          'the list revokes nothing: leave it out until it does',
        ),
      ];
    case 'krl': {
      const hit = await listRevoked(settings, revoked, lines);
      if (hit === 'unreadable') return [krl('error', 'krl_unreadable', undefined, unreadable)];
      return hit.map(({ line, principals }) =>
        aboutFile(files.allowedSigners)(
          'warning',
          'krl_revokes_listed_key',
          line,
          `the key of ${principals.join(',')} is revoked, for old decisions too: list a new key, or end it by valid-before`,
        ),
      );
    }
    default:
      return form satisfies never;
  }
}
