// Proves what the stand-in's HTTP side does to a client: who is let in, how it misbehaves, and that it leaves nothing.
import { connect } from 'node:net';

import { expect, test } from 'vitest';

import type { Fault, Misbehaviour } from '../../src/rehearsal/scenario.js';
import { recordedJson, recordedText } from '../tau/recordings.js';
import { STOP, ask, meet, openForTest, promoteByHand, run } from './stand-in.js';

const cortex = (does: Misbehaviour, answers?: number): { readonly faults: readonly Fault[] } => ({
  faults: [{ surfaces: ['cortex-status'], does, ...(answers === undefined ? {} : { answers }) }],
});

test('a wrong or missing token is answered with the recorded 401', async () => {
  const rehearsal = await openForTest();
  const wrong = await ask(rehearsal, '/gateway/status', {}, 'another-token');
  const missing = await fetch(`${rehearsal.baseUrl}/cortex/status`);
  expect([wrong.status, missing.status]).toEqual([401, 401]);
  expect(await wrong.json()).toEqual(recordedJson('errors/gateway-401-wrongtoken.body'));
  expect(await missing.json()).toEqual(recordedJson('errors/cortex-401.body'));
});

test('every rehearsal has a token of its own', async () => {
  const [one, other] = [await openForTest(), await openForTest()];
  expect(one.token).not.toBe(other.token);
  expect((await ask(one, '/gateway/status', {}, other.token)).status).toBe(401);
});

test('what the runbook does not ask is answered with an empty 404 or 405', async () => {
  const rehearsal = await openForTest();
  const unknown = await ask(rehearsal, '/gateway/jobs');
  const wrongMethod = await ask(rehearsal, '/gateway/status', { method: 'POST' });
  expect([unknown.status, await unknown.text()]).toEqual([404, '']);
  expect([wrongMethod.status, await wrongMethod.text()]).toEqual([405, '']);
});

test('the chat probe answers with the recorded server-sent events and heals what a chat can heal', async () => {
  const rehearsal = await openForTest();
  for (const damage of ['chat-missing', 'stale', 'missing'] as const) {
    meet(rehearsal, { cortex: damage });
    expect(await (await ask(rehearsal, '/cortex/status')).json()).toMatchObject({ rollout_gate: 'hold' });
    const chat = await ask(rehearsal, '/cortex/chat', { method: 'POST', body: '{"input":"probe"}' });
    expect(chat.headers.get('content-type')).toBe('text/event-stream');
    expect(eventsOf(await chat.text())).toEqual(eventsOf(recordedText('cortex-chat.sse')));
    expect(await (await ask(rehearsal, '/cortex/status')).json()).toMatchObject({
      reason_code: 'cortex_ready',
    });
  }
});

test('a chat does not heal a malformed observer artifact', async () => {
  const rehearsal = await openForTest();
  meet(rehearsal, { cortex: 'malformed' });
  await (await ask(rehearsal, '/cortex/chat', { method: 'POST', body: '{"input":"probe"}' })).text();
  expect(await (await ask(rehearsal, '/cortex/status')).json()).toMatchObject({
    rollout_gate: 'hold',
    reason_code: 'cortex_observer_events_malformed',
  });
});

test('a surface that misbehaves for some answers is healthy afterwards, and the other never misbehaves', async () => {
  const rehearsal = await openForTest(cortex({ kind: 'error', status: 429, retryAfterSeconds: 1 }, 2));
  const first = await ask(rehearsal, '/cortex/status');
  expect([first.status, first.headers.get('retry-after')]).toEqual([429, '1']);
  expect(await first.json()).toMatchObject({ error: { code: 'rate_limited' } });
  expect((await ask(rehearsal, '/gateway/status')).status).toBe(200);
  expect((await ask(rehearsal, '/cortex/status')).status).toBe(429);
  expect((await ask(rehearsal, '/cortex/status')).status).toBe(200);
});

test('malformed answers are text and JSON of another shape, in turn', async () => {
  const rehearsal = await openForTest(cortex({ kind: 'malformed' }));
  expect(await (await ask(rehearsal, '/cortex/status')).text()).toBe('cortex: all good\n');
  expect(await (await ask(rehearsal, '/cortex/status')).json()).toEqual({ status: { ready: 'yes' } });
});

test('a hanging surface keeps the client waiting until the client gives up', async () => {
  const rehearsal = await openForTest(cortex({ kind: 'hang' }));
  const client = new AbortController();
  const waiting = ask(rehearsal, '/cortex/status', { signal: client.signal });
  // An answer on another connection, begun later, comes first.
  expect((await ask(rehearsal, '/gateway/status')).status).toBe(200);
  client.abort(new Error('the client gave up'));
  await expect(waiting).rejects.toThrow('the client gave up');
});

test('close() ends a connection that waits, and frees the port', async () => {
  const rehearsal = await openForTest({ delayMs: 600_000 });
  const port = Number(new URL(rehearsal.baseUrl).port);
  const waiting = ask(rehearsal, '/gateway/status').catch((error: unknown) => String(error));
  // The question above is being answered once another connection was.
  await ask(rehearsal, '/nothing');
  await rehearsal.close();
  expect(await waiting).toBe('TypeError: fetch failed');
  await expect(
    new Promise((resolve, reject) => connect(port, '127.0.0.1', () => resolve('open')).on('error', reject)),
  ).rejects.toMatchObject({ code: 'ECONNREFUSED' });
});

test('an outage that begins with the promotion ends when the gateway is stopped', async () => {
  const rehearsal = await openForTest({
    faults: [
      {
        surfaces: ['gateway-status'],
        does: { kind: 'cut' },
        after: 'branch-moved',
        until: 'gateway-stopped',
      },
    ],
  });
  expect((await ask(rehearsal, '/gateway/status')).status).toBe(200);
  await promoteByHand(rehearsal);
  await expect(ask(rehearsal, '/gateway/status')).rejects.toThrow('fetch failed');
  await run(rehearsal, STOP);
  expect((await ask(rehearsal, '/gateway/status')).status).toBe(200);
});

function eventsOf(stream: string): readonly string[] {
  return stream.split('\n').filter((line) => line.startsWith('event: '));
}
