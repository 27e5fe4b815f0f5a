// Proves that the commands of docs/reference/attestations.md ("Verifying by hand") do what stands there, by running them, and
// that its example of trusted keys is one.
import { execFile } from 'node:child_process';
import { mkdtemp, readFile, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { promisify } from 'node:util';

import { expect, test } from 'vitest';

import { attest, ATTESTATIONS_FILE } from '../../../src/adapters/attestation/attestations.js';
import { publicKeyPem, type SigningKey } from '../../../src/adapters/attestation/signing-key.js';
import { parseTrustedKeys } from '../../../src/adapters/attestation/trusted-keys.js';
import { sha256 } from '../../../src/adapters/canonical.js';
import { PROMOTED } from './runs.js';
import { keyOfSeed, VECTOR_KEYID, VECTOR_SIGNATURE } from './vector.js';

const KEY = keyOfSeed(7);
const DOCUMENT = join(import.meta.dirname, '..', '..', '..', 'docs', 'reference', 'attestations.md');
const MANIFEST = '{"v":1}';

async function documented(heading: string, language: string): Promise<string> {
  const [, section = ''] = (await readFile(DOCUMENT, 'utf8')).split(`\n## ${heading}\n`);
  const [, block = ''] = section.split(`\n\`\`\`${language}\n`);
  const [code = ''] = block.split('\n```');
  expect(code).not.toBe('');
  return code;
}

/** What the documented commands print, in a folder with what they need. */
async function byHand(
  key: SigningKey,
  change: (attestations: string) => string = (text) => text,
): Promise<{ readonly isVerified: boolean; readonly lines: readonly string[] }> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-by-hand-'));
  try {
    const run = { ...PROMOTED, manifest: sha256(Buffer.from(MANIFEST)) };
    const attestations = Buffer.from(await attest(run, KEY)).toString('utf8');
    await writeFile(join(folder, ATTESTATIONS_FILE), change(attestations));
    await writeFile(join(folder, 'worker.pem'), publicKeyPem(key.publicKey));
    await writeFile(join(folder, 'manifest.json'), MANIFEST);
    const commands = await documented('Verifying by hand', 'bash');
    const { stdout } = await promisify(execFile)('bash', ['-o', 'pipefail', '-c', commands], { cwd: folder });
    const [said = '', ...lines] = stdout.trim().split('\n');
    return { isVerified: said === 'Signature Verified Successfully', lines };
  } finally {
    await rm(folder, { recursive: true, force: true });
  }
}

test('the documented commands verify a signature, and show whose it is and over what', async () => {
  const { isVerified, lines } = await byHand(KEY);
  const [keyid, ofKey = '', subject = '', ofManifest = ''] = lines;
  const manifest = ofManifest.slice(0, 64);
  expect(isVerified).toBe(true);
  expect(keyid).toBe(`sha256:${ofKey.slice(0, 64)}`);
  expect(`sha256:${manifest}`).toBe(sha256(Buffer.from(MANIFEST)));
  expect(subject).toContain(`"sha256":"${manifest}"`);
});

test('they verify nothing by a stranger’s key, and nothing that was changed', async () => {
  expect((await byHand(keyOfSeed(8))).isVerified).toBe(false);
  const changed = await byHand(KEY, (text) => text.replace('"payload":"eyJ', '"payload":"eyI'));
  expect(changed.isVerified).toBe(false);
});

test('the documented trusted keys are read, and the documented vector is ours', async () => {
  const [entry] = parseTrustedKeys(await documented('Trusted keys', 'json'), 'attestations.md');
  expect(entry?.keyid).toBe(VECTOR_KEYID);
  const text = await readFile(DOCUMENT, 'utf8');
  for (const value of [VECTOR_KEYID, VECTOR_SIGNATURE, KEY.publicKey])
    expect(text).toContain(`: \`${value}\``);
});
