import { join } from 'node:path';

import type { SignersLine } from './allowed-signers.js';
import { withPrivateFolder } from './private-folder.js';
import { noAnswer, runSshKeygen, SYSTEM_FAULT, type SshKeygenSettings } from './ssh-keygen.js';

/** Keys that are asked about in one call: their paths have to fit into its arguments. */
const AT_ONCE = 500;

/**
 * The lines whose key this list revokes, as ssh-keygen says.
 *
 * @throws SignatureError
 */
export async function listRevoked(
  settings: SshKeygenSettings,
  revoked: Uint8Array,
  lines: readonly SignersLine[],
): Promise<readonly SignersLine[] | 'unreadable'> {
  const keyed = lines.filter(({ fingerprint }) => fingerprint !== undefined);
  const files = Object.fromEntries(keyed.map(({ line, key = '' }) => [`line-${line}.pub`, `${key} key\n`]));
  return withPrivateFolder(settings.tempDirs, { ...files, revoked }, async (folder) => {
    const krl = join(folder, 'revoked');
    const list = await runSshKeygen(settings, { args: ['-Q', '-l', '-f', krl] });
    if (list.exitCode !== 0) {
      if (SYSTEM_FAULT.test(list.stderr)) throw noAnswer(list);
      return 'unreadable';
    }
    const hit: SignersLine[] = [];
    for (let from = 0; from < keyed.length; from += AT_ONCE) {
      const some = keyed.slice(from, from + AT_ONCE);
      const paths = some.map(({ line }) => join(folder, `line-${line}.pub`));
      const answer = await runSshKeygen(settings, { args: ['-Q', '-f', krl, ...paths] });
      const words = answer.stdout.trimEnd().split('\n');
      if (answer.exitCode > 1 || words.length !== some.length) throw noAnswer(answer);
      hit.push(...some.filter((_, index) => !(words[index] ?? '').endsWith(': ok')));
    }
    return hit;
  });
}
