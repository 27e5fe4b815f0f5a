import { execFileSync } from 'node:child_process';
import { chmodSync, chownSync, mkdirSync, rmSync, writeFileSync } from 'node:fs';
import { join } from 'node:path';

import { serviceNamed } from '../support/compose-file.js';
import { freePorts } from './free-ports.js';
import { Part } from './part.js';
import { becomesHealthy } from './ready.js';

const service = serviceNamed('postgresql');

/** PostgreSQL of Debian's package, set up and started as the image does it for docker-compose.yml's `postgresql`. */
export class Postgresql {
  readonly port: number;
  readonly #bin: string;
  readonly #folder: string;
  #part: Part | undefined;

  private constructor(bin: string, folder: string, port: number) {
    this.#bin = bin;
    this.#folder = folder;
    this.port = port;
  }

  /** @param folder one that its own user may pass through */
  static async setUp(bin: string, folder: string, user: string, password: string): Promise<Postgresql> {
    const [port = 0] = await freePorts(1);
    mkdirSync(folder);
    if (isRoot()) chownSync(folder, idOf('-u'), idOf('-g'));
    chmodSync(folder, 0o700);
    const passwordFile = join(folder, 'password');
    writeFileSync(passwordFile, password, { mode: 0o600 });
    if (isRoot()) chownSync(passwordFile, idOf('-u'), idOf('-g'));
    const made = new Postgresql(bin, folder, port);
    const asked = (service.environment['POSTGRES_INITDB_ARGS'] ?? '').split(' ');
    made.#run('initdb', '-D', made.#data, `--username=${user}`, `--pwfile=${passwordFile}`, ...asked);
    rmSync(passwordFile);
    return made;
  }

  /** Until its health check says yes. */
  async start(): Promise<void> {
    const [, ...settings] = service.command;
    const here = ['-D', this.#data, '-p', String(this.port), '-h', '127.0.0.1', '-k', this.#folder];
    const [command = '', ...args] = asItsUser(join(this.#bin, 'postgres'), ...here, ...settings);
    const log = join(this.#folder, 'postgresql.log');
    this.#part = new Part(command, args, { cwd: this.#folder, env: PLAIN, log });
    const elsewhere = (argument: string): string =>
      argument === 'pg_isready' ? join(this.#bin, argument) : argument;
    await becomesHealthy(this.#part, service, elsewhere, { ...PLAIN, PGPORT: String(this.port) });
  }

  get pid(): number | undefined {
    return this.#part?.pid;
  }

  /** Without a checkpoint, as after a power cut: what it acknowledged has to come back from its log. */
  async crash(): Promise<void> {
    this.#run('pg_ctl', 'stop', '-D', this.#data, '-m', 'immediate', '-w');
    await this.#part?.ended();
  }

  async stop(): Promise<void> {
    if (this.#part === undefined || this.#part.gone) return;
    this.#run('pg_ctl', 'stop', '-D', this.#data, '-m', 'fast', '-w');
    await this.#part.ended();
  }

  get #data(): string {
    return join(this.#folder, 'data');
  }

  #run(program: string, ...args: readonly string[]): void {
    const [command = '', ...rest] = asItsUser(join(this.#bin, program), ...args);
    execFileSync(command, rest, { cwd: this.#folder, env: PLAIN, stdio: ['ignore', 'ignore', 'inherit'] });
  }
}

const PLAIN = { PATH: process.env['PATH'], LC_ALL: 'C.UTF-8' };

/** It refuses to be root. */
function asItsUser(...command: readonly string[]): readonly string[] {
  return isRoot()
    ? ['setpriv', '--reuid=postgres', '--regid=postgres', '--clear-groups', ...command]
    : command;
}

function isRoot(): boolean {
  return process.getuid?.() === 0;
}

function idOf(which: '-u' | '-g'): number {
  return Number(execFileSync('id', [which, 'postgres'], { encoding: 'utf8' }));
}
