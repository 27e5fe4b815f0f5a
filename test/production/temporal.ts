import { join } from 'node:path';

import { environmentOf, serviceNamed } from '../support/compose-file.js';
import { root } from '../support/stage.js';
import { freePorts } from './free-ports.js';
import { Part } from './part.js';
import { becomesHealthy } from './ready.js';

const service = serviceNamed('temporal');

/** Each of these is its own port in a container, and one of this machine's here. */
const PORTS = [
  'FRONTEND_GRPC_PORT',
  'FRONTEND_HTTP_PORT',
  'FRONTEND_MEMBERSHIP_PORT',
  'HISTORY_GRPC_PORT',
  'HISTORY_MEMBERSHIP_PORT',
  'MATCHING_GRPC_PORT',
  'MATCHING_MEMBERSHIP_PORT',
  'WORKER_GRPC_PORT',
  'WORKER_MEMBERSHIP_PORT',
] as const;

/** Temporal's own server, told what docker-compose.yml tells the image, by the same variables. */
export class Temporal {
  readonly address: string;
  readonly #command: string;
  readonly #folder: string;
  readonly #env: NodeJS.ProcessEnv;
  readonly #httpPort: string;
  #part: Part | undefined;

  private constructor(command: string, folder: string, env: Readonly<Record<string, string>>) {
    this.#command = command;
    this.#folder = folder;
    this.#env = { PATH: process.env['PATH'], ...env };
    this.address = `127.0.0.1:${env['FRONTEND_GRPC_PORT']}`;
    this.#httpPort = env['FRONTEND_HTTP_PORT'] ?? '';
  }

  static async at(
    command: string,
    folder: string,
    given: Readonly<Record<string, string>>,
    postgresqlPort: number,
  ): Promise<Temporal> {
    const ports = await freePorts(PORTS.length + 1);
    return new Temporal(command, folder, {
      ...environmentOf(service, given),
      ...Object.fromEntries(PORTS.map((name, index) => [name, String(ports[index])])),
      POSTGRES_SEEDS: '127.0.0.1',
      DB_PORT: String(postgresqlPort),
      // Whoever else is on this network reaches nothing of a test.
      BIND_ON_IP: '127.0.0.1',
      PROMETHEUS_ENDPOINT: `127.0.0.1:${ports.at(-1)}`,
      DYNAMIC_CONFIG_FILE_PATH: join(root, 'deploy/temporal-dynamic-config.yaml'),
    });
  }

  /** Until its health check says yes. */
  async start(): Promise<void> {
    const log = join(this.#folder, 'temporal.log');
    this.#part = new Part(this.#command, ['start'], { cwd: this.#folder, env: this.#env, log });
    await this.healthy();
  }

  get pid(): number | undefined {
    return this.#part?.pid;
  }

  async healthy(): Promise<void> {
    if (this.#part === undefined) throw new Error('never started');
    const elsewhere = (argument: string): string => argument.replace(':7243/', `:${this.#httpPort}/`);
    await becomesHealthy(this.#part, service, elsewhere, this.#env);
  }

  async crash(): Promise<void> {
    await this.#part?.end('SIGKILL');
  }

  async stop(): Promise<void> {
    await this.#part?.end('SIGTERM');
  }
}
