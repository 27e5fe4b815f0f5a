import { writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { gunzip } from 'node:zlib';
import { EngineError } from './error.js';
import { CLI_VERSION, type Target } from './pinned.js';
import { fileInTar } from './tar.js';

const ORIGIN = 'https://temporal.download';
const CONNECT_TIMEOUT_MS = 3_000;
const DOWNLOAD_TIMEOUT_MS = 180_000;
const ARCHIVE_LIMIT_BYTES = 150 * 1024 * 1024;
const BINARY_LIMIT_BYTES = 400 * 1024 * 1024;
const REDIRECTS = 5;

/**
 * Downloads the archive that the SDK downloads, and unpacks its binary into the folder.
 * @throws {EngineError} `download_failed`, or the error of the connection
 */
export async function fetchFromArchive(folder: string, target: Target, origin = ORIGIN): Promise<string> {
  const query = `arch=${target.arch}&platform=${target.platform}&format=tar.gz`;
  const archive = await download(new URL(`/cli/archive/v${CLI_VERSION}?${query}`, origin));
  const tar = await promisify(gunzip)(archive, { maxOutputLength: BINARY_LIMIT_BYTES });
  const binary = fileInTar(tar, 'temporal');
  if (binary === undefined) throw new EngineError('download_failed', 'the archive has no file "temporal"');
  const path = join(folder, 'temporal');
  await writeFile(path, binary);
  return path;
}

/** Redirects are followed by hand, so that none leaves the scheme: a download stays on https. */
async function download(first: URL): Promise<Buffer> {
  const { Agent, request } = await import('undici');
  const dispatcher = new Agent({ connect: { timeout: CONNECT_TIMEOUT_MS } });
  const signal = AbortSignal.timeout(DOWNLOAD_TIMEOUT_MS);
  try {
    let url = first;
    for (let hop = 0; hop <= REDIRECTS; hop++) {
      const { statusCode, headers, body } = await request(url, {
        dispatcher,
        signal,
        headersTimeout: 10_000,
      });
      const { location } = headers;
      if (statusCode === 200) return await bounded(body);
      // Not destroyed by hand: undici throws that where nobody can catch it.
      await body.dump({ limit: 64 * 1024 });
      if (statusCode < 300 || statusCode > 399 || typeof location !== 'string')
        throw new EngineError('download_failed', `${url.href} answered ${statusCode}`);
      url = new URL(location, url);
      if (url.protocol !== first.protocol)
        throw new EngineError('download_failed', `${first.href} leads to ${url.protocol}//${url.host}`);
    }
    throw new EngineError('download_failed', `${first.href} was redirected more than ${REDIRECTS} times`);
  } finally {
    await dispatcher.destroy();
  }
}

async function bounded(body: AsyncIterable<Uint8Array>): Promise<Buffer> {
  const chunks: Uint8Array[] = [];
  let bytes = 0;
  for await (const chunk of body) {
    bytes += chunk.length;
    if (bytes > ARCHIVE_LIMIT_BYTES)
      throw new EngineError('download_failed', `the archive is longer than ${ARCHIVE_LIMIT_BYTES} bytes`);
    chunks.push(chunk);
  }
  return Buffer.concat(chunks);
}
