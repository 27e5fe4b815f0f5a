import { createServer } from 'node:net';
import { expect, it } from 'vitest';
import { findOrStartEngine } from '../../src/engine/engine.js';
import { givenServer, parseAddress } from '../../src/engine/given-address.js';
import { claimPort } from '../../src/engine/ports.js';
import { engineOptions, scratchFolder, text } from './scratch.js';

it.each([
  ['127.0.0.1:7300', { host: '127.0.0.1', port: 7300 }],
  ['temporal.example.com', { host: 'temporal.example.com', port: 7233 }],
  ['[::1]:7300', { host: '::1', port: 7300 }],
  [' name.ns.tmprl.cloud:7233 ', { host: 'name.ns.tmprl.cloud', port: 7233 }],
])('reads the address %j', (address, expected) => {
  expect(parseAddress(address)).toEqual(expected);
});

it.each(['', 'http://host:7233', 'host:0', 'host:70000', 'host:port', '::1', 'a b:7233'])(
  'refuses the address %j and says what one looks like',
  (address) => {
    expect(() => parseAddress(address)).toThrow(
      expect.objectContaining({ code: 'address_invalid', message: text('host:port') }),
    );
  },
);

it('takes a given address that listens, and has nothing to stop there', async () => {
  const server = createServer((socket) => socket.destroy());
  const port = await claimPort(undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  const engine = await givenServer(`127.0.0.1:${port}`);
  expect(engine).toMatchObject({ address: `127.0.0.1:${port}`, started: false, pid: undefined });
  await engine.stop();
  expect(server.listening).toBe(true);
  await new Promise((resolve) => server.close(resolve));
});

it('never replaces an unreachable address by a server of its own', async () => {
  const port = await claimPort(undefined);
  const options = engineOptions(await scratchFolder(), { address: `127.0.0.1:${port}` });
  await expect(findOrStartEngine(options)).rejects.toMatchObject({
    name: 'EngineError',
    code: 'server_unreachable',
    message: text(`127.0.0.1:${port} (connect ECONNREFUSED`),
  });
});

it('refuses a port that something listens on, and names it', async () => {
  const server = createServer();
  const port = await claimPort(undefined);
  await new Promise<void>((resolve) => server.listen(port, '127.0.0.1', resolve));
  await expect(claimPort(port)).rejects.toMatchObject({
    code: 'port_in_use',
    message: text(`port ${port}`),
  });
  await new Promise((resolve) => server.close(resolve));
});
