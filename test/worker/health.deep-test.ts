import { request } from 'undici';
import { expect, test } from 'vitest';

import { claimPort } from '../../src/engine/ports.js';
import { openSite } from '../support/command-line.js';

/**
 * Proves on real processes that a worker says that it is not ready while its Temporal server is gone, and is again once it is
 * back, and is alive all the time.
 */
test('a worker without its server is alive and not ready, until the server is back', async () => {
  const [port, serverPort] = [await claimPort(undefined), await claimPort(undefined)];
  const site = await openSite({ environment: { PROMOTE_HEALTH_ADDRESS: `127.0.0.1:${port}` } });
  const ask = async (path: string): Promise<{ status: number; body: unknown }> => {
    const { statusCode, body } = await request(`http://127.0.0.1:${port}${path}`);
    return { status: statusCode, body: await body.json() };
  };
  const ok = { status: 200, body: { status: 'ok' } };
  const server = await site.startPart('server', '--port', String(serverPort));
  const worker = await site.startPart('worker');
  await expect.poll(() => ask('/readyz')).toEqual(ok);

  await server.kill();
  await site.killTemporal();
  const reason: unknown = expect.stringMatching(/^the Temporal server has not answered for \d+ s$/);
  await expect
    .poll(() => ask('/readyz'), { timeout: 60_000, interval: 200 })
    .toEqual({ status: 503, body: { status: 'unavailable', reason } });
  expect(await ask('/livez')).toEqual(ok);

  await site.startPart('server', '--port', String(serverPort));
  await expect.poll(() => ask('/readyz'), { timeout: 60_000, interval: 200 }).toEqual(ok);
  expect(await worker.end()).toBe(0);
  await expect(ask('/readyz')).rejects.toThrow('ECONNREFUSED');
});
