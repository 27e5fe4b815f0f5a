import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';

import { request as ask } from 'undici';
import { onTestFinished, vi } from 'vitest';
import { z } from 'zod';

import { openRehearsal, type Rehearsal } from '../../src/rehearsal/rehearsal.js';
import { SCENARIOS } from '../../src/rehearsal/scenarios.js';
import type { Timings } from '../../src/rehearsal/timings.js';
import { root } from './stage.js';

const PROMOTE = join(root, 'bin/promote');

export interface Ended {
  readonly exitCode: number | null;
  readonly stdout: string;
  readonly stderr: string;
}

export interface Surroundings {
  readonly cwd: string;
  readonly environment: Readonly<Record<string, string>>;
}

/** Runs one command line to its end, with nothing of this process's environment but PATH. */
export async function promote(
  { cwd, environment }: Surroundings,
  ...args: readonly string[]
): Promise<Ended> {
  const child = start({ cwd, environment }, args);
  const [stdout, stderr] = [collect(child.stdout), collect(child.stderr)];
  const [exitCode] = (await once(child, 'close')) as [number | null];
  return { exitCode, stdout: stdout(), stderr: stderr() };
}

/** A long-running part of the pipeline, until it is killed. */
export interface Part {
  readonly child: ChildProcess;
  /** Everything that it said so far, to people and as documents. */
  readonly said: () => string;
  /** Kill -9, and waits until it is gone. */
  kill(): Promise<void>;
  /** SIGTERM, and waits for its exit code. */
  end(): Promise<number | null>;
}

/** Starts `promote server` or `promote worker` and waits until it says that it is ready. */
export async function startPart(
  { cwd, environment }: Surroundings,
  ...args: readonly string[]
): Promise<Part> {
  const child = start({ cwd, environment }, ['--json', ...args]);
  const [told, said] = [collect(child.stdout), collect(child.stderr)];
  const ready = new Promise<void>((resolve, reject) => {
    child.stdout?.once('data', () => resolve());
    child.once('exit', () => reject(new Error(`${args.join(' ')} ended: ${said()}`)));
  });
  await ready;
  const gone = async (signal: 'SIGKILL' | 'SIGTERM'): Promise<number | null> => {
    if (child.exitCode !== null || child.signalCode !== null) return child.exitCode;
    const exit = once(child, 'exit');
    child.kill(signal);
    const [exitCode] = (await exit) as [number | null];
    return exitCode;
  };
  return {
    child,
    said: () => said() + told(),
    kill: async () => void (await gone('SIGKILL')),
    end: () => gone('SIGTERM'),
  };
}

const running = new Set<ChildProcess>();
// A test that was given up leaves no process behind.
process.once('exit', () => running.forEach((child) => child.kill('SIGKILL')));

function start({ cwd, environment }: Surroundings, args: readonly string[]): ChildProcess {
  const env = { PATH: process.env['PATH'], NO_COLOR: '1', ...environment };
  const child = spawn(process.execPath, [PROMOTE, ...args], { cwd, env, stdio: ['ignore', 'pipe', 'pipe'] });
  running.add(child);
  child.once('exit', () => running.delete(child));
  return child;
}

function collect(stream: NodeJS.ReadableStream | null): () => string {
  const chunks: Buffer[] = [];
  stream?.on('data', (chunk: Buffer) => chunks.push(chunk));
  return () => Buffer.concat(chunks).toString('utf8');
}

export interface SiteOptions {
  readonly scenario?: string;
  readonly timings?: Partial<Timings>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Stands between the pipeline and the rehearsal Tau. */
  readonly gateway?: (asked: Asked) => Promise<void> | void;
}

/** A question on its way to the rehearsal Tau. */
export interface Asked {
  readonly path: string;
  readonly request: IncomingMessage;
  readonly body: string;
  readonly response: ServerResponse;
  /** Lets Tau answer, whatever the bearer token. */
  readonly forward: () => Promise<void>;
}

/**
 * An installation of its own for one test: folders, a rehearsal Tau, settings that give the target its runbook, and the
 * environment in which an operator would work. Its processes are started by the test, and ended after it.
 */
export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-site-'));
  onTestFinished(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
  const name = options.scenario ?? 'healthy';
  const scenario = SCENARIOS.find((candidate) => candidate.name === name);
  if (scenario === undefined) throw new Error(`no scenario ${name}`);
  const rehearsal = await openRehearsal({
    scenario,
    folder: join(folder, 'rehearsal'),
    nodePath: process.execPath,
    agentScript: join(root, 'dist/src/rehearsal/tau-coding-agent.js'),
    shippedRunbook: join(root, 'runbooks/operator-readiness.yaml'),
    overrides: options.timings,
  });
  onTestFinished(() => rehearsal.close());
  const baseUrl =
    options.gateway === undefined ? rehearsal.baseUrl : await serveGateway(rehearsal, options.gateway);
  const site = new Site(folder, rehearsal, {
    HOME: folder,
    // Where the Temporal server was kept when it was fetched.
    XDG_CACHE_HOME: join(homedir(), '.cache'),
    PROMOTE_TASK_QUEUE: `site-${randomBytes(4).toString('hex')}`,
    ...rehearsal.environment,
    TAU_OPERATOR_BASE_URL: baseUrl,
    ...options.environment,
  });
  onTestFinished(() => site.close());
  await site.settings({ [site.target]: rehearsal.runbookFile });
  return site;
}

const WAIT = { timeout: 40_000, interval: 100 };

const engineRecord = z.object({ pid: z.int(), port: z.int() });

export class Site implements Surroundings {
  readonly cwd: string;
  readonly rehearsal: Rehearsal;
  readonly environment: Readonly<Record<string, string>>;
  readonly target = `t-${randomBytes(4).toString('hex')}`;
  readonly dataDir: string;
  readonly evidenceDir: string;
  readonly #parts: Part[] = [];

  constructor(cwd: string, rehearsal: Rehearsal, environment: Readonly<Record<string, string>>) {
    this.cwd = cwd;
    this.rehearsal = rehearsal;
    this.dataDir = join(cwd, 'data');
    this.evidenceDir = join(cwd, 'evidence');
    this.environment = {
      PROMOTE_DATA_DIR: this.dataDir,
      PROMOTE_EVIDENCE_DIR: this.evidenceDir,
      ...environment,
    };
  }

  /** Writes promote.yaml. */
  async settings(runbooks: Readonly<Record<string, string>>): Promise<void> {
    const targets = Object.entries(runbooks).map(([target, runbook]) => [target, { runbook }]);
    // JSON is YAML.
    const text = JSON.stringify({ v: 1, targets: Object.fromEntries(targets) as unknown });
    await writeFile(join(this.cwd, 'promote.yaml'), text);
  }

  async promote(...args: readonly string[]): Promise<Ended> {
    const t = performance.now();
    const r = await promote(this, ...args);
    process.stderr.write(`DBG ${Math.round(t)} +${Math.round(performance.now() - t)} ${args.join(' ')}: ${r.stderr.slice(0, 200)} ${r.stdout.slice(0, 120)}\n`);
    return r;
  }

  /** Runs one command line that has to end well, and parses the last document that it prints. */
  async ask<T>(schema: z.ZodType<T>, ...args: readonly string[]): Promise<T> {
    const { exitCode, stdout, stderr } = await this.promote('--json', ...args);
    if (exitCode !== 0) throw new Error(`${args.join(' ')} ended with ${String(exitCode)}: ${stderr}`);
    return schema.parse(JSON.parse(stdout.trimEnd().split('\n').at(-1) ?? ''));
  }

  async startPart(...args: readonly string[]): Promise<Part> {
    const t = performance.now();
    const part = await startPart(this, ...args);
    process.stderr.write(`DBG ${Math.round(t)} part +${Math.round(performance.now() - t)} ${args.join(' ')}\n`);
    this.#parts.push(part);
    return part;
  }

  /** Everything that its parts said so far. */
  said(): string {
    return this.#parts.map((part) => part.said()).join('\n');
  }

  startPromotion(target = this.target): Promise<Ended> {
    const { commit } = this.rehearsal;
    return this.promote('start', '--target', target, '--commit', commit, '--as', 'requester@rehearsal');
  }

  approve(): Promise<Ended> {
    return this.promote('approve', this.target, '--as', 'approver@rehearsal');
  }

  /** What `status` tells, once a worker answers. */
  answer<T>(schema: z.ZodType<T>): Promise<T> {
    const answered = z.object({ workerAnswers: z.literal(true) }).and(schema);
    return vi.waitFor(() => this.ask(answered, 'status', this.target), WAIT);
  }

  /** Waits until `status` tells the phase. */
  async phase(phase: string): Promise<void> {
    const document = z.object({ phase: z.literal(phase) });
    await vi.waitFor(() => this.ask(document, 'status', this.target), WAIT);
  }

  /** Names of evidence folders, of one target or of all. */
  async evidence(target = ''): Promise<readonly string[]> {
    const folders = await readdir(this.evidenceDir).catch(() => []);
    return folders.filter((folder) => folder.includes(`-${target}`));
  }

  /** Kill -9 of the Temporal server that runs from the data folder, and waits until nothing listens at its port. */
  async killTemporal(): Promise<void> {
    const { pid, port } = await this.#engine();
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => refuses(port), { timeout: 10_000, interval: 50 });
  }

  async address(): Promise<string> {
    return `127.0.0.1:${(await this.#engine()).port}`;
  }

  async close(): Promise<void> {
    for (const part of this.#parts.toReversed()) await part.kill();
    await this.killTemporal().catch(() => undefined);
  }

  async #engine(): Promise<z.infer<typeof engineRecord>> {
    const text = await readFile(join(this.dataDir, 'temporal', 'engine.json'), 'utf8');
    return engineRecord.parse(JSON.parse(text));
  }
}

async function refuses(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const listens = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  if (listens) throw new Error(`something still listens at port ${port}`);
}

/** @returns its base URL */
async function serveGateway(
  rehearsal: Rehearsal,
  gateway: NonNullable<SiteOptions['gateway']>,
): Promise<string> {
  const server = createServer((request, response) => {
    passOn(rehearsal, gateway, request, response).catch(() => response.destroy());
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(() => {
    server.close();
    server.closeAllConnections();
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return `http://127.0.0.1:${address.port}`;
}

async function passOn(
  { baseUrl, token }: Rehearsal,
  gateway: NonNullable<SiteOptions['gateway']>,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.setEncoding('utf8');
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const path = request.url ?? '/';
  const forward = async (): Promise<void> => {
    const answer = await ask(`${baseUrl}${path}`, {
      method: request.method === 'POST' ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${token}` },
      body: body === '' ? null : body,
    });
    const text = await answer.body.text();
    const type = String(answer.headers['content-type'] ?? '');
    response.writeHead(answer.statusCode, { 'content-type': type }).end(text);
  };
  await gateway({ path, request, body, response, forward });
}
