import { execFileSync } from 'node:child_process';
import { chmodSync, mkdirSync, mkdtempSync, rmSync, symlinkSync } from 'node:fs';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';

import { findBinary } from '../../src/engine/binary.js';
import { environmentOf, makeEnvironment, readEnvironment, serviceNamed } from '../support/compose-file.js';
import { root } from '../support/stage.js';
import { Postgresql } from './postgresql.js';
import { Temporal } from './temporal.js';

/**
 * docker-compose.yml's installation but for the workers, as processes of this machine: the passwords that `compose:env` makes, the
 * settings, scripts and health checks that the file names, in the order in which it starts them.
 */
export class Installation {
  readonly postgresql: Postgresql;
  readonly temporal: Temporal;
  readonly namespace: string;
  readonly #folder: string;

  private constructor(folder: string, postgresql: Postgresql, temporal: Temporal, namespace: string) {
    this.#folder = folder;
    this.postgresql = postgresql;
    this.temporal = temporal;
    this.namespace = namespace;
  }

  static async open(): Promise<Installation> {
    const folder = mkdtempSync(join(tmpdir(), 'promote-production-'));
    // PostgreSQL's own user has to pass through; each folder in it is for one user alone.
    chmodSync(folder, 0o711);
    const environment = join(folder, 'environment');
    mkdirSync(environment, { mode: 0o700 });
    makeEnvironment(environment);
    const given = readEnvironment(join(environment, '.env'));
    const { POSTGRES_USER: user = '', POSTGRES_PASSWORD: password = '' } = environmentOf(
      serviceNamed('postgresql'),
      given,
    );
    const postgresql = await Postgresql.setUp(
      required('PRODUCTION_POSTGRES'),
      join(folder, 'postgresql'),
      user,
      password,
    );
    const namespace = environmentOf(serviceNamed('temporal-namespace'), given);
    const temporalFolder = join(folder, 'temporal');
    mkdirSync(temporalFolder, { mode: 0o700 });
    const server = join(required('PRODUCTION_TEMPORAL'), 'temporal-server');
    const temporal = await Temporal.at(server, temporalFolder, given, postgresql.port);
    const made = new Installation(folder, postgresql, temporal, namespace['TEMPORAL_NAMESPACE'] ?? '');
    try {
      await made.#setUp(given);
    } catch (error) {
      await made.close();
      throw error;
    }
    return made;
  }

  async #setUp(given: Readonly<Record<string, string>>): Promise<void> {
    const tools = await toolsIn(join(this.#folder, 'tools'));
    await timed('PostgreSQL is healthy', () => this.postgresql.start());
    const schema = environmentOf(serviceNamed('temporal-schema'), given);
    const database = { SQL_HOST: '127.0.0.1', SQL_PORT: String(this.postgresql.port) };
    const setUpSchema = (): void => script('set-up-schema.sh', tools, { ...schema, ...database });
    await timed('the schema is set up', setUpSchema);
    await timed('setting it up again changes nothing', setUpSchema);
    await timed('Temporal is healthy', () => this.temporal.start());
    const namespace = environmentOf(serviceNamed('temporal-namespace'), given);
    const address = { TEMPORAL_ADDRESS: this.temporal.address };
    const setUpNamespace = (): void => script('set-up-namespace.sh', tools, { ...namespace, ...address });
    await timed('the namespace is set up', setUpNamespace);
    await timed('setting it up again changes nothing', setUpNamespace);
  }

  async close(): Promise<void> {
    await this.temporal.stop();
    await this.postgresql.stop();
    rmSync(this.#folder, { recursive: true, force: true, maxRetries: 5 });
  }
}

/** Under the names that the scripts of `deploy` call them by. */
async function toolsIn(folder: string): Promise<string> {
  mkdirSync(folder, { mode: 0o700 });
  const { path } = await findBinary({
    cacheDir: join(homedir(), '.cache', 'promote'),
    executable: undefined,
    env: { PATH: process.env['PATH'] },
    say: (line) => say(line),
  });
  symlinkSync(path, join(folder, 'temporal'));
  symlinkSync(join(required('PRODUCTION_TEMPORAL'), 'temporal-sql-tool'), join(folder, 'temporal-sql-tool'));
  return folder;
}

/** Throws with what it said where it fails. */
function script(name: string, tools: string, env: Readonly<Record<string, string>>): void {
  const PATH = `${tools}:${process.env['PATH'] ?? ''}`;
  execFileSync('/bin/sh', [join(root, 'deploy', name)], {
    // `temporal` takes settings of the person who runs the test from there.
    env: { PATH, HOME: tools, ...env },
    encoding: 'utf8',
    stdio: ['ignore', 'pipe', 'pipe'],
  });
}

/** Says how long it took. */
export async function timed<T>(what: string, does: () => T | Promise<T>): Promise<T> {
  const began = performance.now();
  const done = await does();
  say(`${what} (${Math.round(performance.now() - began)} ms)`);
  return done;
}

export function say(line: string): void {
  process.stderr.write(`production: ${line}\n`);
}

function required(name: string): string {
  const value = process.env[name];
  if (value === undefined) throw new Error(`${name} is not set: run \`npm run test:production\``);
  return value;
}
