// What a person does wrong at the command line, by real processes of the build (`npm run build`). It proves the messages, the exit codes
// and that nothing is written; what needs a Temporal server is in the server suite.
import { describe, expect, it } from 'vitest';

import { promote, scratch } from './run-promote.js';

const COMMIT = '0123456789abcdef0123456789abcdef01234567';
const START = ['start', '--target', 'lab', '--commit', COMMIT];

const MISTAKES: readonly [sentence: string, args: readonly string[], says: RegExp][] = [
  ['no command', [], /no command: see `promote --help`/],
  ['an unknown command', ['frobnicate'], /unknown command 'frobnicate'/],
  ['a command that is nearly right', ['statsu', 'lab'], /Did you mean status\?/],
  ['an unknown option', ['list', '--everything'], /unknown option '--everything'.*promote list --help/],
  ['a missing argument', ['status'], /missing required argument 'target'/],
  ['an argument too many', ['status', 'lab', 'other'], /too many arguments/],
  ['half a command', ['runbook'], /a command is missing: see `promote runbook --help`/],
  ['a start without a target', ['start', '--commit', COMMIT], /'--target <target>' not specified/],
  ['a start without a commit', ['start', '--target', 'lab'], /'--commit <hash>' not specified/],
  [
    'a target with a slash',
    ['start', '--target', 'a/b', '--commit', COMMIT],
    /the target "a\/b" can't be: .*a-z/,
  ],
  ['a target with ..', ['start', '--target', '..', '--commit', COMMIT], /the target "\.\." can't be/],
  ['a target that climbs', ['status', '../../etc'], /the target "..\/..\/etc" can't be/],
  [
    'a short commit',
    ['start', '--target', 'lab', '--commit', '0123456'],
    /"0123456" can't be: .*40 or 64.*rev-parse/,
  ],
  ['a branch as a commit', ['start', '--target', 'lab', '--commit', 'main'], /--commit "main" can't be/],
  ['a reason with a line end', [...START, '--reason', 'a\nb'], /--reason can't be: .*control characters/],
  ['again without a reason', [...START, '--again'], /--reason is empty: say why/],
  [
    'a schedule and a target',
    ['reconcile', '--every', '1m', '--target', 'lab'],
    /--every and --stop .*alone/,
  ],
  ['a schedule without rest', ['reconcile', '--every', '1s'], /--every "1s" can't be: a duration of 10s/],
  ['a run that is none', ['reconcile', '--run', 'lab'], /--run "lab" can't be: a run is named like/],
  ['a name that can be nobody', [...START, '--as', 'Alice Smith'], /--as "Alice Smith" can't be/],
  ...['abort', 'rollback', 'remediated', 'retry-rollback', 'acknowledge'].map(
    (order): [string, string[], RegExp] => [
      `${order} without a reason`,
      [order, 'lab'],
      /'--reason <text>' not specified/,
    ],
  ),
  ['an empty reason', ['abort', 'lab', '--reason', ' '], /--reason is empty: say why/],
  ['a reject without a comment', ['reject', 'lab'], /'--comment <text>' not specified/],
  ['a digest that is none', ['approve', 'lab', '--digest', 'xyz'], /--digest "xyz" can't be/],
  ['a digest too short to name one', ['approve', 'lab', '--digest', '1f2e3d'], /first 8 hex digits or more/],
  [
    'a limit that is no number',
    ['list', '--limit', 'many'],
    /--limit "many" can't be: a whole number from 1/,
  ],
  ['a port out of range', ['server', '--port', '70000'], /--port "70000" can't be/],
  [
    'an unknown scenario',
    ['rehearse', '--yes', '--scenario', 'sunny'],
    /--scenario "sunny" is not known: .*--list/,
  ],
  ['a rehearsal that nobody can decide', ['rehearse'], /no terminal .*--yes/],
  [
    'two runbooks where one is shown',
    ['runbook', 'show', 'a.yaml', '--target', 'lab'],
    /name two runbooks: give one/,
  ],
  ['a folder without runbooks', ['runbook', 'check', '.'], /\.: no \.yaml or \.yml file is in it/],
  [
    'a code that is none',
    ['explain', 'service_stopped', 'no_such_code'],
    /"no_such_code" is no code that promote knows/,
  ],
  [
    'an expectation that is none',
    ['validate', '--expect', 'operator-summary=hold'],
    /--expect "operator-summary=hold" can't be: write GATE=HEALTH\/GATE/,
  ],
  [
    'an expected health that is none',
    ['validate', '--expect', 'g=fine/hold'],
    /--expect g "fine" can't be: one of healthy, degraded, failing, unknown/,
  ],
  [
    "a word of Tau's options that is none",
    [...START, '--expect-operator-rollout-gate', 'open'],
    /--expect-operator-rollout-gate "open" can't be: one of pass, hold/,
  ],
  [
    'settings that are not there',
    ['list', '--settings', 'none.yaml'],
    /none\.yaml: the settings can't be read \(ENOENT\)/,
  ],
];

describe('bad usage', () => {
  it.concurrent.each(MISTAKES)(
    '%s is one line on stderr and exit 2, and nothing is written',
    async (_, args, says) => {
      await using place = await scratch();
      const { exitCode, stdout, stderr } = await promote(place.folder, args);
      expect(stderr).toMatch(/^promote: [^\n]+\n$/);
      expect(stderr).toMatch(says);
      expect(stdout).toBe('');
      expect(exitCode).toBe(2);
      expect(await place.entries()).toEqual([]);
    },
  );

  it('tells a value of --set to nobody, for it may be a secret', async () => {
    await using place = await scratch();
    const { exitCode, stderr } = await promote(place.folder, ['validate', '--set', 'hunter2hunter2']);
    expect(stderr).toBe('promote: --set takes NAME=VALUE, with NAME a variable of the runbook\n');
    expect(exitCode).toBe(2);
  });

  it('says where an unknown key of promote.yaml stands', async () => {
    await using place = await scratch({ 'promote.yaml': 'v: 1\ndeployment: lab\ntaskQueues: other\n' });
    const { exitCode, stderr } = await promote(place.folder, ['status', 'lab']);
    expect(stderr).toMatch(
      /^promote: .*promote\.yaml:3:1: taskQueues: unknown key; known are [^\n]*taskQueue[^\n]*\n$/,
    );
    expect(exitCode).toBe(2);
  });

  it('refuses a target that promote.yaml does not list', async () => {
    const listed = 'v: 1\ntargets:\n  lab:\n    runbook: lab.yaml\n';
    await using place = await scratch({ 'promote.yaml': listed });
    const args = ['start', '--target', 'production', '--commit', COMMIT];
    const { exitCode, stderr } = await promote(place.folder, args);
    expect(stderr).toMatch(/^promote: .*promote\.yaml: the target production is not listed [^\n]*lab\n$/);
    expect(exitCode).toBe(2);
  });
});

describe('without a server', () => {
  it.each([['status', 'lab'], ['list'], START])(
    '%s says how to start one, exit 5, and writes nothing',
    async (...args) => {
      await using place = await scratch();
      const { exitCode, stdout, stderr } = await promote(place.folder, args);
      expect(stderr).toMatch(/^promote: no Temporal server [^\n]*promote server[^\n]*\n$/);
      expect(stdout).toBe('');
      expect(exitCode).toBe(5);
      expect(await place.entries()).toEqual([]);
    },
  );

  it('a server that was named and is not there ends with exit 5 within its time limit', async () => {
    await using place = await scratch();
    const began = performance.now();
    const { exitCode, stderr } = await promote(place.folder, ['list'], { TEMPORAL_ADDRESS: '127.0.0.1:1' });
    expect(stderr).toMatch(/^promote: no Temporal server answers at 127\.0\.0\.1:1 [^\n]*\n$/);
    expect(exitCode).toBe(5);
    expect(performance.now() - began).toBeLessThan(15_000);
  });
});

describe('help', () => {
  it.concurrent.each([
    ['--help'],
    ['rehearse --help'],
    ['validate --help'],
    ['start --help'],
    ['follow --help'],
    ['approve --help'],
    ['runbook check --help'],
    ['runbook show --help'],
    ['runbook schema --help'],
    ['explain --help'],
  ])('promote %s shows an example, on stdout, exit 0', async (line) => {
    await using place = await scratch();
    const { exitCode, stdout, stderr } = await promote(place.folder, line.split(' '));
    expect(stdout).toMatch(/Example:\n {2}\$ promote /);
    expect(stderr).toBe('');
    expect(exitCode).toBe(0);
  });

  it('--json gives documents alone on stdout', async () => {
    await using place = await scratch();
    const { exitCode, stdout } = await promote(place.folder, ['rehearse', '--list', '--json']);
    const documents = stdout
      .trimEnd()
      .split('\n')
      .map((line): unknown => JSON.parse(line));
    expect(documents).toContainEqual(expect.objectContaining({ scenario: 'healthy' }));
    expect(exitCode).toBe(0);
  });

  it('explain says what codes mean, whose they are and what helps, as documents too', async () => {
    await using place = await scratch();
    const codes = ['explain', 'operator:gateway:service_stopped', 'http_status_503'];
    const { exitCode, stdout } = await promote(place.folder, codes);
    expect(stdout).toBe(
      [
        'operator:gateway:service_stopped  the gateway is stopped: start the gateway (the repair gateway-start does)',
        "  gateway's; the shipped runbook's gateway-start can help",
        'http_status_503  the service answered that it failed: look at what runs there, and at its log',
        "  promote's; a person can repair it",
        '',
      ].join('\n'),
    );
    expect(exitCode).toBe(0);
    const json = await promote(place.folder, [...codes, '--json']);
    expect(
      json.stdout
        .trimEnd()
        .split('\n')
        .map((line): unknown => JSON.parse(line)),
    ).toEqual([
      {
        code: 'operator:gateway:service_stopped',
        known: true,
        means: 'the gateway is stopped',
        todo: 'start the gateway',
        repair: 'gateway-start',
        owner: 'gateway',
      },
      expect.objectContaining({ code: 'http_status_503', repair: 'manual', owner: 'promote' }),
    ]);
  });

  it('validate and help load nothing of Temporal', async () => {
    await using place = await scratch({
      'hooks.mjs': `export async function resolve(specifier, context, next) {
        if (/@temporalio/.test(specifier)) throw new Error('loaded ' + specifier);
        return next(specifier, context);
      }\n`,
      'register.mjs': `import { register } from 'node:module';\nimport Module from 'node:module';
        register('./hooks.mjs', import.meta.url);
        const load = Module._load;
        Module._load = (name, ...rest) => {
          if (/@temporalio/.test(name)) throw new Error('loaded ' + name);
          return load(name, ...rest);
        };\n`,
    });
    const guarded = { NODE_OPTIONS: `--import ${place.folder}/register.mjs` };
    const missing = await promote(place.folder, ['validate'], guarded);
    expect(missing.stderr).toMatch(/^promote: .*TAU_OPERATOR_AUTH_TOKEN[^\n]*\n$/);
    expect(missing.exitCode).toBe(2);
    expect((await promote(place.folder, ['--help'], guarded)).exitCode).toBe(0);
    expect((await promote(place.folder, ['list'], guarded)).stderr).toContain('loaded @temporalio');
  });
});
