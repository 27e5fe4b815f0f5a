// Proves how a runbook's question goes out over HTTP: its body, its credentials, its session, its own CA. Against real
// servers, over TLS too. Deadlines, retries and what an answer means are proven with the probe.
import { once } from 'node:events';
import { writeFile } from 'node:fs/promises';
import { createServer } from 'node:https';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';

import type { Asking } from '../../src/adapters/probe.js';
import { askGate, type AskedGate } from '../../src/adapters/gates/ask.js';
import { createSessions } from '../../src/adapters/sessions.js';
import { createAuthority } from '../support/certificates.js';
import { asking, serve, textOf } from './gates/questions.js';
import {
  GATEWAY_GATE,
  load,
  refusalOf,
  scratchFolder,
  TOKEN,
  withVariables,
  type Written,
} from './runbook/written-runbook.js';

const PASSWORD = 'a "quoted" pass-phrase';
const VARIABLES = { password: { env: 'SMALL_PASSWORD', secret: true } };
const ENVIRONMENT = { environment: { SMALL_PASSWORD: PASSWORD } };

async function ask(http: Written, over: Partial<Asking> = {}, gate: Written = {}): Promise<AskedGate> {
  const loaded = await load(
    withVariables(VARIABLES, {
      gates: [{ ...GATEWAY_GATE, http, reader: 'http-status', deadline: '5s', ...gate }],
    }),
    ENVIRONMENT,
  );
  return askGate(loaded, 'gateway-status', { ...asking(loaded, ENVIRONMENT), ...over });
}

interface Seen {
  readonly method: string | undefined;
  readonly type: string | undefined;
  readonly authorization: string | undefined;
  readonly body: string;
}

/** A server that tells what came, and answers what it is told to. */
async function listening(
  answer: (seen: Seen, path: string) => { readonly status?: number; readonly body?: string } = () => ({}),
): Promise<{ readonly origin: string; readonly seen: Seen[] }> {
  const seen: Seen[] = [];
  const origin = await serve((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const { method, headers } = request;
      const came: Seen = {
        method,
        type: headers['content-type'],
        authorization: headers.authorization,
        body,
      };
      seen.push(came);
      const told = answer(came, request.url ?? '');
      response.writeHead(told.status ?? 200).end(told.body ?? '');
    });
  });
  return { origin, seen };
}

describe('a body', () => {
  test.each<{ name: string; http: Written; seen: Partial<Seen> }>([
    {
      name: 'in JSON',
      http: { method: 'PATCH', json: { password: '${password}' } },
      seen: { method: 'PATCH', type: 'application/json', body: JSON.stringify({ password: PASSWORD }) },
    },
    {
      name: 'of text, with a secret in it',
      http: { method: 'POST', text: 'password=${password}' },
      seen: { method: 'POST', type: 'text/plain; charset=utf-8', body: `password=${PASSWORD}` },
    },
    {
      name: 'of text, whose type the runbook says',
      http: { method: 'POST', text: 'a=b', headers: { 'content-type': 'application/x-www-form-urlencoded' } },
      seen: { type: 'application/x-www-form-urlencoded', body: 'a=b' },
    },
    { name: 'that there is not', http: { method: 'HEAD' }, seen: { method: 'HEAD', body: '' } },
  ])('is sent: $name', async ({ http, seen: expected }) => {
    const { origin, seen } = await listening();
    expect((await ask({ url: origin, ...http })).result.verdict).toBe('pass');
    expect(seen).toEqual([expect.objectContaining(expected)]);
  });
});

describe('a name and password', () => {
  const BASIC = { basic: { username: 'checker', password: '${password}' } };
  const CREDENTIALS = Buffer.from(`checker:${PASSWORD}`).toString('base64');

  test('are sent as the standard says', async () => {
    const { origin, seen } = await listening();
    await ask({ url: origin, ...BASIC });
    expect(seen[0]?.authorization).toBe(`Basic ${CREDENTIALS}`);
  });

  test('are kept nowhere, however they are echoed', async () => {
    const { origin } = await listening(({ authorization }) => ({
      status: 418,
      body: `no ${authorization} for ${PASSWORD}, ${CREDENTIALS}`,
    }));
    const asked = await ask({ url: origin, ...BASIC });
    const kept = JSON.stringify([asked, textOf(asked)]);
    expect(kept).not.toContain(PASSWORD);
    expect(kept).not.toContain(CREDENTIALS);
    expect(textOf(asked)).toContain('[redacted:');
  });
});

describe('a session', () => {
  const OWN = { url: '/auth', json: { password: '${password}' }, token: '/session/token' };
  const SESSION_TOKEN = 'Opened-By-Password-';

  /** Gives a token for the password, and answers to the newest one only. */
  async function guarded(options: { readonly refuses?: (count: number) => boolean } = {}) {
    let opened = 0;
    let valid = '';
    const { origin, seen } = await listening(({ authorization, body }, path) => {
      if (path === '/auth') {
        if (body !== JSON.stringify({ password: PASSWORD })) return { status: 401 };
        opened += 1;
        valid = `${SESSION_TOKEN}${opened}`;
        return { body: JSON.stringify({ session: { token: valid } }) };
      }
      const refused = authorization !== `Bearer ${valid}` || options.refuses?.(opened) === true;
      return { status: refused ? 401 : 200, body: `you are ${authorization}` };
    });
    const session = { ...OWN, url: `${origin}/auth` };
    return {
      http: { url: `${origin}/status`, session },
      opened: () => opened,
      expire: () => (valid = ''),
      seen,
    };
  }

  test('is opened once for many questions', async () => {
    const { http, opened } = await guarded();
    const sessions = createSessions();
    for (const outcomes of [['session:answered', 'answered'], ['answered']]) {
      const { result, tries } = await ask(http, { sessions });
      expect(result.verdict).toBe('pass');
      expect(tries.map(({ outcome }) => outcome)).toEqual(outcomes);
    }
    expect(opened()).toBe(1);
  });

  test('that was refused is asked for anew, once', async () => {
    const { http, opened, expire } = await guarded();
    const sessions = createSessions();
    await ask(http, { sessions });
    expire();
    const { result, tries } = await ask(http, { sessions });
    expect(result.verdict).toBe('pass');
    expect(tries.map(({ outcome }) => outcome)).toEqual(['http_status_401', 'session:answered', 'answered']);
    expect(opened()).toBe(2);
  });

  test('that is refused again is a wrong question, and nothing goes round in circles', async () => {
    const { http, opened } = await guarded({ refuses: () => true });
    const sessions = createSessions();
    expect((await ask(http, { sessions })).result).toMatchObject({ reasonCodes: ['http_status_401'] });
    expect((await ask(http, { sessions })).result).toMatchObject({ kind: 'misconfigured' });
    expect(opened()).toBe(2);
  });

  test('gives a token that is kept nowhere, not even in another question’s answer', async () => {
    const { http } = await guarded();
    const told: Readonly<Record<string, string>>[] = [];
    const sessions = createSessions((secrets) => told.push(secrets));
    const asked = await ask(http, { sessions });
    expect(textOf(asked)).toContain('[redacted:');
    expect(JSON.stringify([asked, textOf(asked)])).not.toContain(SESSION_TOKEN);
    expect(told.flatMap((secrets) => Object.values(secrets))).toEqual([`${SESSION_TOKEN}1`]);

    const { origin } = await listening(() => ({ body: `someone has ${SESSION_TOKEN}1` }));
    expect(textOf(await ask({ url: origin }, { sessions }))).toBe('someone has [redacted:session-0]');
  });

  test.each<{ name: string; answer: { status?: number; body?: string }; result: object }>([
    {
      name: 'that is refused',
      answer: { status: 401, body: `bad ${PASSWORD}` },
      result: { kind: 'misconfigured', reasonCodes: ['http_status_401'] },
    },
    {
      name: 'that does not answer',
      answer: { status: 400 },
      result: { kind: 'misconfigured', reasonCodes: ['http_status_400'] },
    },
    {
      name: 'without a token',
      answer: { body: '{"session":{}}' },
      result: { kind: 'malformed', reasonCodes: ['session_token_missing'] },
    },
    {
      name: 'with a token that could not be redacted',
      answer: { body: '{"session":{"token":"pass"}}' },
      result: { kind: 'malformed', reasonCodes: ['session_token_missing'] },
    },
    {
      name: 'with a token that is the name of another secret',
      answer: { body: '{"session":{"token":"password"}}' },
      result: { kind: 'malformed', reasonCodes: ['session_token_missing'] },
    },
    {
      name: 'with a token that is part of what sessions are called',
      answer: { body: '{"session":{"token":"session-1"}}' },
      result: { kind: 'malformed', reasonCodes: ['session_token_missing'] },
    },
    ...['unreachable', 'rollback-verified', 'deployment-revert', 'session.token_missing-1'].map((token) => ({
      name: `with a token that is said without it, ${token},`,
      answer: { body: JSON.stringify({ session: { token } }) },
      result: { kind: 'malformed', reasonCodes: ['session_token_missing'] },
    })),
    {
      name: 'with a token that fits no header',
      answer: { body: '{"session":{"token":"abcdefgh\\r\\nx: y"}}' },
      result: { kind: 'malformed', reasonCodes: ['session_token_missing'] },
    },
    {
      name: 'that is no JSON',
      answer: { body: '<html>' },
      result: { kind: 'malformed', reasonCodes: ['session_token_missing'] },
    },
  ])('$name asks nothing, and says nothing of what came', async ({ answer, result }) => {
    const paths: string[] = [];
    const { origin } = await listening((_seen, path) => {
      paths.push(path);
      return answer;
    });
    const http = { url: `${origin}/status`, session: { ...OWN, url: `${origin}/auth` } };
    const asked = await ask(http, { sessions: createSessions(() => {}) });
    expect(asked.result).toMatchObject({ verdict: 'hold', ...result });
    expect(paths).toEqual(['/auth']);
    expect(JSON.stringify(asked)).not.toContain(PASSWORD);
    expect(textOf(asked)).toBe('');
  });

  test('is given up when so many others were opened that its token would not be redacted any more', async () => {
    const sessions = createSessions();
    const tokens = Array.from({ length: 100 }, (_, at) => `TOKEN-${at}-of-many`);
    for (const [at, token] of tokens.entries()) sessions.keep(`endpoint ${at}`, token);
    const redacted = Object.values(sessions.known());
    const sent = tokens.flatMap((_, at) => sessions.tokenOf(`endpoint ${at}`) ?? []);
    expect(sent.length).toBeGreaterThan(16);
    expect([...sent].sort()).toEqual([...redacted].sort());
  });

  test('that is out of order for a moment is asked for again within the deadline', async () => {
    let count = 0;
    const { origin } = await listening((_seen, path) => {
      if (path !== '/auth') return {};
      count += 1;
      return count === 1 ? { status: 503 } : { body: '{"session":{"token":"A-Good-Token-1"}}' };
    });
    const asked = await ask({ url: `${origin}/status`, session: { ...OWN, url: `${origin}/auth` } });
    expect(asked.result.verdict).toBe('pass');
    expect(asked.tries.map(({ outcome }) => outcome)).toEqual([
      'session:http_status_503',
      'session:answered',
      'answered',
    ]);
  });
});

async function secured() {
  const folder = await scratchFolder();
  const own = createAuthority(folder, 'own');
  const server = createServer({ key: own.key, cert: own.cert }, (request, response) => {
    response.end(request.url === '/auth' ? '{"access_token":"Token-Over-TLS"}' : 'secured');
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return { folder, url: `https://127.0.0.1:${address.port}`, own };
}

describe('a certificate of the runbook’s own authority', () => {
  test('is believed, for the question and for its session', async () => {
    const { url, own } = await secured();
    expect((await ask({ url, ca: own.ca })).result).toMatchObject({ verdict: 'pass' });
    const session = { url: `${url}/auth`, json: {} };
    expect((await ask({ url, ca: own.ca, session })).result).toMatchObject({ verdict: 'pass' });
  });

  test('is not believed without it, nor under another authority', async () => {
    const { folder, url } = await secured();
    const other = createAuthority(folder, 'other');
    for (const ca of [undefined, other.ca]) {
      const { result } = await ask({ url, ...(ca === undefined ? {} : { ca }) });
      expect(result).toMatchObject({ kind: 'misconfigured', verdict: 'hold' });
      expect(result.reasonCodes[0]).toMatch(/^tls_/);
    }
  });

  test.each([
    ['is not there', undefined, "can't be read"],
    ['holds no certificate', 'nothing here', 'no certificate in PEM'],
    ['holds a broken one', '-----BEGIN CERTIFICATE-----\nAAAA\n-----END CERTIFICATE-----\n', "can't be read"],
  ])('asks nothing where its file %s', async (_name, text, hint) => {
    const { folder, url } = await secured();
    const ca = join(folder, 'given.pem');
    if (text !== undefined) await writeFile(ca, text);
    const { result, tries } = await ask({ url, ca });
    expect(result).toMatchObject({ kind: 'misconfigured', reasonCodes: ['ca_unusable'] });
    expect(result.detail).toContain(hint);
    expect(tries).toEqual([]);
  });
});

describe('how much is read', () => {
  test('is the runbook’s to say, over HTTP and of a command', async () => {
    const { origin } = await listening(() => ({ body: 'x'.repeat(2_000) }));
    expect((await ask({ url: origin, maxBytes: 1_000 })).result).toMatchObject({
      reasonCodes: ['http_too_large'],
    });
    expect((await ask({ url: origin, maxBytes: 2_000 })).result).toMatchObject({ verdict: 'pass' });
    const command = { argv: ['printf', '%02000d', '0'], maxBytes: 1_000 };
    const gate = { http: undefined, command, reader: 'exit-code' };
    expect((await ask({}, {}, gate)).result).toMatchObject({ reasonCodes: ['command_output_too_large'] });
  });
});

describe('a question that can’t be meant is refused', () => {
  const url = 'http://127.0.0.1:9/';
  test.each<{ name: string; http: Written; hint: string }>([
    {
      name: 'two credentials',
      http: { url, bearer: 'x', basic: { username: 'a', password: 'b' } },
      hint: 'at most one of bearer',
    },
    {
      name: 'a header beside a credential',
      http: { url, bearer: 'x', headers: { authorization: 'y' } },
      hint: 'at most one of bearer',
    },
    { name: 'two bodies', http: { url, json: {}, text: '' }, hint: 'at most one of json, text' },
    { name: 'more bytes than are ever read', http: { url, maxBytes: 1_048_577 }, hint: '1 MiB' },
    {
      name: 'a token that no pointer leads to',
      http: { url, session: { url, json: {}, token: 'token' } },
      hint: 'not a JSON Pointer',
    },
    {
      name: 'a secret in a session’s address',
      http: { url, session: { url: '${password}', json: {} } },
      hint: "can't stand here",
    },
    { name: 'a secret in a CA’s path', http: { url, ca: '/tmp/${password}' }, hint: "can't stand here" },
  ])('$name', async ({ http, hint }) => {
    const { code, problems } = await refusalOf(ask(http));
    expect(code).toBe('invalid_runbook');
    expect(problems.join('\n')).toContain(hint);
  });
});

test('the small runbook’s own bearer token still goes with its question', async () => {
  const { origin, seen } = await listening();
  await ask({ url: origin, bearer: '${token}' });
  expect(seen[0]?.authorization).toBe(`Bearer ${TOKEN}`);
});
