import { request } from 'undici';
import { expect, onTestFinished, test } from 'vitest';

import { claimPort } from '../../src/engine/ports.js';
import { serveHealth, type Health } from '../../worker/sight/health.js';
import { SightError } from '../../worker/sight/sight-error.js';

const none = (): undefined => undefined;

/** Proves what the health endpoint answers. When a worker is live and ready: sight.server-test.ts and health.deep-test.ts. */
async function served(health: Partial<Health> = {}): Promise<string> {
  const address = `127.0.0.1:${await claimPort(undefined)}`;
  onTestFinished(await serveHealth(address, { notLive: none, notReady: none, ...health }));
  return address;
}

test('what is not is said with its reason, and the other stays as it is', async () => {
  const address = await served({ notReady: () => 'it is starting' });
  const ready = await request(`http://${address}/readyz`);
  expect(ready.statusCode).toBe(503);
  expect(await ready.body.text()).toBe('{"status":"unavailable","reason":"it is starting"}\n');
  const live = await request(`http://${address}/livez`);
  expect(live.statusCode).toBe(200);
  expect(await live.body.text()).toBe('{"status":"ok"}\n');
});

test.each([
  ['HEAD', '/livez', 200],
  ['GET', '/metrics', 404],
  ['GET', '/readyz?x', 404],
  ['POST', '/livez', 405],
] as const)('%s %s is answered with %i', async (method, path, status) => {
  const { statusCode, body } = await request(`http://${await served()}${path}`, { method });
  await body.dump();
  expect(statusCode).toBe(status);
});

test('an address that something listens on is told as one error, with what to do', async () => {
  const address = await served();
  const second = serveHealth(address, { notLive: none, notReady: none });
  await expect(second).rejects.toMatchObject({
    name: 'SightError',
    code: 'address_in_use',
    message: `PROMOTE_HEALTH_ADDRESS: something else listens on ${address}: end it, or give another port`,
  });
});

test('so is an address that is none of this machine', async () => {
  const elsewhere = serveHealth('192.0.2.1:9465', { notLive: none, notReady: none });
  await expect(elsewhere).rejects.toBeInstanceOf(SightError);
  await expect(elsewhere).rejects.toMatchObject({ code: 'address_unusable' });
});
