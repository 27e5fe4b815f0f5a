// The download over real HTTP against a server of the test; temporal.download itself is not asked.
import { createServer, type RequestListener } from 'node:http';
import { readFile } from 'node:fs/promises';
import { gzipSync } from 'node:zlib';
import { expect, it, onTestFinished } from 'vitest';
import { fetchFromArchive } from '../../src/engine/from-archive.js';
import { claimPort } from '../../src/engine/ports.js';
import { targetOf } from '../../src/engine/pinned.js';
import { fileInTar } from '../../src/engine/tar.js';
import { scratchFolder, text } from './scratch.js';

function tarOf(files: Readonly<Record<string, string>>): Buffer {
  const blocks = Object.entries(files).flatMap(([name, content]) => {
    const header = Buffer.alloc(512);
    header.write(name, 0);
    header.write(`${content.length.toString(8).padStart(11, '0')}\0`, 124);
    header.write('0', 156);
    return [header, Buffer.from(content), Buffer.alloc((512 - (content.length % 512)) % 512)];
  });
  return Buffer.concat([...blocks, Buffer.alloc(1024)]);
}

async function serve(listener: RequestListener): Promise<string> {
  const port = await claimPort(undefined);
  const server = createServer(listener);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  onTestFinished(() => new Promise((resolve) => server.close(() => resolve())));
  return `http://127.0.0.1:${port}`;
}

const target = targetOf('linux', 'x64');
const archive = gzipSync(tarOf({ LICENSE: 'MIT', './temporal': 'the binary' }));

it('asks for its version and platform, follows a redirect and unpacks the binary', async () => {
  const asked: (string | undefined)[] = [];
  const origin = await serve((request, response) => {
    asked.push(request.url);
    if (request.url === '/file') response.end(archive);
    else response.writeHead(302, { location: '/file' }).end();
  });
  const path = await fetchFromArchive(await scratchFolder(), target, origin);
  expect(await readFile(path, 'utf8')).toBe('the binary');
  expect(asked).toEqual(['/cli/archive/v1.9.1?arch=amd64&platform=linux&format=tar.gz', '/file']);
});

it.each([
  ['an answer that is no archive', 404, {}, 'answered 404'],
  ['a redirect to another scheme', 302, { location: 'ftp://127.0.0.1/file' }, 'leads to ftp:'],
  ['redirects without end', 302, { location: '/again' }, 'redirected more than 5 times'],
])('refuses %s', async (_what, status, headers, reason) => {
  const origin = await serve((_request, response) => response.writeHead(status, headers).end());
  await expect(fetchFromArchive(await scratchFolder(), target, origin)).rejects.toMatchObject({
    code: 'download_failed',
    message: text(reason),
  });
});

it('refuses an archive without the binary', async () => {
  const origin = await serve((_request, response) => response.end(gzipSync(tarOf({ LICENSE: 'MIT' }))));
  await expect(fetchFromArchive(await scratchFolder(), target, origin)).rejects.toMatchObject({
    code: 'download_failed',
  });
});

it('finds no file in a tar that is cut short or is none', () => {
  const tar = tarOf({ temporal: 'x'.repeat(600) });
  expect(fileInTar(tar, 'temporal')?.length).toBe(600);
  expect(fileInTar(tar.subarray(0, 700), 'temporal')).toBeUndefined();
  expect(fileInTar(Buffer.alloc(2048, 'z'), 'temporal')).toBeUndefined();
});
