import { execFileSync } from 'node:child_process';
import { cpSync, mkdtempSync, readFileSync, rmSync } from 'node:fs';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { expect, test } from 'vitest';
import { parse } from 'yaml';
import { z } from 'zod';

import { COMPOSE, makeEnvironment, readEnvironment, serviceNamed } from '../support/compose-file.js';
import { root } from '../support/stage.js';

/** Proves that Compose takes docker-compose.yml with what `compose:env` makes, and refuses it without. No engine is asked. */
const resolved = z.object({
  services: z.record(z.string(), z.object({ environment: z.record(z.string(), z.string()).optional() })),
});

test('docker-compose takes the file with a generated environment, and puts the password where it belongs', () => {
  const folder = mkdtempSync(join(tmpdir(), 'promote-compose-'));
  try {
    cpSync(join(root, 'docker-compose.yml'), join(folder, 'docker-compose.yml'));
    const config = (): string =>
      execFileSync('docker-compose', ['config'], {
        cwd: folder,
        env: { PATH: process.env['PATH'], HOME: folder },
        encoding: 'utf8',
        stdio: ['ignore', 'pipe', 'pipe'],
      });
    expect(config).toThrow(/POSTGRES_PASSWORD|worker\.env/);
    makeEnvironment(folder);
    const { services } = resolved.parse(parse(config()));
    expect(Object.keys(services).sort()).toEqual(Object.keys(COMPOSE.services).sort());
    const password = readEnvironment(join(folder, '.env'))['POSTGRES_PASSWORD'];
    const knowing = Object.entries(services).filter(([, { environment = {} }]) =>
      Object.values(environment).some((value) => value === password),
    );
    expect(knowing.map(([name]) => name).sort()).toEqual(['postgresql', 'temporal', 'temporal-schema']);
  } finally {
    rmSync(folder, { recursive: true, force: true });
  }
});

test("Temporal's own server knows each setting that changes while it runs, and its form", () => {
  const server = join(process.env['PRODUCTION_TEMPORAL'] ?? '', 'temporal-server');
  const settings = join(root, 'deploy/temporal-dynamic-config.yaml');
  const said = execFileSync(server, ['validate-dynamic-config', settings], { encoding: 'utf8', env: {} });
  expect(said.trim()).toBe(settings);
});

test('the server that is tested is the one that is shipped', () => {
  const tested = /SERVER_VERSION = '([\d.]+)'/.exec(
    readFileSync(join(root, 'scripts/production.mjs'), 'utf8'),
  )?.[1];
  expect(serviceNamed('temporal').image).toBe(`temporalio/server:${tested}`);
  expect(serviceNamed('temporal-schema').image).toBe(`temporalio/admin-tools:${tested}`);
});
