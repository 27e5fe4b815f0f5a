/**
 * `promote readiness` against a gateway and a command that answer as they should not: the built command as a process, real
 * HTTP and real processes. Proves that each ends with exit 1 and an error line that says what happened, within the time limit,
 * and that none passes or hides what the other surfaces say. Endless bodies are streamed; nothing of that size is on a disk.
 */
import { spawn } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { access, readFile, writeFile } from 'node:fs/promises';
import type { RequestListener, ServerResponse } from 'node:http';
import type { Socket } from 'node:net';
import { join } from 'node:path';
import { createGzip } from 'node:zlib';
import { Readable } from 'node:stream';
import { describe, expect, it, vi } from 'vitest';

import { recordedText } from '../tau/recordings.js';
import { openRaw, openStage, type ReadinessStage } from './readiness-stage.js';
import { PROMOTE } from './run-promote.js';

const MiB = 1024 * 1024;
const HEALTHY = recordedText('healthy/gateway-status.json');
const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');

/** As many bytes as that, each time the other side has taken some. */
const bytes = (count: number, of = 'x'): Readable => {
  const chunk = Buffer.alloc(64 * 1024, of);
  let left = count;
  return new Readable({
    read() {
      const size = Math.min(left, chunk.byteLength);
      left -= size;
      this.push(size === 0 ? null : chunk.subarray(0, size));
    },
  });
};

const status =
  (code: number, body = '', headers: Record<string, string> = {}): RequestListener =>
  (_, response) =>
    response.writeHead(code, headers).end(body);

const pour = (source: Readable, response: ServerResponse): void => {
  source.on('error', () => undefined);
  response.on('close', () => source.destroy());
  source.pipe(response);
};

/** What the gateway does, the code of its error line, and what else the line says. */
const ANSWERS: readonly (readonly [
  what: string,
  answer: RequestListener | string,
  code: string,
  says: RegExp,
])[] = [
  ['hangs', () => undefined, 'unreachable (http_timeout)', /\/gateway\/status: http_timeout/],
  [
    'hangs after its headers',
    (_, response) => response.writeHead(200).write('{"health_state":'),
    'unreachable (http_timeout)',
    /status 200/,
  ],
  [
    'drips',
    (_, response) => {
      const drip = setInterval(() => response.write(' '), 50);
      response.on('close', () => clearInterval(drip));
    },
    'unreachable (http_timeout)',
    /status 200/,
  ],
  ['cuts', (request) => request.socket.destroy(), 'unreachable (http_cut)', /http_cut/],
  [
    'cuts in the middle of a healthy answer',
    (_, response) => {
      response.writeHead(200, { 'content-length': String(HEALTHY.length) });
      response.write(HEALTHY.slice(0, -10), () => response.destroy());
    },
    'unreachable (http_cut)',
    /status 200/,
  ],
  [
    'answers 401',
    status(401, '{"error":{"code":"unauthorized"}}'),
    'misconfigured (http_status_401)',
    /unauthorized/,
  ],
  ['answers 403', status(403, 'no'), 'misconfigured (http_status_403)', /status 403: no/],
  ['answers 404', status(404), 'misconfigured (http_status_404)', /status 404/],
  [
    'answers 429',
    status(429, '{}', { 'retry-after': '3600' }),
    'unreachable (http_rate_limited)',
    /status 429/,
  ],
  [
    'answers 500',
    status(500, '{"error":{"code":"internal_error"}}'),
    'unreachable (http_status_500)',
    /internal_error/,
  ],
  ['answers 500 with a healthy body', status(500, HEALTHY), 'unreachable (http_status_500)', /status 500/],
  ['answers 302', status(302, '', { location: '/elsewhere' }), 'misconfigured (http_redirect)', /status 302/],
  [
    'answers text',
    status(200, 'all is well\u001b[2J'),
    'malformed (answer_not_json)',
    /status 200: all is well \[2J$/,
  ],
  ['answers a page', status(200, '<html>pass</html>'), 'malformed (answer_not_json)', /<html>pass<\/html>/],
  [
    'answers a healthy answer twice',
    status(200, HEALTHY + HEALTHY),
    'malformed (answer_not_json)',
    /not JSON/,
  ],
  [
    'answers no UTF-8',
    (_, response) => response.end(Buffer.from([0x22, 0xff, 0x22])),
    'malformed (answer_not_utf8)',
    /UTF-8/,
  ],
  [
    'answers 50 MB',
    (_, response) => pour(bytes(50 * MiB), response),
    'malformed (http_too_large)',
    /status 200/,
  ],
  [
    'answers healthy, and then 50 MB of white space',
    (_, response) =>
      pour(Readable.from([HEALTHY, ...Array.from({ length: 800 }, () => ' '.repeat(64 * 1024))]), response),
    'malformed (http_too_large)',
    /status 200/,
  ],
  [
    'answers 100,000 nested brackets',
    status(200, '['.repeat(100_000) + ']'.repeat(100_000)),
    'malformed (answer_too_deep)',
    /nested deeper/,
  ],
  [
    'answers 1 GB of zeros, compressed',
    (_, response) => {
      response.writeHead(200, { 'content-encoding': 'gzip', 'content-type': 'application/json' });
      pour(bytes(1024 * MiB, '0').pipe(createGzip({ level: 1 })), response);
    },
    'malformed (http_encoded)',
    /status 200/,
  ],
  [
    'answers 1 GB of zeros, compressed without saying so',
    (_, response) => pour(bytes(1024 * MiB, '0').pipe(createGzip({ level: 0 })), response),
    'malformed (http_too_large)',
    /status 200/,
  ],
  [
    'has endless headers',
    (_, response) => response.writeHead(200, { 'x-long': 'x'.repeat(80_000) }).end(HEALTHY),
    'malformed (http_headers_too_large)',
    /headers/,
  ],
];

/** Answers that are JSON: the rules read them, and what is not in them is missing. */
const NOTHING_IN_IT: readonly (readonly [what: string, body: string])[] = [
  ['null', 'null'],
  ['an array', '[]'],
  ['an array with a healthy answer in it', `[${HEALTHY}]`],
  ['a number', '7'],
  ['a word', '"healthy"'],
  ['an object of nothing', '{}'],
  ['values of other types', '{"health_state":["healthy"],"rollout_gate":{"pass":1},"reason_code":[["x"]]}'],
  [
    'words with characters that nobody sees',
    '{"health_state":"healthy\\u200b","rollout_gate":"pass\\n","reason_code":""}',
  ],
];

/** Alive, and no zombie that only waits for its parent. */
function isAlive(pid: number): boolean {
  try {
    return !/^State:\s+[ZX]/m.test(readFileSync(`/proc/${pid}/status`, 'utf8'));
  } catch {
    return false;
  }
}

async function expectHeld(stage: ReadinessStage, ...args: readonly string[]): Promise<readonly string[]> {
  const { exitCode, stdout, stderr } = await stage.ask('--timeout-seconds', '2', ...args);
  expect(exitCode).toBe(1);
  expect(stdout).not.toContain('status=pass');
  return lines(stderr);
}

describe('a gateway that', () => {
  it.concurrent.each(ANSWERS)(
    '%s is an error line with its address, and not a pass',
    async (_, gateway, code, says) => {
      await using stage = await openStage({ gateway });
      const [first, ...others] = await expectHeld(stage);
      expect(first).toMatch(/^error: gateway status /);
      expect(first).toContain(`error: gateway status ${code}: GET ${stage.baseUrl}/gateway/status: `);
      expect(first).toMatch(says);
      expect(first?.length).toBeLessThanOrEqual(256);
      // No answer, no payload; the other two surfaces answered.
      expect(others).toEqual(['operator_command=tau-coding-agent']);
      expect(stage.asked.filter((path) => path !== '/cortex/status')).toEqual(['/gateway/status']);
    },
  );

  it.concurrent.each(NOTHING_IN_IT)(
    'answers %s says no reason code, no health and no gate',
    async (_, gateway) => {
      await using stage = await openStage({ gateway });
      const [first, ...others] = await expectHeld(stage);
      expect(first).toBe('error: gateway status response missing rollout reason code');
      expect(others.filter((line) => line.startsWith('error: gateway status '))).toEqual([
        expect.stringMatching(/health_state expected 'healthy' but got '/),
        expect.stringMatching(/rollout_gate='.*' expected 'pass' \(reason=''\)$/),
      ]);
    },
  );

  it.concurrent.each(['{"health_state":["failing"]', '{"health_state":""', '{"events":{"health_state":{}}'])(
    'answers %s beside a running service is not healthy by it',
    async (health) => {
      const service = { service_status: 'running', rollout_gate: 'pass', guardrail_reason_code: 'x' };
      await using stage = await openStage({ gateway: `${health},"service":${JSON.stringify(service)}}` });
      const [first] = await expectHeld(stage);
      expect(first).toBe("error: gateway status health_state expected 'healthy' but got ''");
    },
  );

  it('answers nothing is told in the words of the validator first', async () => {
    await using stage = await openStage({ gateway: status(200, '  \n') });
    const [first, second] = await expectHeld(stage);
    expect(first).toBe('error: gateway status response missing rollout reason code');
    expect(second).toContain('error: gateway status malformed (answer_empty): GET ');
  });

  it('is not there takes both surfaces with it, and hides nothing of the third', async () => {
    await using stage = await openStage({ state: 'operator-hold' });
    await using gone = await openRaw((socket) => socket.destroy());
    await gone[Symbol.asyncDispose]();
    const told = await expectHeld(stage, '--base-url', gone.baseUrl);
    expect(told.filter((line) => line.startsWith('error:'))).toEqual([
      `error: gateway status unreachable (http_refused): GET ${gone.baseUrl}/gateway/status: http_refused`,
      `error: cortex status unreachable (http_refused): GET ${gone.baseUrl}/cortex/status: http_refused`,
      "error: operator control summary health_state expected 'healthy' but got 'degraded'",
      "error: operator control summary rollout_gate='hold' expected 'pass' (reason_codes='daemon:daemon_not_running')",
    ]);
  });

  it.each<[string, (socket: Socket) => void, string]>([
    ['speaks no HTTP', (socket) => socket.end('220 smtp ready\r\n'), 'malformed (http_not_http)'],
    ['says nothing and stays', () => undefined, 'unreachable (http_timeout)'],
  ])('%s is an error line', async (_, serve, code) => {
    await using stage = await openStage();
    await using raw = await openRaw(serve);
    const [first] = await expectHeld(stage, '--base-url', raw.baseUrl);
    expect(first).toContain(`error: gateway status ${code}: GET ${raw.baseUrl}/gateway/status: `);
  });

  it.each([
    ['http://ops:hunter2hunter2@127.0.0.1:1', 'http_userinfo'],
    ['http://169.254.169.254', 'http_bad_host'],
    ['ftp://127.0.0.1', 'http_bad_url'],
    ['http://', 'http_bad_url'],
    ['http:///', 'http_bad_url'],
    ['http:', 'http_bad_url'],
    ['/127.0.0.1', 'http_bad_url'],
    ['', 'http_bad_url'],
  ])('has the address %s is never asked', async (url, code) => {
    await using stage = await openStage();
    const { exitCode, stdout, stderr } = await stage.ask('--base-url', url);
    expect(lines(stderr)[0]).toContain(`error: gateway status misconfigured (${code}): `);
    expect(stdout + stderr).not.toContain('hunter2');
    expect([exitCode, stage.asked]).toEqual([1, []]);
  });
});

/** The script of the stand-in, the code of its error line, and what else the line says. */
const COMMANDS: readonly (readonly [what: string, agent: string, code: string, says: RegExp])[] = [
  [
    'exits 1 with empty stdout',
    'echo "Error: failed to load state" >&2; exit 1',
    'unreachable (command_failed)',
    /exit 1: Error: failed to load state$/,
  ],
  [
    'exits 1 with a healthy answer',
    `echo '${JSON.stringify({ health_state: 'healthy', rollout_gate: 'pass', reason_codes: ['x'] })}'; exit 1`,
    'unreachable (command_failed)',
    /exit 1$/,
  ],
  [
    'exits 2',
    'echo "error: unexpected argument" >&2; exit 2',
    'misconfigured (command_usage)',
    /unexpected argument$/,
  ],
  ['is killed', 'kill -9 $$', 'unreachable (command_failed)', /killed by SIGKILL$/],
  [
    'prints garbage before its JSON',
    `echo 'warning: unused'; echo '{"health_state":"healthy","rollout_gate":"pass","reason_codes":["x"]}'`,
    'malformed (answer_not_json)',
    /the answer is not JSON: warning: unused/,
  ],
  [
    'prints 200 MB',
    'head -c 209715200 /dev/zero | tr "\\0" x',
    'malformed (command_output_too_large)',
    /524288 bytes/,
  ],
  [
    'prints 200 MB of errors',
    'head -c 209715200 /dev/zero | tr "\\0" x >&2',
    'malformed (command_output_too_large)',
    /524288 bytes/,
  ],
  ['hangs', 'exec sleep 300', 'unreachable (command_timeout)', /killed after 2000 ms$/],
  [
    'ignores what would end it',
    'trap "" TERM INT HUP; while :; do sleep 1; done',
    'unreachable (command_timeout)',
    /killed after 2000 ms$/,
  ],
];

describe('a command that', () => {
  it.concurrent.each(COMMANDS)('%s is an error line, and not a pass', async (_, agent, code, says) => {
    await using stage = await openStage({ agent });
    const [first, ...others] = await expectHeld(stage);
    expect(first).toContain(`error: operator control summary ${code}: tau-coding-agent: `);
    expect(first).toMatch(says);
    expect(others).toEqual(['operator_command=tau-coding-agent']);
  });

  it('says nothing is told in the words of the validator first', async () => {
    await using stage = await openStage({ agent: 'exit 0' });
    const [first, second] = await expectHeld(stage);
    expect(first).toBe('error: operator control summary response missing reason_codes');
    expect(second).toContain('error: operator control summary unreachable (command_no_output): ');
  });

  it('is missing, and cargo too, is an error line', async () => {
    await using stage = await openStage({ agent: null });
    const { exitCode, stderr } = await stage.askWith({ PATH: join(stage.folder, 'bin') });
    expect(lines(stderr)).toEqual([
      'error: operator control summary misconfigured (command_not_found): cargo: not on PATH',
      'operator_command=cargo run -q -p tau-coding-agent --',
    ]);
    expect(exitCode).toBe(1);
  });

  it('is cargo and takes too long may still be building, which is said', async () => {
    await using stage = await openStage({ agent: null, programs: { cargo: 'exec sleep 300' } });
    const told = await expectHeld(stage);
    expect(told[0]).toContain('error: operator control summary unreachable (command_timeout): cargo: ');
    expect(told.at(-1)).toBe('note: cargo may still be building: try again, or give --timeout-seconds more');
  });

  it('hangs with a grandchild that holds its pipes is ended with all that it started', async () => {
    await using stage = await openStage({
      agent: 'sleep 300 & echo "$! $$" > "$HOME/pids"; sleep 300',
    });
    const [first] = await expectHeld(stage);
    expect(first).toContain('unreachable (command_timeout)');
    const pids = (await readFile(join(stage.folder, 'pids'), 'utf8')).trim().split(' ').map(Number);
    expect(pids).toHaveLength(2);
    await vi.waitFor(() => {
      for (const pid of pids) expect(isAlive(pid)).toBe(false);
    });
  });

  it('answered and left a grandchild that holds its pipes is waited for no longer', async () => {
    await using stage = await openStage({
      agent: `sleep 300 & echo $! > "$HOME/pid"; cat '${join(import.meta.dirname, '../fixtures/tau/healthy/operator-control-summary.stdout')}'`,
    });
    const { exitCode } = await stage.ask();
    expect(exitCode).toBe(0);
    const pid = Number(await readFile(join(stage.folder, 'pid'), 'utf8'));
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
  });
});

it('the three surfaces are asked at the same time: none answers before all were asked', async () => {
  const held = new Map<string, ServerResponse>();
  const hold: RequestListener = ({ url = '' }, response) => void held.set(url, response);
  const answer = join(import.meta.dirname, '../fixtures/tau/healthy/operator-control-summary.stdout');
  await using stage = await openStage({
    gateway: hold,
    cortex: hold,
    agent: `touch "$HOME/runs"; until [ -e "$HOME/asked" ]; do sleep 0.05; done; cat '${answer}'`,
  });
  const ended = stage.ask();
  await vi.waitFor(
    async () => {
      await access(join(stage.folder, 'runs'));
      expect([...held.keys()].sort()).toEqual(['/cortex/status', '/gateway/status']);
    },
    { timeout: 15_000 },
  );
  await writeFile(join(stage.folder, 'asked'), '');
  held.get('/gateway/status')?.end(HEALTHY);
  held.get('/cortex/status')?.end(recordedText('healthy/cortex-status.json'));
  expect((await ended).exitCode).toBe(0);
});

it.each(['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const)(
  'a check that gets %s ends what it runs, and says nothing of a pass',
  async (signal) => {
    await using stage = await openStage({ agent: 'echo $$ > "$HOME/pid"; exec sleep 300' });
    const child = spawn(process.execPath, [PROMOTE, 'readiness'], {
      cwd: stage.folder,
      env: stage.environment,
      stdio: ['ignore', 'pipe', 'pipe'],
    });
    const said: Buffer[] = [];
    for (const stream of [child.stdout, child.stderr]) stream.on('data', (chunk: Buffer) => said.push(chunk));
    const pid = await vi.waitFor(async () => {
      const text = await readFile(join(stage.folder, 'pid'), 'utf8');
      expect(text).toMatch(/^\d+\n$/);
      return Number(text);
    }, 15_000);
    child.kill(signal);
    await once(child, 'close');
    expect(child.exitCode).toBe(130);
    expect(Buffer.concat(said).toString()).not.toContain('status=pass');
    await vi.waitFor(() => expect(isAlive(pid)).toBe(false));
  },
);
