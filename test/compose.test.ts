import { existsSync, mkdtempSync, readFileSync, rmSync, statSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { describe, expect, onTestFinished, test } from 'vitest';
import { parse } from 'yaml';

import {
  COMPOSE,
  COMPOSE_TEXT,
  environmentOf,
  makeEnvironment,
  readEnvironment,
  variablesOf,
} from './support/compose-file.js';
import { SEARCH_ATTRIBUTES } from '../workflows/messages.js';

/**
 * Proves what a reader of docker-compose.yml and Dockerfile relies on, by the files alone: nothing is reached from another host, no
 * password stands in them, nothing is unpinned, and what they name is there. It ends where an engine would begin: that the images
 * start is not shown. `npm run test:production` runs the same commands, settings and health checks without containers.
 */
const root = join(import.meta.dirname, '..');
const services = Object.entries(COMPOSE.services).map(([name, service]) => ({ name, ...service }));
const ONE_SHOT = ['temporal-schema', 'temporal-namespace'];

describe.each(services)('the service $name', (service) => {
  test('listens on this host alone', () => {
    for (const port of service.ports) expect(port).toMatch(/^127\.0\.0\.1:\d+:\d+$/);
  });

  test('has an image with a whole version', () => {
    expect(service.image).toMatch(/^[a-z][a-z0-9/-]*:v?\d+\.\d+(\.\d+)?(-bookworm)?$/);
  });

  test('has nothing that it could become more powerful with', () => {
    expect(service).toMatchObject({
      cap_drop: ['ALL'],
      security_opt: ['no-new-privileges:true'],
      read_only: true,
    });
  });

  test('is asked how it is, or ends by itself', () => {
    const ends = ONE_SHOT.includes(service.name);
    expect(service.restart).toBe(ends ? 'on-failure:5' : 'unless-stopped');
    expect(service.healthcheck === undefined).toBe(ends);
  });

  test('waits for what it needs to be healthy or done', () => {
    for (const [name, { condition }] of Object.entries(service.depends_on))
      expect(condition).toBe(ONE_SHOT.includes(name) ? 'service_completed_successfully' : 'service_healthy');
  });

  test('mounts only what the repository has, read-only, and volumes and networks that are declared', () => {
    const mounts = service.volumes.map((mount) => mount.split(':'));
    for (const [source = '', , mode] of mounts.filter(([from = '']) => from.startsWith('./')))
      expect([existsSync(join(root, source)), mode], source).toEqual([true, 'ro']);
    for (const [name] of mounts.filter(([from = '']) => !from.startsWith('./')))
      expect(Object.keys(COMPOSE.volumes)).toContain(name);
    expect(Object.keys(COMPOSE.networks)).toEqual(expect.arrayContaining(service.networks));
  });

  test('is given every secret from outside', () => {
    const secrets = Object.entries(service.environment).filter(([name]) =>
      /PASSWORD|PWD|TOKEN|SECRET/.test(name),
    );
    for (const [, value] of secrets) expect(value).toMatch(/^\$\{[A-Z_]+:\?[^}]+\}$/);
    expect([...service.command, ...(service.entrypoint ?? [])].join(' ')).not.toMatch(/password=[^s]/i);
  });
});

test('each volume that is declared is used', () => {
  const used = services.flatMap(({ volumes }) => volumes).map((mount) => mount.split(':')[0]);
  expect(used).toEqual(expect.arrayContaining(Object.keys(COMPOSE.volumes)));
});

test('PostgreSQL is reached by Temporal and what sets it up, and by nothing that talks to the outside', () => {
  const inStore = services.filter(({ networks }) => networks.includes('store')).map(({ name }) => name);
  expect(inStore).toEqual(['postgresql', 'temporal-schema', 'temporal']);
  expect(COMPOSE.networks['store']).toEqual({ internal: true });
});

test('the worker runs twice, on the same evidence', () => {
  expect(COMPOSE.services['worker']).toMatchObject({
    deploy: { replicas: 2 },
    volumes: expect.arrayContaining(['evidence:/var/lib/promote-evidence']) as unknown,
  });
});

describe('compose:env', () => {
  test('gives everything that the file asks for, with a password of its own, for its owner alone', () => {
    const [one, other] = [folder(), folder()];
    makeEnvironment(one);
    makeEnvironment(other);
    const given = readEnvironment(join(one, '.env'));
    for (const name of variablesOf(COMPOSE_TEXT)) expect(given[name]).toMatch(/^[\w-]{40,}$/);
    expect(readEnvironment(join(other, '.env'))['POSTGRES_PASSWORD']).not.toBe(given['POSTGRES_PASSWORD']);
    for (const service of Object.values(COMPOSE.services)) environmentOf(service, given);
    const files = ['.env', ...services.flatMap(({ env_file }) => env_file)];
    for (const file of files) expect(statSync(join(one, file)).mode & 0o777).toBe(0o600);
  });

  test('names each variable that the shipped runbook takes', () => {
    const made = folder();
    makeEnvironment(made);
    const runbook = readFileSync(join(root, 'runbooks/operator-readiness.yaml'), 'utf8');
    const named = [...runbook.matchAll(/^\s+env: (\w+)$/gm)].map(([, name = '']) => name);
    expect(named.length).toBeGreaterThan(0);
    expect(Object.keys(readEnvironment(join(made, 'worker.env')))).toEqual(named);
  });

  test('writes over neither file', () => {
    const made = folder();
    makeEnvironment(made);
    const before = readFileSync(join(made, '.env'), 'utf8');
    expect(() => makeEnvironment(made)).toThrow(/already there, and never written over/);
    rmSync(join(made, 'worker.env'));
    expect(() => makeEnvironment(made)).toThrow(/already there, and never written over/);
    expect(readFileSync(join(made, '.env'), 'utf8')).toBe(before);
  });

  test('makes files that neither git nor an image takes', () => {
    const ignored = readFileSync(join(root, '.gitignore'), 'utf8').split('\n');
    expect(ignored).toEqual(expect.arrayContaining(['.env', 'worker.env']));
    const unsent = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    expect(unsent).toEqual(expect.arrayContaining(['*', '**/.env', '**/*.env', '**/*.pem']));
  });
});

describe('the files that Temporal is set up with', () => {
  test('the namespace gets every search attribute of ours, of its type, and the order of retention is from outside', () => {
    const script = readFileSync(join(root, 'deploy/set-up-namespace.sh'), 'utf8');
    const made = [...script.matchAll(/--name (\w+) --type (\w+)/g)].map(([, name = '', type = '']) => [
      name,
      type,
    ]);
    expect(Object.fromEntries(made)).toEqual(SEARCH_ATTRIBUTES);
  });

  test('its dynamic configuration is that of the server that is started for one machine', () => {
    const settings: unknown = parse(readFileSync(join(root, 'deploy/temporal-dynamic-config.yaml'), 'utf8'));
    const started = readFileSync(join(root, 'src/engine/arguments.ts'), 'utf8');
    const tuned = [...started.matchAll(/'(history\.\w+)="?([^'"]+)"?'/g)].map(([, name = '', value = '']) => [
      name,
      [{ value: /^\d+$/.test(value) ? Number(value) : value }],
    ]);
    expect(settings).toEqual(Object.fromEntries(tuned));
  });
});

describe('the Dockerfile', () => {
  const text = readFileSync(join(root, 'Dockerfile'), 'utf8').replaceAll(/\\\n\s*/g, ' ');
  const lines = text.split('\n').filter((line) => line !== '' && !line.startsWith('#'));
  const stages = lines.flatMap((line, index) => (line.startsWith('FROM ') ? [index] : []));
  const run = lines.slice(stages.at(-1));

  test('copies only what is in the repository and sent to the engine', () => {
    const copied = lines
      .filter((line) => /^COPY (?!--from)/.test(line))
      .flatMap((line) => line.split(' ').slice(1, -1));
    const sent = readFileSync(join(root, '.dockerignore'), 'utf8').split('\n');
    expect(copied.length).toBeGreaterThan(0);
    for (const source of copied) {
      expect(existsSync(join(root, source)), source).toBe(true);
      expect(sent).toContain(`!${source}`);
    }
  });

  test('builds in another stage than it runs in, from one pinned base', () => {
    expect(lines[0]).toMatch(/^ARG NODE_IMAGE=node:\d+\.\d+\.\d+-bookworm-slim$/);
    expect(stages).toHaveLength(2);
    for (const at of stages) expect(lines[at]).toMatch(/^FROM \$\{NODE_IMAGE\}( AS build)?$/);
    expect(run.join('\n')).not.toMatch(/npm|tsc/);
  });

  test('runs as somebody who is not root, by number, and says how it is', () => {
    const users = run.filter((line) => line.startsWith('USER '));
    expect(users).toEqual(['USER 10001:10001']);
    expect(run.at(-1)).toMatch(/^CMD /);
    expect(run.indexOf('USER 10001:10001')).toBeGreaterThan(
      run.findLastIndex((line) => /^(RUN|COPY)/.test(line)),
    );
    expect(run.some((line) => line.startsWith('HEALTHCHECK '))).toBe(true);
  });

  test('has git, ssh, certificates and something that reaps what commands leave behind', () => {
    for (const name of ['ca-certificates', 'git', 'openssh-client', 'tini'])
      expect(run.join('\n')).toContain(` ${name}`);
  });

  test('has malloc give back what a worker freed', () => {
    expect(run.join('\n')).toMatch(/^ENV MALLOC_ARENA_MAX=2 +MALLOC_TRIM_THRESHOLD_=131072$/m);
  });

  test('holds a secret in no instruction', () => {
    expect(text).not.toMatch(/PASSWORD|TOKEN|SECRET/i);
  });
});

function folder(): string {
  const made = mkdtempSync(join(tmpdir(), 'promote-compose-'));
  onTestFinished(() => rmSync(made, { recursive: true, force: true }));
  return made;
}
