/**
 * What `promote readiness` does beside Tau's validator: a document, evidence, sessions; and that no secret comes out of any of
 * them. The built command as a process over real HTTP.
 */
import { execFile } from 'node:child_process';
import { mkdir, readdir, readFile, stat, symlink, writeFile } from 'node:fs/promises';
import type { RequestListener } from 'node:http';
import { join } from 'node:path';
import { promisify } from 'node:util';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { recordedText } from '../tau/recordings.js';
import { openRaw, openStage, TOKEN, type ReadinessStage } from './readiness-stage.js';

const PASSWORD = 'correct horse "battery" staple';
const SESSION = 'session-token-of-an-hour-01';
const errors = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line.startsWith('error:'));

const healthy = (file: string): string => recordedText(`healthy/${file}`);

async function filesIn(folder: string): Promise<Readonly<Record<string, string>>> {
  const names = (await readdir(folder)).sort();
  const texts = await Promise.all(names.map((name) => readFile(join(folder, name), 'utf8')));
  return Object.fromEntries(names.map((name, at) => [name, texts[at] ?? '']));
}

const surface = z.strictObject({
  surface: z.string(),
  kind: z.string(),
  health: z.string().nullable(),
  gate: z.string().nullable(),
  reasonCodes: z.array(z.string()),
  code: z.string().nullable(),
  detail: z.string().nullable(),
  expected: z.strictObject({ health: z.string(), gate: z.string() }),
  problems: z.array(z.string()),
  status: z.number().nullable(),
  askedAt: z.iso.datetime(),
  durationMs: z.number().nonnegative(),
});
const document = z.strictObject({
  v: z.literal(1),
  passed: z.boolean(),
  exitCode: z.number(),
  overridden: z.array(z.string()),
  baseUrl: z.string(),
  authMode: z.string(),
  operatorCommand: z.string(),
  workingDirectory: z.string(),
  timeoutMs: z.number(),
  durationMs: z.number().nonnegative(),
  problems: z.array(z.string()),
  surfaces: z.array(surface).length(3),
  deployment: z.array(z.object({ surface: z.string(), kind: z.string() })),
  evidence: z.string().nullable(),
});

describe('--json', () => {
  it('is one document on stdout, and everything else is on stderr', async () => {
    await using stage = await openStage();
    const { exitCode, stdout, stderr } = await stage.ask('--json');
    expect(stdout.trimEnd().split('\n')).toHaveLength(1);
    const told = document.parse(JSON.parse(stdout));
    expect(told).toMatchObject({
      passed: true,
      exitCode: 0,
      problems: [],
      baseUrl: stage.baseUrl,
      authMode: 'token',
    });
    expect(
      told.surfaces.map(({ surface, health, gate, reasonCodes, status }) => [
        surface,
        health,
        gate,
        reasonCodes,
        status,
      ]),
    ).toEqual([
      ['gateway', 'healthy', 'pass', ['guardrail_checks_passing'], 200],
      ['cortex', 'healthy', 'pass', ['cortex_ready'], 200],
      ['operator', 'healthy', 'pass', ['all_checks_passing'], null],
    ]);
    expect(told).toMatchObject({
      operatorCommand: 'tau-coding-agent',
      workingDirectory: stage.folder,
      evidence: null,
    });
    expect(stderr).toContain('\nstatus=pass\n');
    expect(exitCode).toBe(0);
  });

  it('says of what holds and of what did not answer what the error lines say', async () => {
    await using stage = await openStage({
      state: 'cortex-missing',
      gateway: (_, response) => response.writeHead(500).end('down'),
    });
    const { exitCode, stdout, stderr } = await stage.ask('--json', '--quiet', '--timeout-seconds', '7');
    const told = document.parse(JSON.parse(stdout));
    expect(told).toMatchObject({ passed: false, exitCode: 1, timeoutMs: 7_000 });
    expect(told.problems).toEqual(errors(stderr));
    expect(told.surfaces[0]).toMatchObject({
      kind: 'unreachable',
      code: 'http_status_500',
      health: null,
      status: 500,
    });
    expect(told.surfaces[1]).toMatchObject({
      kind: 'answered',
      health: 'failing',
      gate: 'hold',
      reasonCodes: ['cortex_observer_events_missing'],
    });
    expect(exitCode).toBe(1);
  });
});

describe('--evidence', () => {
  it("holds the checklist's files: what the command says, and every answer as it came", async () => {
    await using stage = await openStage();
    const { exitCode, stdout } = await stage.ask('--evidence', 'reports/now', '--json', '--quiet');
    expect(exitCode).toBe(0);
    const folder = join(stage.folder, 'reports/now');
    expect(document.parse(JSON.parse(stdout)).evidence).toBe(folder);
    const files = await filesIn(folder);
    const { 'readiness.json': json = '', ...others } = files;
    expect(others).toEqual({
      'cortex-status.json': healthy('cortex-status.json'),
      'deployment-status.json': healthy('deployment-status.stdout'),
      'deployment-transport.json': healthy('deployment-transport-health.stdout'),
      'gateway-status.json': healthy('gateway-status.json'),
      'operator-summary.json': healthy('operator-control-summary.stdout'),
      'readiness.txt': recordedText('readiness-check/healthy.stdout').replace(
        'http://127.0.0.1:8787',
        stage.baseUrl,
      ),
    });
    expect(JSON.parse(json)).toMatchObject({ passed: true, baseUrl: stage.baseUrl });
    expect((await stat(join(folder, 'gateway-status.json'))).mode & 0o777).toBe(0o600);
  });

  it.each(['2026-11-26T10:00:00Z', 'with spaces, ünd mehr', '.hidden', 'x'.repeat(200)])(
    'may be called %s',
    async (name) => {
      await using stage = await openStage();
      expect((await stage.ask('--evidence', `reports/${name}`)).exitCode).toBe(0);
      const files = await filesIn(join(stage.folder, 'reports', name));
      expect(files['readiness.txt']).toMatch(/\nstatus=pass\n$/);
      expect((await stat(join(stage.folder, 'reports', name))).mode & 0o777).toBe(0o700);
    },
  );

  it('of what did not answer holds what came, and the error lines', async () => {
    await using stage = await openStage({
      state: 'deployment-missing',
      gateway: (_, response) => response.writeHead(404).end(),
    });
    const { exitCode, stderr } = await stage.ask('--evidence', 'now');
    expect(exitCode).toBe(1);
    const files = await filesIn(join(stage.folder, 'now'));
    expect(files['gateway-status.txt']).toBe('');
    expect(files['deployment-status.stderr.txt']).toContain('Error:');
    for (const line of errors(stderr)) expect(files['readiness.txt']).toContain(`${line}\n`);
    expect(files['readiness.txt']).not.toContain('status=pass');
  });

  it('a pass that was only expected is never kept as an earned one', async () => {
    await using stage = await openStage({ state: 'operator-hold' });
    const expected = ['--expect-operator-health-state', 'degraded', '--expect-operator-rollout-gate', 'hold'];
    const { exitCode, stdout } = await stage.ask('--evidence', 'now', ...expected);
    expect(stdout).toMatch(/\nstatus=pass\n$/);
    expect(exitCode).toBe(0);
    const { 'readiness.txt': report, 'readiness.json': json = '' } = await filesIn(join(stage.folder, 'now'));
    expect(report).toMatch(/\nstatus=overridden \(operator\)\n$/);
    expect(JSON.parse(json)).toMatchObject({ overridden: ['operator'] });
  });

  it('the deployment is kept and not judged', async () => {
    await using stage = await openStage({
      state: 'deployment-missing',
      agent: 'case "$*" in *summary-json*) cat "$HOME/summary.json";; *) exit 1;; esac',
    });
    await writeFile(
      join(stage.folder, 'summary.json'),
      recordedText('healthy/operator-control-summary.stdout'),
    );
    const { exitCode, stdout } = await stage.ask('--evidence', 'now', '--json', '--quiet');
    const told = document.parse(JSON.parse(stdout));
    expect(told.deployment).toMatchObject([
      { surface: 'deployment-transport', kind: 'unreachable' },
      { surface: 'deployment-status', kind: 'unreachable' },
    ]);
    expect(exitCode).toBe(0);
  });

  const NOT_THERE: readonly (readonly [
    what: string,
    make: (folder: string) => Promise<unknown>,
    says: RegExp,
  ])[] = [
    [
      'a folder with something in it',
      async (folder) => {
        await mkdir(folder);
        await writeFile(join(folder, 'mine'), '');
      },
      /something is in it already/,
    ],
    ['a file', (folder) => writeFile(folder, ''), /it is no folder that can be read/],
  ];
  it('a name that is too long for a folder is refused before anything is asked', async () => {
    await using stage = await openStage();
    const { exitCode, stderr } = await stage.ask('--evidence', 'x'.repeat(256));
    expect(stderr).toMatch(/it is no folder that can be read/);
    expect([exitCode, stage.asked]).toEqual([1, []]);
  });

  it.each(NOT_THERE)('%s is refused before anything is asked', async (_, make, says) => {
    await using stage = await openStage();
    await make(join(stage.folder, 'now'));
    const { exitCode, stderr } = await stage.ask('--evidence', 'now');
    expect(stderr).toMatch(says);
    expect([exitCode, stage.asked]).toEqual([1, []]);
  });

  it('what can not be written is no pass', async () => {
    await using stage = await openStage();
    await mkdir(join(stage.folder, 'elsewhere'));
    await symlink(join(stage.folder, 'elsewhere'), join(stage.folder, 'now'));
    const { exitCode, stdout, stderr } = await stage.ask('--evidence', 'now');
    expect(errors(stderr)).toEqual([expect.stringMatching(/^error: --evidence "now": can't be written: /)]);
    expect(stdout).not.toContain('status=pass');
    expect(exitCode).toBe(1);
    expect(await readdir(join(stage.folder, 'elsewhere'))).toEqual([]);
  });
});

/** Answers with whatever it was sent, in a holding status. */
const echo: RequestListener = ({ headers }, response) =>
  response.end(
    JSON.stringify({
      health_state: 'failing',
      rollout_gate: 'hold',
      reason_code: headers.authorization,
      said: headers.authorization,
      more: { encoded: encodeURIComponent(headers.authorization ?? '') },
      // Characters that JSON may have as they are, and that no terminal is given.
      split: ['\u007f', '\u0085', '\u2028', '\u2066'].map((between) => TOKEN.split('-').join(`-${between}`)),
    }),
  );

const everything = async (
  stage: ReadinessStage,
  ended: { stdout: string; stderr: string },
  folder = 'now',
): Promise<string> =>
  [
    ended.stdout,
    ended.stderr,
    ...Object.values(await filesIn(join(stage.folder, folder)).catch(() => ({}))),
  ].join('\n');

describe('a secret', () => {
  it('that a gateway echoes is in no output and no evidence', async () => {
    await using stage = await openStage({
      gateway: echo,
      cortex: (request, response) => response.writeHead(500) && echo(request, response),
      agent: `echo "$MY_API_KEY" >&2; echo "{\\"key\\": \\"$MY_API_KEY\\"}"`,
    });
    const ended = await stage.askWith(
      { MY_API_KEY: 'api-key-0123456789', TAU_OPERATOR_AUTH_TOKEN: 'an-older-token-1' },
      '--auth-token',
      TOKEN,
      '--evidence',
      'now',
      '--json',
    );
    const all = await everything(stage, ended);
    expect(all).toContain('[redacted:TAU_OPERATOR_AUTH_TOKEN]');
    expect(all).not.toContain(TOKEN);
    expect(all).not.toContain('api-key-0123456789');
    expect(ended.exitCode).toBe(1);
    expect(stage.requests.map(({ headers }) => headers.authorization)).toEqual([
      `Bearer ${TOKEN}`,
      `Bearer ${TOKEN}`,
    ]);
  });

  it.each(['secret', 'healthy'])(
    'that could not be removed (%s) is sent, and no answer is shown or kept',
    async (token) => {
      await using stage = await openStage({ anyToken: true });
      expect((await stage.ask('--auth-token', token)).exitCode).toBe(0);
      expect(stage.requests.map(({ headers }) => headers.authorization)).toEqual([
        `Bearer ${token}`,
        `Bearer ${token}`,
      ]);

      await using echoing = await openStage({
        gateway: echo,
        cortex: (request, response) => response.writeHead(500) && echo(request, response),
      });
      const { exitCode, stdout, stderr } = await echoing.ask('--auth-token', token);
      expect(errors(stderr)).toEqual([
        "error: gateway status health_state expected 'healthy' but got 'failing'",
        "error: gateway status rollout_gate='hold' expected 'pass' (reason='(withheld)')",
        `error: cortex status unreachable (http_status_500): GET ${echoing.baseUrl}/cortex/status: http_status_500, status 500`,
        'error: no answer is shown: TAU_OPERATOR_AUTH_TOKEN has under 8 characters or is a word of the answers, so it could not be removed from them',
      ]);
      const asJson = await echoing.ask('--auth-token', token, '--json');
      expect(stdout + stderr + asJson.stdout + asJson.stderr).not.toContain('Bearer');
      expect(exitCode).toBe(1);

      const refused = await stage.ask('--auth-token', token, '--evidence', 'now');
      expect(errors(refused.stderr)).toEqual([
        expect.stringMatching(/^error: --evidence "now": TAU_OPERATOR_AUTH_TOKEN has under 8 /),
      ]);
      expect(await readdir(stage.folder)).not.toContain('now');
    },
  );

  it.each(['TAU_OPERATOR_AUTH_TOKEN', 'AUTH_TOKEN.replaced'])(
    'of the environment that is a name of ours (%s) is no obstacle',
    async (value) => {
      await using stage = await openStage();
      const { exitCode, stdout } = await stage.askWith(
        { TOKEN_VAR: value, TAU_OPERATOR_AUTH_TOKEN: 'an-older-token-1' },
        '--auth-token',
        TOKEN,
      );
      expect([exitCode, stdout]).toEqual([0, expect.stringMatching(/\nstatus=pass\n$/)]);
    },
  );

  it.each([
    'http://ops:hunter2/hunter2@127.0.0.1:1',
    'http://ops:1/hunter2@127.0.0.1:1',
    'http://127.0.0.1:1/hunter2@127.0.0.1:1',
    'http://ops:hunter2?hunter2@127.0.0.1:1',
    'http://127.0.0.1:1?hunter2@127.0.0.1:1',
    'http://ops:hunter2#hunter2@127.0.0.1:1',
    'http://127.0.0.1:1#hunter2@127.0.0.1:1',
    'http://ops:hunter2@hunter2@127.0.0.1:1',
    'http:/ops:hunter2@127.0.0.1:1',
    'http:///ops:hunter2@127.0.0.1:1',
    'http:ops:hunter2@127.0.0.1:1',
    'http:\\\\ops:hunter2@127.0.0.1:1',
    'ops:hunter2/hunter2@127.0.0.1:1',
    '127.0.0.1:1/hunter2@127.0.0.1:1',
    '//ops:hunter2@127.0.0.1:1',
  ])('in the base URL %s is not shown, and nothing is asked', async (url) => {
    await using stage = await openStage();
    const ended = await stage.ask('--base-url', url, '--evidence', 'now', '--json');
    const all = await everything(stage, ended);
    expect(all).toMatch(/\nbase_url=\S*\[redacted[^\]]*\]@127\.0\.0\.1:1\n/);
    expect(all).not.toContain('hunter2');
    expect(all).toMatch(/error: gateway status misconfigured \((?:http_userinfo|http_bad_url)\)/);
    expect(ended.exitCode).toBe(1);
  });

  it.each(['http://', ''])('in a base URL that begins with "%s" is not shown', async (scheme) => {
    await using stage = await openStage();
    const url = `${scheme}ops:hunter2hunter2@127.0.0.1:1/?token=${TOKEN}`;
    const ended = await stage.ask('--base-url', url, '--evidence', 'now', '--json');
    const all = await everything(stage, ended);
    expect(all).toMatch(/\nbase_url=(?:http:\/\/)?\[redacted[^\]]*\]@127\.0\.0\.1:1\/\?token=\[redacted:/);
    expect(all).not.toMatch(/hunter2|stage-token/);
    expect(ended.exitCode).toBe(1);
  });
});

/** To a session's token alone. */
const answering =
  (body: string): RequestListener =>
  ({ headers }, response) =>
    headers.authorization === `Bearer ${SESSION}`
      ? response.end(body)
      : response.writeHead(401).end(`{"seen":"${headers.authorization ?? ''}"}`);

/** Takes the password and gives a session's token; the statuses take that token alone. */
function sessions(stage: {
  password: string;
}): Record<'gateway' | 'cortex', RequestListener> & { others: Record<string, RequestListener> } {
  return {
    gateway: answering(recordedText('healthy/gateway-status.json')),
    cortex: answering(recordedText('healthy/cortex-status.json')),
    others: {
      '/gateway/auth/session': (request, response) => {
        let body = '';
        request.on('data', (chunk: Buffer) => (body += chunk.toString()));
        request.on('end', () => {
          const right = request.method === 'POST' && body === JSON.stringify({ password: stage.password });
          response.writeHead(right ? 200 : 401).end(
            JSON.stringify(
              right
                ? {
                    access_token: SESSION,
                    token_type: 'bearer',
                    expires_unix_ms: Date.now() + 3_600_000,
                    expires_in_seconds: 3600,
                  }
                : { error: { code: 'unauthorized', said: body } },
            ),
          );
        });
      },
    },
  };
}

describe('--auth-mode password-session', () => {
  const MODE = ['--auth-mode', 'password-session'];

  it.each<[string, (stage: ReadinessStage) => Promise<Readonly<Record<string, string>>>, readonly string[]]>([
    ['the environment', () => Promise.resolve({ TAU_OPERATOR_AUTH_PASSWORD: PASSWORD }), []],
    [
      'a file that is named in the environment',
      async ({ folder }) => {
        await writeFile(join(folder, 'password'), `${PASSWORD}\n`);
        return { TAU_OPERATOR_AUTH_PASSWORD_FILE: join(folder, 'password') };
      },
      [],
    ],
    [
      'a file that is named by the option, which goes first',
      async ({ folder }) => {
        await writeFile(join(folder, 'password'), PASSWORD);
        return { TAU_OPERATOR_AUTH_PASSWORD: 'another one' };
      },
      ['--auth-password-file', 'password'],
    ],
  ])('asks for one session with the password of %s, and writes neither down', async (_, prepare, args) => {
    await using stage = await openStage(sessions({ password: PASSWORD }));
    // The last one is part of the marker of a session's token.
    const environment = { TAU_OPERATOR_AUTH_TOKEN: '', TOKEN_VAR: ':session', ...(await prepare(stage)) };
    const ended = await stage.askWith(environment, ...MODE, ...args, '--evidence', 'now', '--json');
    expect(ended.exitCode).toBe(0);
    expect([...stage.asked].sort()).toEqual(['/cortex/status', '/gateway/auth/session', '/gateway/status']);
    const all = await everything(stage, ended);
    expect(all).toContain('auth_mode=password-session');
    expect(all).not.toContain(SESSION);
    expect(all).not.toContain('battery');
  });

  it('a token that is part of the name of a secret is none', async () => {
    const others = {
      '/gateway/auth/session': ((_, response) =>
        response.end('{"access_token":"AUTH_PASSWORD"}')) satisfies RequestListener,
    };
    await using stage = await openStage({ others });
    const { exitCode, stderr } = await stage.askWith({ TAU_OPERATOR_AUTH_PASSWORD: PASSWORD }, ...MODE);
    expect(errors(stderr)).toEqual([
      expect.stringContaining('error: gateway status malformed (session_token_missing): POST '),
      expect.stringContaining('error: cortex status malformed (session_token_missing): POST '),
    ]);
    expect(stderr).not.toMatch(/\n +at /);
    expect([exitCode, stage.asked]).toEqual([1, ['/gateway/auth/session']]);
  });

  it('a wrong password is told of both surfaces, and nothing that the gateway said of it', async () => {
    await using stage = await openStage(sessions({ password: 'the right password' }));
    const ended = await stage.askWith(
      { TAU_OPERATOR_AUTH_PASSWORD: PASSWORD },
      ...MODE,
      '--evidence',
      'now',
      '--json',
    );
    const told = (title: string): string =>
      `error: ${title} misconfigured (http_status_401): POST ${stage.baseUrl}/gateway/auth/session: asking for a session: http_status_401, status 401`;
    expect(errors(ended.stderr)).toEqual([told('gateway status'), told('cortex status')]);
    const { surfaces } = document.parse(JSON.parse(ended.stdout));
    expect(surfaces.map(({ status }) => status)).toEqual([401, 401, null]);
    expect(stage.asked).toEqual(['/gateway/auth/session']);
    expect(await everything(stage, ended)).not.toContain('battery');
    expect(ended.exitCode).toBe(1);
  });

  it('a session without a token, and a gateway that does not answer, are no pass, asked once', async () => {
    const others = {
      '/gateway/auth/session': ((_, response) =>
        response.end('{"access_token":""}')) satisfies RequestListener,
    };
    await using stage = await openStage({ others });
    const environment = { TAU_OPERATOR_AUTH_PASSWORD: PASSWORD };
    const without = await stage.askWith(environment, ...MODE);
    expect(errors(without.stderr)[0]).toContain(
      'error: gateway status malformed (session_token_missing): POST ',
    );
    expect(stage.asked).toEqual(['/gateway/auth/session']);

    let connections = 0;
    await using cutting = await openRaw((socket) => {
      connections += 1;
      socket.once('data', () => socket.destroy());
    });
    const cut = await stage.askWith(environment, ...MODE, '--base-url', cutting.baseUrl);
    expect(errors(cut.stderr)[0]).toContain('error: gateway status unreachable (http_cut): POST ');
    expect(connections).toBe(1);
    expect([without.exitCode, cut.exitCode]).toEqual([1, 1]);
  });

  it.each<[string, (file: string) => Promise<unknown>, RegExp]>([
    ['a pipe', (file) => promisify(execFile)('mkfifo', [file]), /password is no file$/],
    ['a folder', (file) => mkdir(file), /password is no file$/],
    ['a line without an end', (file) => writeFile(file, 'x'.repeat(4097)), /longer than 4096 bytes$/],
    ['an empty line', (file) => writeFile(file, `\n${PASSWORD}`), /password is empty$/],
  ])('%s is no password file: nothing is waited for or asked', async (_, make, says) => {
    await using stage = await openStage(sessions({ password: PASSWORD }));
    await make(join(stage.folder, 'password'));
    const { exitCode, stderr } = await stage.ask(...MODE, '--auth-password-file', 'password');
    expect(errors(stderr)).toEqual([expect.stringMatching(says)]);
    expect([exitCode, stage.asked]).toEqual([1, []]);
  });

  it('a first line of 4,096 bytes is read as it is', async () => {
    const password = 'x'.repeat(4096);
    await using stage = await openStage(sessions({ password }));
    await writeFile(join(stage.folder, 'password'), `${password}\nsomething else`);
    expect((await stage.ask(...MODE, '--auth-password-file', 'password')).exitCode).toBe(0);
  });
});
