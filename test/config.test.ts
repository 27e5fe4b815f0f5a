// What settings, environment and flags come to. The files are real; nothing of this process's environment is read.
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterEach, beforeEach, describe, expect, it } from 'vitest';

import { readConfig, type Config } from '../src/config.js';
import { identity } from '../src/contracts/names.js';
import { InputError } from '../src/contracts/input-error.js';

let folder: string;
beforeEach(async () => {
  folder = await mkdtemp(join(tmpdir(), 'promote-config-'));
});
afterEach(() => rm(folder, { recursive: true, force: true }));

function read(environment: Record<string, string> = {}, settings?: string): Promise<Config> {
  return readConfig({ cwd: folder, environment: { HOME: folder, ...environment }, settings });
}

async function problems(yaml: string): Promise<readonly string[]> {
  await writeFile(join(folder, 'promote.yaml'), yaml);
  const error = await read().then(
    () => undefined,
    (thrown: unknown) => thrown,
  );
  expect(error).toBeInstanceOf(InputError);
  if (!(error instanceof InputError)) return [];
  expect(error.code).toBe('invalid_settings');
  return error.problems.map((line) => line.replace(`${folder}/`, ''));
}

describe('settings', () => {
  it('are optional: without a file everything has its default, below the working directory', async () => {
    const config = await read();
    expect(config).toMatchObject({
      deployment: 'local',
      dataDir: join(folder, '.promote'),
      evidenceDir: join(folder, '.tau/reports/operator-readiness'),
      trustedKeys: join(folder, 'trusted-keys.json'),
      cacheDir: join(folder, '.cache/promote'),
      taskQueue: 'promotion',
      temporalExecutable: undefined,
    });
    expect(config.runbookFor('anything')).toBe(join(config.packageRoot, 'runbooks/operator-readiness.yaml'));
    expect(identity.safeParse(config.identity).success).toBe(true);
  });

  it('resolve their paths from the file, those of the environment from the working directory', async () => {
    const elsewhere = await mkdtemp(join(tmpdir(), 'promote-elsewhere-'));
    const file = join(elsewhere, 'lab.yaml');
    await writeFile(
      file,
      'v: 1\ndataDir: data\nevidenceDir: proof\ntargets:\n  lab: { runbook: lab-runbook.yaml }\n',
    );
    const config = await read({ PROMOTE_EVIDENCE_DIR: 'mine', PROMOTE_SETTINGS: 'not-read.yaml' }, file);
    expect(config.dataDir).toBe(join(elsewhere, 'data'));
    expect(config.evidenceDir).toBe(join(folder, 'mine'));
    expect(config.runbookFor('lab')).toBe(join(elsewhere, 'lab-runbook.yaml'));
    expect(() => config.runbookFor('production')).toThrow(expect.objectContaining({ code: 'bad_target' }));
    expect(() => config.runbookFor('__proto__')).toThrow(expect.objectContaining({ code: 'bad_target' }));
    await rm(elsewhere, { recursive: true });
  });

  it('give way to the environment', async () => {
    await writeFile(join(folder, 'promote.yaml'), 'v: 1\ndeployment: lab\ntaskQueue: lab\n');
    const config = await read({ PROMOTE_DEPLOYMENT: 'staging', PROMOTE_IDENTITY: 'alice@example.org' });
    expect(config).toMatchObject({ deployment: 'staging', taskQueue: 'lab', identity: 'alice@example.org' });
  });

  it('give each site task queues of its own, and a target those of its site', async () => {
    await writeFile(
      join(folder, 'promote.yaml'),
      'v: 1\ntargets:\n  here: { runbook: r }\n  there: { runbook: r, site: berlin }\n',
    );
    const [config, atSite] = [await read(), await read({ PROMOTE_SITE: 'berlin' })];
    expect(config.taskQueue).toBe('promotion');
    expect(atSite.taskQueue).toBe('promotion-at-berlin');
    expect(config.taskQueueFor('here')).toBe(config.taskQueue);
    expect(config.taskQueueFor('there')).toBe(atSite.taskQueue);
    expect(() => config.taskQueueFor('nowhere')).toThrow(expect.objectContaining({ code: 'bad_target' }));
  });

  it.each([
    ['two notifiers of one name', '{ name: a, kind: slack, urlEnv: A }, { name: a, kind: slack, urlEnv: B }'],
    ['a secret in the file', '{ name: a, kind: webhook, url: "https://a.example", secretEnv: whsec_abc }'],
    ['an address that is no web address', '{ name: a, kind: webhook, url: "file:///a", secretEnv: A }'],
    ['an event that there is not', '{ name: a, kind: slack, urlEnv: A, events: [approved] }'],
  ])('refuse %s', async (_, notifiers) => {
    const [problem] = await problems(`v: 1\nnotifications: [${notifiers}]\n`);
    expect(problem).toMatch(/^promote\.yaml:2:\d+: notifications/);
  });

  it.each([
    ['PROMOTE_DEPLOYMENT', 'No Such'],
    ['PROMOTE_TASK_QUEUE', 'a/b'],
    ['PROMOTE_IDENTITY', 'Alice Smith'],
    ['PROMOTE_SITE', 'Berlin!'],
    ['PROMOTE_BUILD_ID', 'a.b'],
  ])('refuse a %s that is not of its form', async (name, value) => {
    await expect(read({ [name]: value })).rejects.toMatchObject({
      problems: [expect.stringContaining(`the environment variable ${name} is "${value}"`)],
    });
  });

  it.each<[string, string, string[]]>([
    ['an unknown key', 'v: 1\n\nsecret: x\n', ['promote.yaml:3:1: secret: unknown key; known are ']],
    [
      'an unknown key inside',
      'v: 1\ntargets:\n  lab: { runbook: x, extra: y }\n',
      ['promote.yaml:3:22: targets.lab.extra: '],
    ],
    ['a wrong value', 'v: 1\ndeployment: No Such\n', ['promote.yaml:2:13: deployment: ']],
    [
      'a target that can be none',
      'v: 1\ntargets:\n  a/b: { runbook: x }\n',
      ['promote.yaml:3:3: targets."a/b": a target is '],
    ],
    [
      'a missing version',
      'deployment: lab\n',
      ['promote.yaml:1:1: v: this version of promote reads settings with v: 1'],
    ],
    [
      'a version to come',
      'v: 2\n',
      ['promote.yaml:1:4: v: this version of promote reads settings with v: 1'],
    ],
    [
      'two mistakes',
      'v: 1\ntaskQueue: A\ndataDir: 7\n',
      ['promote.yaml:3:10: dataDir: ', 'promote.yaml:2:12: taskQueue: '],
    ],
    ['a repeated key', 'v: 1\nv: 1\n', ['promote.yaml:2:1: Map keys must be unique']],
    ['no YAML', 'v: [1\n', ['promote.yaml:']],
    ['an alias', 'v: 1\ndataDir: &a x\nevidenceDir: *a\n', ['promote.yaml:1:1: no YAML that can be read: ']],
    ['nothing', '', ['promote.yaml:1:1: the file: ']],
    [
      'too much',
      `v: 1\n#${'x'.repeat(70_000)}\n`,
      ['promote.yaml: the settings have 70007 bytes: at most 65536'],
    ],
  ])('say file:line:column for %s', async (_, yaml, expected) => {
    const told = await problems(yaml);
    expect(told).toHaveLength(expected.length);
    for (const start of expected) expect(told).toContainEqual(expect.stringContaining(start));
    for (const line of told) expect(line).not.toContain('\n');
  });
});

const certificate = (): string => join(folder, 'certificate');

describe("Temporal's own settings", () => {
  it('are those of nobody where nobody gave any: no default address stands for one that was given', async () => {
    expect((await read()).temporal).toEqual({ address: undefined, namespace: 'default', connection: {} });
  });

  it('come from its environment variables; an API key switches TLS on', async () => {
    const config = await read({
      TEMPORAL_ADDRESS: 'cloud:7233',
      TEMPORAL_NAMESPACE: 'ours',
      TEMPORAL_API_KEY: 'key',
    });
    expect(config.temporal).toMatchObject({
      address: 'cloud:7233',
      namespace: 'ours',
      connection: { apiKey: 'key', tls: true },
    });
  });

  it('come from the profile that is named', async () => {
    const file = join(folder, 'temporal.toml');
    await writeFile(file, '[profile.lab]\naddress = "lab:7233"\nnamespace = "lab"\n');
    const config = await read({ TEMPORAL_CONFIG_FILE: file, TEMPORAL_PROFILE: 'lab' });
    expect(config.temporal).toMatchObject({ address: 'lab:7233', namespace: 'lab' });
  });

  it('that can not be read are an error of the settings, and disturb nobody who needs no Temporal', async () => {
    const file = join(folder, 'temporal.toml');
    await writeFile(file, '[profile.default]\naddress = "lab:7233"\nadress = "x"\n');
    const config = await read({ TEMPORAL_CONFIG_FILE: file });
    expect(() => config.temporal).toThrow(expect.objectContaining({ code: 'invalid_settings' }));
  });

  it('that are empty are not set: no API key, and no TLS for it', async () => {
    const config = await read({ TEMPORAL_ADDRESS: 'lab:7233', TEMPORAL_API_KEY: '', TEMPORAL_TLS: '' });
    expect(config.temporal.connection).toEqual({});
  });

  it.each([
    [
      'a certificate without its key',
      () => ({ TEMPORAL_TLS_CLIENT_CERT_PATH: certificate() }),
      'TEMPORAL_TLS_CLIENT_KEY_PATH',
    ],
    [
      'a key without its certificate',
      () => ({ TEMPORAL_TLS_CLIENT_KEY_PATH: certificate() }),
      'TEMPORAL_TLS_CLIENT_CERT_PATH',
    ],
    [
      'a certificate that is not there',
      () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: join(folder, 'nowhere') }),
      'ENOENT',
    ],
    ['a word for TLS that would be taken for no', () => ({ TEMPORAL_TLS: 'True' }), 'write true or false'],
    [
      'a file of profiles that is not there',
      () => ({ TEMPORAL_CONFIG_FILE: join(folder, 'nowhere.toml') }),
      'which is not there',
    ],
    ['a profile that is not there', () => ({ TEMPORAL_PROFILE: 'nowhere' }), "'nowhere' not found"],
    [
      'an API key that anybody on the way could read',
      () => ({ TEMPORAL_TLS: 'false', TEMPORAL_API_KEY: 'abc-very-secret', TEMPORAL_ADDRESS: 'lab:7233' }),
      'enable TLS',
    ],
  ] as const)('refuse %s, and say no value of it', async (_, environment, says) => {
    await writeFile(certificate(), 'abc-very-secret');
    const config = await read(environment());
    let told = '';
    try {
      void config.temporal;
    } catch (error) {
      told = error instanceof InputError ? error.problems.join('\n') : '';
    }
    expect(told).toContain(says);
    expect(told).not.toMatch(/very-secret|\n/);
  });

  it('take an API key without TLS to a proxy on this machine', async () => {
    const environment = {
      TEMPORAL_TLS: 'false',
      TEMPORAL_API_KEY: 'abc',
      TEMPORAL_ADDRESS: 'localhost:7233',
    };
    expect((await read(environment)).temporal.connection).toEqual({ apiKey: 'abc', tls: false });
  });
});

describe('what a worker shows of itself', () => {
  it('is nothing, and a log for people, unless it is asked for', async () => {
    const { log, metricsAddress, healthAddress } = await read();
    expect({ log, metricsAddress, healthAddress }).toEqual({
      log: { form: 'plain', level: 'warn' },
      metricsAddress: undefined,
      healthAddress: undefined,
    });
  });

  it('is more of the log for a machine, unless the level is given', async () => {
    expect((await read({ PROMOTE_LOG: 'json' })).log).toEqual({ form: 'json', level: 'info' });
    const both = await read({ PROMOTE_LOG: 'json', PROMOTE_LOG_LEVEL: 'debug' });
    expect(both.log).toEqual({ form: 'json', level: 'debug' });
  });

  it.each([
    ['127.0.0.1:9464', '127.0.0.1:9464'],
    ['0.0.0.0:1', '0.0.0.0:1'],
    ['[::1]:65535', '[::1]:65535'],
    ['localhost:9464', '127.0.0.1:9464'],
  ])('is shown at %s', async (given, address) => {
    expect((await read({ PROMOTE_METRICS_ADDRESS: given })).metricsAddress).toBe(address);
    expect((await read({ PROMOTE_HEALTH_ADDRESS: given })).healthAddress).toBe(address);
  });

  it.each([
    '9464',
    ':9464',
    'worker:9464',
    '127.0.0.1',
    '127.0.0.1:0',
    '127.0.0.1:65536',
    '::1:80',
    '1.2.3.4:x',
  ])('is not shown at %s', async (given) => {
    for (const name of ['PROMOTE_METRICS_ADDRESS', 'PROMOTE_HEALTH_ADDRESS'])
      await expect(read({ [name]: given })).rejects.toMatchObject({
        code: 'invalid_settings',
        problems: [
          `the environment variable ${name} is ${JSON.stringify(given)}: an IP address and a port from 1 to 65535, such as 127.0.0.1:9464 or [::1]:9464`,
        ],
      });
  });
});
