// Proves how a runbook's words become a question: what is sent, with which secrets, and in which environment. Deadlines,
// retries and what an answer counts for are proven with the two probes.
import { describe, expect, test } from 'vitest';

import { commandEnvironment } from '../../src/adapters/command-environment.js';
import { probe, type Asking, type Question } from '../../src/adapters/probe.js';
import type { HttpRequest } from '../../src/contracts/runbook-question.js';
import { serve } from './gates/questions.js';
import { TOKEN } from './runbook/written-runbook.js';

const ASKING: Asking = {
  secrets: { token: TOKEN },
  environment: { PATH: process.env['PATH'], HOME: '/home/somebody', SMALL_TOKEN: TOKEN, EXTRA: 'extra' },
  signal: new AbortController().signal,
  commit: undefined,
};
const LIMITS = { deadlineMs: 10_000, maxBytes: 65_536 };
const NOTHING: Question = { http: undefined, command: undefined, ...LIMITS };

interface Seen {
  readonly method: string | undefined;
  readonly headers: Readonly<Record<string, unknown>>;
  readonly body: string;
}

/** Sends it to a server of our own and gives what came there. */
async function seenOf(http: Partial<HttpRequest>, asking = ASKING): Promise<Seen> {
  const seen: Seen[] = [];
  const url = await serve((request, response) => {
    let body = '';
    request.setEncoding('utf8').on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      seen.push({ method: request.method, headers: request.headers, body });
      response.end('{}');
    });
  });
  await probe({ ...NOTHING, http: { url, method: 'POST', headers: {}, ...http } }, asking);
  const [first] = seen;
  if (first === undefined) throw new Error('nothing came');
  return first;
}

test('a question of neither kind is misconfigured', async () => {
  expect(await probe(NOTHING, ASKING)).toMatchObject({
    kind: 'misconfigured',
    code: 'no_question',
    tries: [],
  });
});

describe('by HTTP', () => {
  test('secrets are opened in the bearer, in headers and in JSON, and nowhere else', async () => {
    const headers = { 'x-key': 'key ${token}', 'x-plain': '$${token}' };
    const seen = await seenOf({
      bearer: '${token}',
      headers,
      json: { a: ['${token}', '$${token}', '${other}'] },
    });
    expect(seen.headers).toMatchObject({
      authorization: `Bearer ${TOKEN}`,
      'x-key': `key ${TOKEN}`,
      'x-plain': '${token}',
      'content-type': 'application/json',
    });
    expect(JSON.parse(seen.body)).toEqual({ a: [TOKEN, '${token}', '${other}'] });
  });

  test('a secret with a quotation mark in it stays inside its JSON string', async () => {
    const secrets = { token: 'quoted","admin":"yes' };
    const seen = await seenOf({ json: { key: '${token}' } }, { ...ASKING, secrets });
    expect(JSON.parse(seen.body)).toEqual({ key: secrets.token });
  });

  test('without a bearer none is sent', async () => {
    expect((await seenOf({})).headers).not.toHaveProperty('authorization');
  });

  test('what it said is kept without the secret', async () => {
    const url = await serve((request, response) => response.end(`said ${request.headers.authorization}`));
    const http: HttpRequest = { url, method: 'GET', headers: {}, bearer: '${token}' };
    const { kind, body, redactions } = await probe({ ...NOTHING, http }, ASKING);
    expect(kind).toBe('answered');
    expect(Buffer.from(body).toString('utf8')).not.toContain(TOKEN);
    expect(Object.values(redactions).reduce((sum, n) => sum + n, 0)).toBeGreaterThan(0);
  });
});

describe('by command', () => {
  const argv = ['sh', '-c', 'env | sort'];

  test('its environment is PATH, HOME, a plain locale, and what the runbook names', async () => {
    const command = { argv, workingDirectory: '/', environment: ['EXTRA', 'NOT_SET'] };
    const { body } = await probe({ ...NOTHING, command }, ASKING);
    const names = Buffer.from(body)
      .toString('utf8')
      .split('\n')
      .map((line) => line.slice(0, line.indexOf('=')));
    expect(
      names.filter((name) => /^[A-Z]+$/.test(name) && !['PWD', 'OLDPWD', 'SHLVL'].includes(name)),
    ).toEqual(['EXTRA', 'HOME', 'LANG', 'PATH']);
  });

  test('a secret that the runbook names reaches it, and is out of what is kept', async () => {
    const command = { argv, workingDirectory: '/', environment: ['SMALL_TOKEN'] };
    const { body, redactions } = await probe({ ...NOTHING, command }, ASKING);
    const text = Buffer.from(body).toString('utf8');
    expect(text).toContain('SMALL_TOKEN=[redacted:token]');
    expect(text).not.toContain(TOKEN);
    expect(redactions).toEqual({ token: 1 });
  });

  test('what it is handed under a name like a secret’s is removed from both streams, wherever its name comes from', async () => {
    const command = {
      argv: ['/bin/sh', '-c', 'echo "out $OTHER_TOKEN"; echo "err $OTHER_TOKEN" >&2'],
      workingDirectory: '/',
      environment: ['OTHER_TOKEN'],
    };
    const environment = { ...ASKING.environment, OTHER_TOKEN: 'a-token-of-no-runbook' };
    const { body, stderr, redactions } = await probe({ ...NOTHING, command }, { ...ASKING, environment });
    expect(Buffer.from(body).toString('utf8')).toBe('out [redacted:OTHER_TOKEN]\n');
    expect(Buffer.from(stderr).toString('utf8')).toBe('err [redacted:OTHER_TOKEN]\n');
    expect(redactions).toEqual({ OTHER_TOKEN: 2 });
  });

  test('a variable that would make a program run something else is refused', async () => {
    const command = { argv, workingDirectory: '/', environment: ['LD_PRELOAD'] };
    const asking = { ...ASKING, environment: { ...ASKING.environment, LD_PRELOAD: '/tmp/x.so' } };
    expect(await probe({ ...NOTHING, command }, asking)).toMatchObject({
      kind: 'misconfigured',
      code: 'command_environment_refused',
    });
  });

  test('that may be silent answers without output', async () => {
    const command = { argv: ['true'], workingDirectory: '/', environment: [] };
    expect(await probe({ ...NOTHING, command, outputOptional: true }, ASKING)).toMatchObject({
      kind: 'answered',
    });
    expect(await probe({ ...NOTHING, command }, ASKING)).toMatchObject({ kind: 'unreachable' });
  });
});

test('the environment of a command is never more than its names', () => {
  expect(commandEnvironment({ PATH: '/bin', SECRET: 'x' }, [])).toEqual({ LANG: 'C.UTF-8', PATH: '/bin' });
  expect(commandEnvironment({ LANG: 'de_DE' }, ['LANG', 'NOT_SET'])).toEqual({ LANG: 'de_DE' });
});
