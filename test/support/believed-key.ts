import { openKeyFile } from '../../src/adapters/attestation/key-file.js';
import { decodePublicKey, type SigningKey } from '../../src/adapters/attestation/signing-key.js';
import type { BelievedKey } from '../../src/adapters/attestation/trusted-keys.js';
import type { Config } from '../../src/config.js';

/** A key as somebody who verifies trusts it, for all time. */
export function believed({ keyid, publicKey }: SigningKey, deployment: string): BelievedKey {
  const key = decodePublicKey(publicKey);
  if (key === undefined) throw new Error('no key');
  const notBefore = '2020-01-01T00:00:00.000Z';
  return { keyid, publicKey, key, deployment, notBefore, notAfter: null, compromisedAt: null };
}

/** The key of a stage's workers. */
export async function believedOf(
  config: Pick<Config, 'evidenceKeyFile' | 'deployment'>,
): Promise<BelievedKey> {
  return believed((await openKeyFile(config.evidenceKeyFile)).key, config.deployment);
}
