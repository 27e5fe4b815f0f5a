import { readFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';

import { InputError } from '../../contracts/input-error.js';
import type { Runbook } from '../../contracts/runbook.js';
import { sha256, type Digest } from '../canonical.js';
import { MAX_POLICY_BYTES } from '../signatures/allowed-signers.js';

/** Files of keys as they are: their digests are in the resolved runbook. */
export interface Signers {
  readonly allowedSigners: Uint8Array;
  readonly revokedKeys: Uint8Array | undefined;
}

export interface SignerDigests {
  readonly allowedSigners: Digest;
  readonly revokedKeys: Digest | null;
}

/**
 * The files of keys beside a runbook, read whole; undefined where the runbook names none.
 *
 * @throws InputError invalid_runbook for a file that can't be read: a missing revocation list must not pass for none
 */
export async function readSigners(
  file: string,
  { allowedSigners, revokedKeys }: Runbook['approval'],
): Promise<Signers | undefined> {
  if (allowedSigners === undefined) return undefined;
  const read = async (key: string, name: string): Promise<Uint8Array> => {
    const path = join(dirname(file), name);
    const bytes = await readFile(path).catch((cause: unknown) => {
      throw new InputError(
        'invalid_runbook',
        [`${file}: approval.${key}: ${path} can't be read: put it there, or correct the name`],
        { cause },
      );
    });
    if (bytes.length <= MAX_POLICY_BYTES) return bytes;
    throw new InputError('invalid_runbook', [
      `${file}: approval.${key}: ${path} has ${bytes.length} bytes: at most ${MAX_POLICY_BYTES}`,
    ]);
  };
  return {
    allowedSigners: await read('allowedSigners', allowedSigners),
    revokedKeys: revokedKeys === undefined ? undefined : await read('revokedKeys', revokedKeys),
  };
}

export function digestsOf({ allowedSigners, revokedKeys }: Signers): SignerDigests {
  return {
    allowedSigners: sha256(allowedSigners),
    revokedKeys: revokedKeys === undefined ? null : sha256(revokedKeys),
  };
}
