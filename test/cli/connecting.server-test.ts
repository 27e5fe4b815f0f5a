import { randomBytes } from 'node:crypto';
import { readFile, writeFile } from 'node:fs/promises';
import { join } from 'node:path';

import { beforeAll, describe, expect, inject, test } from 'vitest';
import { z } from 'zod';

import { tell, type Told } from '../../src/cli/errors.js';
import { list as listPromotions } from '../../src/cli/list.js';
import { createOutput } from '../../src/cli/output.js';
import { readConfig } from '../../src/config.js';
import { text } from '../engine/scratch.js';
import { createAuthority } from '../support/certificates.js';
import { openSite, promote, startPart, type Ended, type Site } from '../support/command-line.js';
import { openTemporalProxy, type TemporalProxy } from '../support/temporal-proxy.js';

/**
 * Proves that commands and a worker reach a Temporal server through TLS with a client certificate and an API key, by
 * variables and by a profile; and that what is wrong on the way is told on one line that holds no key. The server itself is
 * real, what stands in front of it is the test's. Every other mistake on the way: test/engine/connection-fault and test/config.
 */
/** Processes beside others on two cores, a second each. */
const LIMIT_MS = 240_000;
const API_KEY = `key-${randomBytes(16).toString('hex')}`;
const ends: (() => Promise<void>)[] = [];
let site: Site;
let proxy: TemporalProxy;
/** Everything that a client needs, as variables. */
let right: Readonly<Record<string, string>>;
let at: (name: string) => string;

beforeAll(async () => {
  site = await openSite({ atEnd: (end) => ends.push(end) });
  at = (name) => join(site.cwd, name);
  const servers = createAuthority(site.cwd, 'servers');
  const clients = createAuthority(site.cwd, 'clients');
  createAuthority(site.cwd, 'strangers');
  proxy = await openTemporalProxy({
    address: inject('temporalAddress'),
    key: servers.key,
    cert: servers.cert,
    clients: await readFile(clients.ca),
    apiKey: API_KEY,
  });
  ends.push(() => proxy.close());
  right = {
    TEMPORAL_ADDRESS: proxy.address,
    TEMPORAL_TLS_SERVER_CA_CERT_PATH: servers.ca,
    TEMPORAL_TLS_CLIENT_CERT_PATH: at('clients-cert'),
    TEMPORAL_TLS_CLIENT_KEY_PATH: at('clients-key'),
    TEMPORAL_API_KEY: API_KEY,
  };
  return async () => {
    for (const end of ends.toReversed()) await end();
  };
}, 60_000);

/** A command as its process does it, in this one. */
async function list(over: Readonly<Record<string, string>>): Promise<Told> {
  const config = await readConfig({ cwd: site.cwd, environment: { ...site.environment, ...over } });
  const output = createOutput(true);
  try {
    const exitCode = await listPromotions(
      { config, output, by: 'test', signingKey: undefined },
      { limit: '1' },
    );
    return { exitCode, lines: [] };
  } catch (error) {
    const told = tell(error);
    if (told === undefined) throw error;
    return told;
  }
}

function ask(...args: readonly string[]): Promise<Ended> {
  return promote({ cwd: site.cwd, environment: { ...site.environment, ...right } }, ...args);
}

describe('through TLS with a client certificate and an API key', () => {
  test('a command connects, by variables', async () => {
    expect(await ask('list')).toMatchObject({ exitCode: 0, stderr: '' });
  });

  test('a command connects, by a profile of temporal.toml', async () => {
    const profile = [
      '[profile.production]',
      `address = "${proxy.address}"`,
      `api_key = "${API_KEY}"`,
      '[profile.production.tls]',
      `server_ca_cert_path = "${at('servers-ca.pem')}"`,
      `client_cert_path = "${at('clients-cert')}"`,
      `client_key_path = "${at('clients-key')}"`,
    ];
    await writeFile(at('temporal.toml'), profile.join('\n'));
    const by = { TEMPORAL_CONFIG_FILE: at('temporal.toml'), TEMPORAL_PROFILE: 'production' };
    expect(await list(by)).toEqual({ exitCode: 0, lines: [] });
  });

  test(
    'a worker connects, and answers through it',
    async () => {
      const worker = await promoteWorker();
      const { stdout, exitCode } = await ask('--json', 'doctor');
      expect(await worker.end(), worker.said()).toBe(0);
      const { errors, findings } = document.parse(JSON.parse(stdout));
      expect(errors, stdout).toBe(0);
      const where = proxy.address;
      expect(findings).toContainEqual({
        check: 'connection',
        level: 'ok',
        where,
        what: 'connected by TLS, with an API key',
        todo: null,
      });
      for (const check of ['worker', 'clock', 'git-remote'])
        expect(findings).toContainEqual(expect.objectContaining({ check, level: 'ok' }));
      expect(exitCode).toBe(0);
      expect(stdout + worker.said()).not.toContain(API_KEY);
    },
    LIMIT_MS,
  );
});

const document = z.object({ errors: z.number(), findings: z.array(z.looseObject({ check: z.string() })) });

function promoteWorker() {
  return startPart({ cwd: site.cwd, environment: { ...site.environment, ...right } }, 'worker');
}

interface Wrong {
  readonly it: string;
  /** What is set otherwise than right; an empty value is none. */
  readonly set: () => Readonly<Record<string, string>>;
  readonly says: RegExp;
}

const WRONG: readonly Wrong[] = [
  {
    it: 'another authority than that of the server',
    set: () => ({ TEMPORAL_TLS_SERVER_CA_CERT_PATH: at('strangers-ca.pem') }),
    says: /another authority than the one in these settings: set TEMPORAL_TLS_SERVER_CA_CERT_PATH/,
  },
  {
    it: 'no client certificate',
    set: () => ({ TEMPORAL_TLS_CLIENT_CERT_PATH: '', TEMPORAL_TLS_CLIENT_KEY_PATH: '' }),
    says: /wants a client certificate, .*: set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH/,
  },
  {
    it: 'a wrong API key, which the server says back',
    set: () => ({ TEMPORAL_API_KEY: 'wrong-5f0c7c0b3a' }),
    says: /refuses these credentials .*no such key.*: correct TEMPORAL_API_KEY/,
  },
  {
    it: 'no TLS to a server with it',
    set: () => ({
      TEMPORAL_TLS_SERVER_CA_CERT_PATH: '',
      TEMPORAL_TLS_CLIENT_CERT_PATH: '',
      TEMPORAL_TLS_CLIENT_KEY_PATH: '',
      TEMPORAL_API_KEY: '',
    }),
    says: /it speaks TLS, and these settings do not: set TEMPORAL_TLS=true/,
  },
];

describe('what is wrong on the way is told on one line, without a key', () => {
  test.concurrent.each(WRONG)('$it', async ({ set, says }) => {
    const { exitCode, lines } = await list({ ...right, ...set() });
    expect(lines).toEqual([text(says)]);
    expect(exitCode).toBe(2);
    for (const secret of [API_KEY, 'wrong-5f0c7c0b3a', 'BEGIN', 'PRIVATE', '\n'])
      expect(lines[0]).not.toContain(secret);
  });
});
