/**
 * `promote readiness` in the place of Tau's validator: the built command as a process, a gateway over real HTTP and a stand-in
 * `tau-coding-agent`. Proves the validator's contract on the states on which it was run, and on its options. What hostile
 * answers come to is in readiness-hostile.test.ts. Not proven: the validator itself, which was recorded once.
 */
import { readdir, readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';
import { z } from 'zod';

import { scenarioNamed } from '../../src/rehearsal/scenarios.js';
import { openForTest } from '../rehearsal/stand-in.js';
import { recordedText } from '../tau/recordings.js';
import { promote, scratch } from './run-promote.js';
import {
  openStage,
  recordedAgent,
  TOKEN,
  type ReadinessStage,
  type StageOptions,
} from './readiness-stage.js';

const STATES = ['cortex-missing', 'failing', 'gateway-failing', 'healthy', 'hold', 'operator-hold'];
const RECORDED_URL = 'http://127.0.0.1:8787';
const lines = (text: string): readonly string[] => text.split('\n').filter((line) => line !== '');
const errors = (text: string): readonly string[] => lines(text).filter((line) => line.startsWith('error:'));

const asText = (health: string, gate: string): string =>
  JSON.stringify({ health_state: health, rollout_gate: gate, reason_code: 'r', reason_codes: ['r'] });

/** As Tau's own test of its validator replaces them; these two say that they were called. */
const standIns = (folder: string) => ({
  curl: `echo called >> '${folder}/curl'; exit 22`,
  cargo: [
    `echo "$*" >> '${folder}/cargo'`,
    'health="${MOCK_HEALTH:-healthy}" gate="${MOCK_GATE:-pass}" reason="${MOCK_REASON:-healthy_cycle}"',
    'echo "{\\"health_state\\":\\"$health\\",\\"rollout_gate\\":\\"$gate\\",\\"reason_codes\\":[\\"$reason\\"]}"',
  ].join('\n'),
});

/** The answer that the validator printed below its line: it was given a moment after the recorded one of that state. */
function answerIn(recorded: string): StageOptions {
  const [line = '', ...rest] = recorded.split('\n');
  const body = rest.join('\n');
  if (line.startsWith('error: gateway')) return { gateway: body };
  if (line.startsWith('error: cortex')) return { cortex: body };
  return line === '' ? {} : { agent: `cat <<'ANSWER'\n${body}\nANSWER` };
}

describe('on a state that the validator was run on', () => {
  it.concurrent.each(STATES)('%s prints what it printed, and ends as it ended', async (state) => {
    const recorded = recordedText(`readiness-check/${state}.stderr`);
    await using stage = await openStage({ state, ...answerIn(recorded) });
    const { exitCode, stdout, stderr } = await stage.ask();
    expect(stdout.replace(stage.baseUrl, RECORDED_URL)).toBe(recordedText(`readiness-check/${state}.stdout`));
    // Byte by byte, the answer too; after it, what the validator did not come to.
    expect(stderr.slice(0, recorded.length)).toBe(recorded);
    expect(exitCode).toBe(Number(recordedText(`readiness-check/${state}.exit`)));
  });

  it('a wrong token is an error line with the address, the status and what was said', async () => {
    await using stage = await openStage();
    const { exitCode, stdout, stderr } = await stage.ask('--auth-token', 'another-token-987');
    expect(stdout.replace(stage.baseUrl, RECORDED_URL)).toBe(
      recordedText('readiness-check/wrongtoken.stdout'),
    );
    expect(errors(stderr)).toHaveLength(2);
    expect(errors(stderr)[0]).toContain(
      `error: gateway status misconfigured (http_status_401): GET ${stage.baseUrl}/gateway/status: http_status_401, status 401: {"error":{"code":"unauthorized"`,
    );
    expect(exitCode).toBe(1);
  });

  it('without a token nothing is asked', async () => {
    await using stage = await openStage();
    const { exitCode, stdout, stderr } = await stage.askWith({ TAU_OPERATOR_AUTH_TOKEN: '' });
    expect(stdout).toBe(recordedText('readiness-check/notoken.stdout'));
    expect(stderr).toBe(recordedText('readiness-check/notoken.stderr'));
    expect(exitCode).toBe(Number(recordedText('readiness-check/notoken.exit')));
    expect(stage.asked).toEqual([]);
  });
});

it('every problem of every surface is told, each surface once with its answer', async () => {
  await using stage = await openStage({
    gateway: '{"health_state":"failing","rollout_gate":"hold","reason_code":"g"}',
    cortex: '{"health_state":"degraded","rollout_gate":"hold"}',
    agent: 'echo state corrupt >&2; exit 1',
  });
  const { exitCode, stderr } = await stage.ask();
  expect(lines(stderr)).toEqual([
    "error: gateway status health_state expected 'healthy' but got 'failing'",
    '{"health_state":"failing","rollout_gate":"hold","reason_code":"g"}',
    "error: gateway status rollout_gate='hold' expected 'pass' (reason='g')",
    'error: cortex status response missing reason_code',
    '{"health_state":"degraded","rollout_gate":"hold"}',
    "error: cortex status health_state expected 'healthy' but got 'degraded'",
    "error: cortex status rollout_gate='hold' expected 'pass' (reason='')",
    'error: operator control summary unreachable (command_failed): tau-coding-agent: exit 1: state corrupt',
    'operator_command=tau-coding-agent',
  ]);
  expect(exitCode).toBe(1);
});

describe('options', () => {
  /** What all three say, and how it is made to be expected. */
  const HOLDS = asText('failing', 'hold');
  const openHolding = (): Promise<ReadinessStage> =>
    openStage({ gateway: HOLDS, cortex: HOLDS, agent: `echo '${HOLDS}'` });
  const healths = ['gateway', 'cortex', 'operator'].map((part) => `--expect-${part}-health-state`);

  it('each expectation is an option', async () => {
    await using stage = await openHolding();
    const expected = healths.flatMap((option) => [
      option,
      'failing',
      option.replace('health-state', 'rollout-gate'),
      'hold',
    ]);
    const { exitCode, stdout } = await stage.ask(...expected);
    expect(lines(stdout).slice(3)).toEqual([
      'gateway_health_state=failing',
      'gateway_rollout_gate=hold',
      'gateway_reason=r',
      'cortex_health_state=failing',
      'cortex_rollout_gate=hold',
      'cortex_reason_code=r',
      'operator_health_state=failing',
      'operator_rollout_gate=hold',
      'operator_reason_codes=r',
      'status=pass',
    ]);
    expect(exitCode).toBe(0);
  });

  it('each expectation has a variable, and an option goes before it', async () => {
    await using stage = await openHolding();
    const environment = Object.fromEntries(
      ['GATEWAY', 'CORTEX', 'OPERATOR'].flatMap((part) => [
        [`TAU_OPERATOR_EXPECT_${part}_HEALTH_STATE`, 'failing'],
        [`TAU_OPERATOR_EXPECT_${part}_ROLLOUT_GATE`, 'hold'],
      ]),
    );
    expect((await stage.askWith(environment)).exitCode).toBe(0);
    const { exitCode, stderr } = await stage.askWith(environment, '--expect-cortex-rollout-gate', 'pass');
    expect(errors(stderr)).toEqual(["error: cortex status rollout_gate='hold' expected 'pass' (reason='r')"]);
    expect(exitCode).toBe(1);
  });

  it('--expect-rollout-gate sets all three; what stands after it goes before it', async () => {
    await using stage = await openHolding();
    const failing = healths.flatMap((option) => [option, 'failing']);
    const all = ['--expect-rollout-gate', 'hold'];
    const one = ['--expect-operator-rollout-gate', 'pass'];
    expect((await stage.ask(...failing, ...all)).exitCode).toBe(0);
    expect((await stage.ask(...failing, ...one, ...all)).exitCode).toBe(0);
    expect(errors((await stage.ask(...failing, ...all, ...one)).stderr)).toEqual([
      "error: operator control summary rollout_gate='hold' expected 'pass' (reason_codes='r')",
    ]);
  });

  it('an empty word is never what is expected', async () => {
    await using stage = await openStage({ gateway: '{"rollout_gate":"pass","reason_code":"r"}' });
    const { exitCode, stderr } = await stage.ask('--expect-gateway-health-state', '');
    expect(errors(stderr)).toEqual(["error: gateway status health_state expected '' but got ''"]);
    expect(exitCode).toBe(1);
  });

  it('--quiet says nothing of a pass, and the errors of a hold', async () => {
    await using healthy = await openStage();
    expect(await healthy.ask('--quiet')).toEqual({ exitCode: 0, stdout: '', stderr: '' });
    await using held = await openStage({ state: 'hold' });
    const { exitCode, stdout, stderr } = await held.ask('--quiet');
    expect(stdout).toBe('');
    expect(lines(stderr)[0]).toBe(lines(recordedText('readiness-check/hold.stderr'))[0]);
    expect(stderr).not.toContain('operator_command');
    expect(exitCode).toBe(1);
  });

  it('--auth-mode none sends no token, and needs none', async () => {
    await using stage = await openStage({ anyToken: true });
    const { exitCode, stdout } = await stage.askWith({ TAU_OPERATOR_AUTH_TOKEN: '' }, '--auth-mode', 'none');
    expect(stdout).toContain('\nauth_mode=none\n');
    expect(exitCode).toBe(0);
    expect(stage.requests.map(({ headers }) => headers.authorization)).toEqual([undefined, undefined]);
    expect((await stage.askWith({ TAU_OPERATOR_AUTH_MODE: 'none' })).exitCode).toBe(0);
    expect(stage.requests.at(-1)?.headers.authorization).toBeUndefined();
  });

  it('a base URL may end in a slash, and be without its scheme', async () => {
    await using stage = await openStage();
    expect((await stage.ask('--base-url', `${stage.baseUrl}/`)).exitCode).toBe(0);
    const bare = stage.baseUrl.replace('http://', '');
    const { exitCode, stdout } = await stage.ask('--base-url', bare);
    expect(stdout).toContain(`\nbase_url=${bare}\n`);
    expect(exitCode).toBe(0);
    expect([...new Set(stage.asked)].sort()).toEqual(['/cortex/status', '/gateway/status']);
  });

  it('a time limit of 0 is no time limit of nothing', async () => {
    await using stage = await openStage();
    expect((await stage.ask('--timeout-seconds', '0')).exitCode).toBe(0);
    expect((await stage.ask('--timeout-seconds', '99999999999999999999')).exitCode).toBe(0);
  });
});

describe('the usage', () => {
  it.concurrent.each([
    [['--bogus'], "error: unknown option '--bogus'"],
    [['--base-url=http://127.0.0.1:1'], "error: unknown option '--base-url=http://127.0.0.1:1'"],
    [['--quiet', 'now'], "error: unknown option 'now'"],
    [['--timeout-seconds', '1.5'], 'error: --timeout-seconds must be a non-negative integer'],
    [['--timeout-seconds', '-1'], 'error: --timeout-seconds must be a non-negative integer'],
    [['--timeout-seconds', ''], 'error: --timeout-seconds must be a non-negative integer'],
    [['--auth-mode', 'basic'], 'error: --auth-mode must be token or none'],
    [
      ['--auth-token', ''],
      'error: auth token required for token mode (set --auth-token or TAU_OPERATOR_AUTH_TOKEN)',
    ],
    [['--base-url'], 'error: --base-url needs a value'],
    [
      ['--auth-mode', 'password-session'],
      'error: password required for password-session mode (set TAU_OPERATOR_AUTH_PASSWORD or --auth-password-file)',
    ],
    [
      ['--auth-mode', 'password-session', '--auth-password-file', 'none'],
      expect.stringMatching(/^error: the password file \/.*\/none can't be read \(ENOENT\)$/),
    ],
    [['--evidence', ''], 'error: --evidence needs a folder'],
  ])('%j is refused in one line, exit 1, and nothing is asked', async (args, says) => {
    await using stage = await openStage();
    const { exitCode, stdout, stderr } = await stage.ask(...args);
    const [first, ...others] = lines(stderr);
    expect(first).toEqual(says);
    expect(others.length > 0).toBe(first?.startsWith('error: unknown option') === true);
    expect(stdout).toBe('');
    expect(exitCode).toBe(1);
    expect(stage.asked).toEqual([]);
  });

  it('--help lists every option, with an example, and asks nothing', async () => {
    await using place = await scratch();
    const { exitCode, stdout, stderr } = await promote(place.folder, ['readiness', '--quiet', '--help']);
    expect(stdout).toMatch(/^Usage: promote readiness \[options\]\n/);
    for (const option of [
      '--base-url <url>',
      '--auth-mode <token|none>',
      '--expect-rollout-gate <v>',
      '--quiet',
    ])
      expect(stdout).toContain(`\n  ${option} `);
    expect(stdout).toMatch(/Example:\n {2}\$ .*promote readiness /);
    expect([stderr, exitCode]).toEqual(['', 0]);
  });

  it('--help names the options that have no variable, and such a variable changes nothing', async () => {
    await using stage = await openStage();
    const { stdout } = await stage.ask('--help');
    expect(stdout.replaceAll('\n', ' ')).toContain(
      'but --evidence and --expect-rollout-gate, which have none',
    );
    const { exitCode } = await stage.askWith({
      TAU_OPERATOR_EXPECT_ROLLOUT_GATE: 'hold',
      TAU_OPERATOR_EVIDENCE: 'now',
    });
    expect([exitCode, await readdir(stage.folder)]).toEqual([0, expect.not.arrayContaining(['now'])]);
  });

  it('--json may stand before the name', async () => {
    await using stage = await openStage();
    const ended = await promote(stage.folder, ['--json', 'readiness', '--quiet'], stage.environment);
    expect(JSON.parse(ended.stdout)).toMatchObject({ passed: true, exitCode: 0 });
    expect(ended.exitCode).toBe(0);
  });

  it.each([
    ['--settings', 'none.yaml'],
    ['--settings=none.yaml', '--json'],
    ['--as', 'ops@example.org', '--json'],
  ])('%s before the name is refused in one line, and no settings are read', async (...before) => {
    await using stage = await openStage();
    await writeFile(join(stage.folder, 'promote.yaml'), 'not: [settings');
    const ended = await promote(stage.folder, [...before, 'readiness', '--quiet'], stage.environment);
    expect(lines(ended.stderr)).toEqual([
      expect.stringMatching(/^promote: put readiness first: `promote readiness …`/),
    ]);
    expect([ended.exitCode, ended.stdout, stage.asked]).toEqual([1, '', []]);
  });
});

describe('what stands on PATH', () => {
  const TOP_LEVEL = { health_state: 'healthy', rollout_gate: 'pass', rollout_reason_code: 'healthy_cycle' };
  const CORTEX = { ...TOP_LEVEL, rollout_reason_code: undefined, reason_code: 'cortex_ready' };

  it('curl is never called: its own HTTP reads the top level of a gateway, and cargo runs the command', async () => {
    await using place = await scratch();
    await using stage = await openStage({
      gateway: JSON.stringify(TOP_LEVEL),
      cortex: JSON.stringify(CORTEX),
      agent: null,
      programs: standIns(place.folder),
    });
    const passed = await stage.ask();
    expect(passed.exitCode).toBe(0);
    expect(passed.stdout).toContain('gateway_reason=healthy_cycle\n');
    expect(passed.stderr).toBe('operator_command=cargo run -q -p tau-coding-agent --\n');
    expect(await readFile(join(place.folder, 'cargo'), 'utf8')).toBe(
      'run -q -p tau-coding-agent -- --operator-control-summary --operator-control-summary-json\n',
    );
    expect(await place.entries()).toEqual(['cargo']);

    const held = await stage.askWith(
      { MOCK_GATE: 'hold', MOCK_REASON: 'gateway_service_stopped' },
      '--quiet',
    );
    expect(lines(held.stderr)[0]).toBe(
      "error: operator control summary rollout_gate='hold' expected 'pass' (reason_codes='gateway_service_stopped')",
    );
    expect(held.exitCode).toBe(1);
  });

  it.each([
    ['health_state', 'failing', "error: gateway status health_state expected 'healthy' but got 'failing'"],
    [
      'rollout_gate',
      'hold',
      "error: gateway status rollout_gate='hold' expected 'pass' (reason='healthy_cycle')",
    ],
    ['rollout_reason_code', null, 'error: gateway status response missing rollout reason code'],
  ])('a top-level %s of %s is read', async (field, value, says) => {
    await using stage = await openStage({ gateway: JSON.stringify({ ...TOP_LEVEL, [field]: value }) });
    const { exitCode, stderr } = await stage.ask();
    expect(errors(stderr)).toEqual([says]);
    expect(exitCode).toBe(1);
  });

  it('tau-coding-agent goes before cargo; --operator-command before both, and its variable too', async () => {
    await using place = await scratch();
    const own = join(place.folder, 'own');
    await writeFile(own, `#!/bin/sh\n${recordedAgent('operator-hold')}\n`, { mode: 0o755 });
    await using stage = await openStage({ programs: standIns(place.folder) });
    expect((await stage.ask()).stderr).toBe('operator_command=tau-coding-agent\n');
    for (const ended of [
      await stage.ask('--operator-command', `${own} --verbose`),
      await stage.askWith({ TAU_OPERATOR_COMMAND: `${own} --verbose` }),
    ]) {
      expect(ended.stderr).toContain(`operator_command=${own} --verbose\n`);
      expect(ended.stdout).not.toContain('status=pass');
      expect(ended.exitCode).toBe(1);
    }
    expect(await place.entries()).toEqual(['own']);
  });

  it('--working-directory is where the command runs, and its variable too', async () => {
    await using place = await scratch();
    const answer = recordedText('healthy/operator-control-summary.stdout');
    await writeFile(join(place.folder, 'answer.json'), answer);
    await using stage = await openStage({ agent: 'exec cat answer.json' });
    expect((await stage.ask()).exitCode).toBe(1);
    expect((await stage.ask('--working-directory', place.folder)).exitCode).toBe(0);
    expect((await stage.askWith({ TAU_OPERATOR_WORKING_DIRECTORY: place.folder })).exitCode).toBe(0);
    const missing = await stage.ask('--working-directory', join(place.folder, 'none'));
    expect(errors(missing.stderr)).toEqual([
      `error: operator control summary misconfigured (working_directory_missing): tau-coding-agent: no folder ${place.folder}/none`,
    ]);
  });
});

it('the environment is handed on, but for secrets and what makes a program load another', async () => {
  await using stage = await openStage({
    agent: `env > "$HOME/environment"; cat '${join(import.meta.dirname, '../fixtures/tau/healthy/operator-control-summary.stdout')}'`,
  });
  const { exitCode } = await stage.askWith({
    CARGO_HOME: '/opt/cargo',
    GIT_DIR: '/nowhere',
    LD_LIBRARY_PATH: '/nowhere',
    COPY_OF_IT: TOKEN,
    TAU_OPERATOR_AUTH_PASSWORD: 'a-password-123',
  });
  expect(exitCode).toBe(0);
  const environment = await readFile(join(stage.folder, 'environment'), 'utf8');
  expect(environment).toContain('CARGO_HOME=/opt/cargo\n');
  expect(environment).toContain(`TAU_OPERATOR_BASE_URL=${stage.baseUrl}\n`);
  expect(environment).not.toMatch(/GIT_DIR|LD_LIBRARY_PATH|stage-token|a-password/);
});

describe('the readiness gate of a runbook', () => {
  it.each(['healthy', 'gateway-stopped', 'cortex-unrepaired', 'readiness-fails'])(
    'says of the scenario %s, by `promote validate`, what the command says',
    async (scenario) => {
      const { workspace, environment } = await openForTest(scenarioNamed(scenario));
      const validated = await promote(workspace, ['--json', 'validate'], environment);
      const { evidence } = z.object({ evidence: z.string() }).parse(JSON.parse(validated.stdout));
      const asked = await promote(workspace, ['readiness', '--evidence', 'now'], environment);
      const [ofGate, ofCommand] = await Promise.all(
        [join(evidence, 'validation-1'), join(workspace, 'now')].map((folder) =>
          readFile(join(folder, 'readiness.txt'), 'utf8'),
        ),
      );
      expect(ofCommand).toBe(ofGate);
      expect(asked.exitCode).toBe(ofCommand?.endsWith('\nstatus=pass\n') === true ? 0 : 1);
    },
  );
});
