import { createServer, type IncomingMessage, type RequestListener, type Server } from 'node:http';
import { createServer as createRawServer, type Server as RawServer } from 'node:net';
import { setTimeout as sleep } from 'node:timers/promises';
import { gzipSync } from 'node:zlib';
import { afterEach, describe, expect, it } from 'vitest';
import {
  probeHttp,
  type HttpAnswer,
  type HttpQuestion,
  type HttpTools,
} from '../../src/adapters/http-probe.js';
import { createRedactor } from '../../src/adapters/redaction.js';

// Real servers on loopback. Proves what each kind of server makes of a gate. Not proven: certificates of all sorts
// (one TLS fault stands for them), and names that lead to link-local addresses end to end (http-address.test.ts).

const TOKEN = 'tok-en/ "é & canary';
const redact = createRedactor({ TAU_TOKEN: 'canary-secret-1234', OTHER: TOKEN });

const servers: (Server | RawServer)[] = [];
afterEach(async () => {
  for (const server of servers.splice(0)) {
    if ('closeAllConnections' in server) server.closeAllConnections();
    await new Promise((done) => server.close(done));
  }
});

async function listen(server: Server | RawServer): Promise<string> {
  servers.push(server);
  await new Promise<void>((done) => server.listen(0, '127.0.0.1', done));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('not listening on a port');
  return `http://127.0.0.1:${address.port}`;
}

const serve = (handler: RequestListener): Promise<string> => listen(createServer(handler));

/** Writes these bytes to whoever connects, and ends the connection. */
const serveRaw = (text: string, end: 'end' | 'cut' = 'end'): Promise<string> =>
  listen(
    createRawServer((socket) => {
      socket.on('error', () => undefined);
      socket.once('data', () => {
        socket.write(text, () => (end === 'end' ? socket.end() : socket.resetAndDestroy()));
      });
    }),
  );

function ask(
  origin: string,
  given: Partial<HttpQuestion> = {},
  tools: Partial<HttpTools> = {},
): Promise<HttpAnswer> {
  return probeHttp(
    {
      url: `${origin}/gateway/status?key=value`,
      method: 'GET',
      headers: {},
      body: undefined,
      bearer: undefined,
      allowedOrigins: [origin],
      deadlineMs: 5_000,
      maxBytes: 100_000,
      signal: new AbortController().signal,
      ...given,
    },
    { redact, wait: () => Promise.resolve(), ...tools },
  );
}

const textOf = ({ body }: HttpAnswer): string => Buffer.from(body).toString('utf8');
const outcomes = ({ tries }: HttpAnswer): readonly string[] => tries.map(({ outcome }) => outcome);

/** Gives these statuses one after the other, then 200. */
function serveStatuses(...statuses: readonly (readonly [number, Record<string, string>])[]): Promise<string> {
  const left = [...statuses];
  return serve((_, response) => {
    const [status, headers] = left.shift() ?? [200, {}];
    response.writeHead(status, headers).end(status === 200 ? '{}' : `status ${status}`);
  });
}

describe('an answer', () => {
  it('is the bytes of a 2xx, without secrets', async () => {
    const origin = await serve((_, response) => response.end('{"echo":"canary-secret-1234"}'));
    const answer = await ask(origin);
    expect(answer).toMatchObject({ kind: 'answered', status: 200, redactions: { TAU_TOKEN: 1 } });
    expect(textOf(answer)).toBe('{"echo":"[redacted:TAU_TOKEN]"}');
    expect(answer.tries).toHaveLength(1);
    expect(answer.tries[0]).toMatchObject({ outcome: 'answered', status: 200 });
    expect(answer.tries[0]?.startedAt).toMatch(/^\d{4}-\d\d-\d\dT.*Z$/);
  });

  it('comes to a question with its method, headers, body and token, asking for no encoding', async () => {
    let seen: { request: IncomingMessage; body: string } | undefined;
    const origin = await serve((request, response) => {
      let body = '';
      request.on('data', (chunk: Buffer) => (body += chunk.toString()));
      request.on('end', () => {
        seen = { request, body };
        response.end('{}');
      });
    });
    await ask(origin, {
      method: 'POST',
      headers: { 'Content-Type': 'application/json', 'Accept-Encoding': 'gzip' },
      body: '{"a":1}',
      bearer: 'canary-secret-1234',
    });
    expect(seen?.request.method).toBe('POST');
    expect(seen?.request.url).toBe('/gateway/status?key=value');
    expect(seen?.body).toBe('{"a":1}');
    expect(seen?.request.headers).toMatchObject({
      'content-type': 'application/json',
      'accept-encoding': 'identity',
      authorization: 'Bearer canary-secret-1234',
    });
  });
});

describe('an unreachable system', () => {
  it('is asked again until it answers, and every try is recorded', async () => {
    const origin = await serveStatuses([503, {}], [408, {}], [425, {}], [500, {}]);
    const answer = await ask(origin);
    expect(answer.kind).toBe('answered');
    expect(outcomes(answer)).toEqual([
      'http_status_503',
      'http_status_408',
      'http_status_425',
      'http_status_500',
      'answered',
    ]);
  });

  it('is told by its last fault when the time is up, with the body that came', async () => {
    const origin = await serve((_, response) =>
      response.writeHead(503).end('\u001b[31mdown: canary-secret-1234\r\nx'),
    );
    const answer = await ask(origin, { deadlineMs: 700 }, { wait: (ms) => sleep(ms) });
    expect(answer).toMatchObject({ kind: 'unreachable', code: 'http_status_503', status: 503 });
    expect(answer.tries.length).toBeGreaterThan(1);
    expect(answer.kind === 'answered' ? '' : answer.detail).toMatch(
      /^GET http:\/\/127\.0\.0\.1:\d+\/gateway\/status\?…: http_status_503, status 503, after \d+ more tries \(http_status_503\): \[31mdown: \[redacted:TAU_TOKEN\] x$/,
    );
    expect(textOf(answer)).toBe('\u001b[31mdown: [redacted:TAU_TOKEN]\r\nx');
  });

  it('is asked at growing intervals up to two seconds', async () => {
    const waits: number[] = [];
    const origin = await serveStatuses(...Array.from({ length: 7 }, () => [503, {}] as const));
    await ask(origin, { deadlineMs: 60_000 }, { wait: (ms) => Promise.resolve(void waits.push(ms)) });
    expect(waits).toEqual([100, 200, 400, 800, 1600, 2000, 2000]);
  });

  it('is refused when nobody listens', async () => {
    const origin = await serve(() => undefined);
    await new Promise((done) => servers.pop()?.close(done));
    const answer = await ask(origin, { deadlineMs: 400 }, { wait: (ms) => sleep(ms) });
    expect(answer).toMatchObject({ kind: 'unreachable', code: 'http_refused', status: undefined });
    expect(answer.tries.length).toBeGreaterThan(1);
  });

  it('is cut when the connection ends before an answer, or within it', async () => {
    for (const text of ['', 'HTTP/1.1 200 OK\r\ncontent-length: 100\r\n\r\nhalf']) {
      for (const end of ['end', 'cut'] as const) {
        const answer = await ask(await serveRaw(text, end), { method: 'POST' });
        expect(answer).toMatchObject({ kind: 'unreachable', code: 'http_cut' });
      }
    }
  });

  it('is timed out when it says nothing, not even to a TLS hello, drips headers or drips a body', async () => {
    const silent = await serve(() => undefined);
    const dripping = await serve((_, response) => {
      const drip = setInterval(() => response.write(' '), 20);
      response.on('close', () => clearInterval(drip));
    });
    const headers = await listen(
      createRawServer((socket) => {
        socket.on('error', () => undefined);
        socket.write('HTTP/1.1 200 OK\r\n');
        const drip = setInterval(() => socket.write('x: y\r\n'), 20);
        socket.on('close', () => clearInterval(drip));
      }),
    );
    // A balancer whose back end is dead takes the connection, and never says who it is.
    const handshake = await listen(createRawServer((socket) => socket.on('error', () => undefined).resume()));
    const tls = handshake.replace('http:', 'https:');
    for (const origin of [silent, dripping, headers, tls]) {
      const began = performance.now();
      expect(await ask(origin, { deadlineMs: 300 })).toMatchObject({
        kind: 'unreachable',
        code: 'http_timeout',
      });
      expect(performance.now() - began).toBeGreaterThan(250);
      expect(performance.now() - began).toBeLessThan(3_000);
    }
  });

  it('is not asked twice what must not be asked twice', async () => {
    expect(outcomes(await ask(await serveStatuses([503, {}]), { method: 'POST' }))).toEqual([
      'http_status_503',
    ]);
    expect(outcomes(await ask(await serveStatuses([503, {}]), { method: 'POST', repeatable: true }))).toEqual(
      ['http_status_503', 'answered'],
    );
  });
});

describe('a system that limits how often it is asked', () => {
  it.each([
    ['2', 2000],
    ['0', 100],
    ['nonsense', 100],
  ])('is asked again after Retry-After: %s, if there is time', async (header, waitMs) => {
    const waits: number[] = [];
    const answer = await ask(
      await serveStatuses([429, { 'retry-after': header }]),
      {},
      { wait: (ms) => Promise.resolve(void waits.push(ms)) },
    );
    expect(answer.kind).toBe('answered');
    expect(waits).toEqual([waitMs]);
  });

  it('takes a date too', async () => {
    const waits: number[] = [];
    const origin = await serveStatuses([429, { 'retry-after': new Date(Date.now() + 3_000).toUTCString() }]);
    await ask(origin, {}, { wait: (ms) => Promise.resolve(void waits.push(ms)) });
    expect(waits[0]).toBeGreaterThan(1_000);
    expect(waits[0]).toBeLessThanOrEqual(3_000);
  });

  it('is not waited for when that takes longer than the deadline', async () => {
    const began = performance.now();
    const answer = await ask(
      await serveStatuses([429, { 'retry-after': '6' }]),
      {},
      { wait: (ms) => sleep(ms) },
    );
    expect(answer).toMatchObject({ kind: 'unreachable', code: 'http_rate_limited', status: 429 });
    expect(answer.tries).toHaveLength(1);
    expect(performance.now() - began).toBeLessThan(2_000);
  });
});

describe('a question that is wrong', () => {
  it.each([
    [400, 'http_status_400'],
    [401, 'http_status_401'],
    [404, 'http_status_404'],
    [304, 'http_redirect'],
  ])('is told by status %d, once', async (status, code) => {
    const answer = await ask(await serveStatuses([status, {}]));
    expect(answer).toMatchObject({ kind: 'misconfigured', code, status });
    expect(answer.tries).toHaveLength(1);
  });

  it('is told by a redirect, which is not followed and takes no token along', async () => {
    const asked: string[] = [];
    const elsewhere = await serve((request, response) => {
      asked.push(request.headers.authorization ?? '');
      response.end('{}');
    });
    const origin = await serve((_, response) => response.writeHead(302, { location: elsewhere }).end());
    const answer = await ask(origin, { bearer: 'canary-secret-1234', allowedOrigins: [origin, elsewhere] });
    expect(answer).toMatchObject({ kind: 'misconfigured', code: 'http_redirect', status: 302 });
    expect(asked).toEqual([]);
  });

  it('asks nobody where the origin is not allowed, and shows no password', async () => {
    let asked = 0;
    const origin = await serve((_, response) => response.end(String((asked += 1))));
    expect(await ask(origin, { allowedOrigins: ['http://127.0.0.1:1'] })).toMatchObject({
      kind: 'misconfigured',
      code: 'http_origin_not_allowed',
      tries: [],
    });
    const withPassword = await ask(origin, { url: origin.replace('http://', 'http://user:hunter2@') });
    expect(withPassword).toMatchObject({ kind: 'misconfigured', code: 'http_userinfo' });
    expect(JSON.stringify(withPassword)).not.toContain('hunter2');
    expect(asked).toBe(0);
  });

  it('is one with a header that cannot be sent, told without it', async () => {
    const origin = await serve((_, response) => response.end('{}'));
    const answer = await ask(origin, { bearer: 'line\nbreak-secret' });
    expect(answer).toMatchObject({ kind: 'misconfigured', code: 'http_bad_request' });
    expect(JSON.stringify(answer)).not.toContain('break-secret');
  });

  it('is one that speaks TLS to a server that does not', async () => {
    const origin = (await serve((_, response) => response.end('{}'))).replace('http:', 'https:');
    const answer = await ask(origin, { deadlineMs: 2_000 });
    expect(answer.kind).toBe('misconfigured');
    expect(answer.kind === 'answered' ? '' : answer.code).toMatch(/^tls_/);
  });
});

describe('a hostile answer', () => {
  it('of 50 MB is read up to the limit, and no half of a secret is kept', async () => {
    const secret = 'canary-secret-1234';
    const origin = await serve((_, response) => {
      response.on('error', () => undefined);
      response.write('x'.repeat(100_000 - 9) + secret);
      const block = Buffer.alloc(1_000_000, 0x78);
      const pump = (left: number): void => {
        if (left === 0) response.end();
        else response.write(block, () => pump(left - 1));
      };
      pump(50);
    });
    const answer = await ask(origin);
    expect(answer).toMatchObject({ kind: 'malformed', code: 'http_too_large', status: 200 });
    expect(answer.body.byteLength).toBeLessThanOrEqual(100_000);
    expect(textOf(answer)).toMatch(/^x+$/);
    expect(answer.tries).toHaveLength(1);
  });

  it('that is compressed is not unpacked and not kept', async () => {
    const bomb = gzipSync(Buffer.alloc(10_000_000));
    const byContent = await serve((_, response) =>
      response.writeHead(200, { 'content-encoding': 'gzip' }).end(bomb),
    );
    const byTransfer = await serveRaw(
      'HTTP/1.1 200 OK\r\ntransfer-encoding: gzip, chunked\r\n\r\n1\r\nx\r\n0\r\n\r\n',
    );
    for (const origin of [byContent, byTransfer]) {
      const answer = await ask(origin);
      expect(answer).toMatchObject({ kind: 'malformed', code: 'http_encoded', status: 200 });
      expect(answer.body.byteLength).toBe(0);
    }
  });

  it('that is no HTTP, or has endless headers, is malformed', async () => {
    expect(await ask(await serveRaw('SSH-2.0-OpenSSH_9.2\r\n'))).toMatchObject({
      kind: 'malformed',
      code: 'http_not_http',
    });
    const headers = `HTTP/1.1 200 OK\r\n${'x: yyyyyyyyyy\r\n'.repeat(5_000)}\r\n`;
    expect(await ask(await serveRaw(headers))).toMatchObject({
      kind: 'malformed',
      code: 'http_headers_too_large',
    });
  });

  it('with a status outside of HTTP is malformed', async () => {
    expect(await ask(await serveRaw('HTTP/1.1 999 Odd\r\ncontent-length: 0\r\n\r\n'))).toMatchObject({
      kind: 'malformed',
      code: 'http_status_999',
    });
  });

  it('cannot put a secret together again with control characters', async () => {
    const origin = await serve((_, response) =>
      response.writeHead(400).end('canary-\u200bsecret\u2060-1234'),
    );
    const answer = await ask(origin);
    expect(answer.kind === 'answered' ? '' : answer.detail).toMatch(/: \[redacted:TAU_TOKEN\]$/);
  });
});

describe('cancelling', () => {
  it('throws its own reason, before, while asking and while waiting', async () => {
    const reason = new Error('cancelled');
    const silent = await serve(() => undefined);
    const failing = await serve((_, response) => response.writeHead(503).end());
    await expect(ask(silent, { signal: AbortSignal.abort(reason) })).rejects.toBe(reason);
    const whileAsking = new AbortController();
    setTimeout(() => whileAsking.abort(reason), 50);
    await expect(ask(silent, { signal: whileAsking.signal })).rejects.toBe(reason);
    const whileWaiting = new AbortController();
    setTimeout(() => whileWaiting.abort(reason), 250);
    const asked = probeHttp(
      {
        url: failing,
        method: 'GET',
        headers: {},
        body: undefined,
        bearer: undefined,
        allowedOrigins: [failing],
        deadlineMs: 60_000,
        maxBytes: 1_000,
        signal: whileWaiting.signal,
      },
      { redact },
    );
    await expect(asked).rejects.toBe(reason);
  });
});
