import { spawn, type ChildProcess } from 'node:child_process';
import { once } from 'node:events';
import { mkdtemp, readdir, readFile, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage } from 'node:http';
import { connect } from 'node:net';
import { homedir, tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';

import { Client, Connection } from '@temporalio/client';
import { request as ask } from 'undici';
import { onTestFinished, vi } from 'vitest';
import { z } from 'zod';

import { openRehearsal, type Rehearsal } from '../../src/rehearsal/rehearsal.js';
import { SCENARIOS } from '../../src/rehearsal/scenarios.js';
import type { Timings } from '../../src/rehearsal/timings.js';
import { promotionId } from '../../workflows/messages.js';
import { root, type Stage } from './stage.js';

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
  await once(child, 'close');
  return { exitCode: child.exitCode, stdout: stdout(), stderr: stderr() };
}

/** A long-running part of the pipeline, until it is killed. */
export interface Part {
  readonly child: ChildProcess;
  /** Everything that it said so far, to people and as documents. */
  readonly said: () => string;
  readonly stdout: () => string;
  readonly stderr: () => string;
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
    await exit;
    return child.exitCode;
  };
  return {
    child,
    said: () => said() + told(),
    stdout: told,
    stderr: said,
    kill: async () => void (await gone('SIGKILL')),
    end: () => gone('SIGTERM'),
  };
}

/** The folder and the environment of a worker process that serves this stage alone. */
export async function surroundingsOf({
  folder,
  target,
  rehearsal,
  config,
  address,
}: Stage): Promise<Surroundings> {
  const settings = { v: 1, targets: { [target]: { runbook: rehearsal.runbookFile } } };
  await writeFile(join(folder, 'promote.yaml'), JSON.stringify(settings));
  return {
    cwd: folder,
    environment: {
      HOME: folder,
      TEMPORAL_ADDRESS: address,
      PROMOTE_TASK_QUEUE: config.taskQueue,
      ...rehearsal.environment,
    },
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
  /** Answers in the rehearsal Tau's place. */
  readonly gateway?: (asked: Asked) => Promise<TauAnswer>;
  /** Takes what ends the site; the end of the test does it where it is left out. */
  readonly atEnd?: (end: () => Promise<void>) => void;
}

/** A question on its way to the rehearsal Tau. */
export interface Asked {
  readonly path: string;
  readonly authorization: string;
  readonly body: string;
  /** What Tau says, whatever the bearer token. */
  readonly tau: () => Promise<TauAnswer>;
}

export interface TauAnswer {
  readonly status: number;
  readonly type: string;
  readonly text: string;
}

/**
 * An installation of its own: folders, a rehearsal Tau, settings that give the target its runbook, and the environment in
 * which an operator would work. The test starts its processes; its end ends them.
 */
export async function openSite(options: SiteOptions = {}): Promise<Site> {
  const atEnd = options.atEnd ?? ((end) => onTestFinished(end));
  const folder = await mkdtemp(join(tmpdir(), 'promote-site-'));
  atEnd(() => rm(folder, { recursive: true, force: true, maxRetries: 5 }));
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
  atEnd(() => rehearsal.close());
  const { gateway } = options;
  const inFront = gateway === undefined ? undefined : await serveGateway(rehearsal, gateway);
  if (inFront !== undefined) atEnd(() => inFront.close());
  const site = new Site(folder, rehearsal, {
    HOME: folder,
    // Where the Temporal server was kept when it was fetched.
    XDG_CACHE_HOME: join(homedir(), '.cache'),
    PROMOTE_TASK_QUEUE: `site-${randomBytes(4).toString('hex')}`,
    ...rehearsal.environment,
    TAU_OPERATOR_BASE_URL: inFront?.baseUrl ?? rehearsal.baseUrl,
    ...options.environment,
  });
  atEnd(() => site.close());
  await site.settings({ [site.target]: rehearsal.runbookFile });
  return site;
}

const WAIT = { timeout: 40_000, interval: 100 };

const engineRecord = z.object({ pid: z.int(), port: z.int() });
const awaited = z.object({ digest: z.string() });
const waitingMemo = z.object({
  promotion: z.object({ phase: z.literal('awaiting-approval'), digest: z.string() }),
});

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

  /** Writes promote.yaml. JSON is YAML. */
  async settings(runbooks: Readonly<Record<string, string>>): Promise<void> {
    const targets = Object.entries(runbooks).map(([target, runbook]): [string, object] => [
      target,
      { runbook },
    ]);
    const settings = { v: 1, targets: Object.fromEntries(targets) };
    await writeFile(join(this.cwd, 'promote.yaml'), JSON.stringify(settings));
  }

  promote(...args: readonly string[]): Promise<Ended> {
    return promote(this, ...args);
  }

  async startPart(...args: readonly string[]): Promise<Part> {
    const part = await startPart(this, ...args);
    this.#parts.push(part);
    return part;
  }

  /** Everything that its parts said so far. */
  said(): string {
    return this.#parts.map((part) => part.said()).join('\n');
  }

  startPromotion(): Promise<Ended> {
    const { target, rehearsal } = this;
    const names = ['--target', target, '--commit', rehearsal.commit, '--as', 'requester@rehearsal'];
    return this.promote('start', ...names);
  }

  /** As the command line says: with exit code 5 the same command again is safe. */
  approve(): Promise<Ended> {
    return vi.waitFor(async () => {
      const { stdout } = await this.promote('--json', 'status', this.target);
      const { digest } = awaited.parse(JSON.parse(stdout));
      const decided = ['approve', this.target, '--digest', digest, '--as', 'approver@rehearsal'];
      const ended = await this.promote(...decided);
      if (ended.exitCode === 5) throw new Error(ended.stderr);
      return ended;
    }, WAIT);
  }

  /** The document of `status`, once a worker answers. */
  status<T>(schema: z.ZodType<T>): Promise<T> {
    return vi.waitFor(async () => {
      const { stdout, stderr } = await this.promote('--json', 'status', this.target);
      if (stdout === '') throw new Error(stderr);
      const document: unknown = JSON.parse(stdout);
      z.object({ workerAnswers: z.literal(true) }).parse(document);
      return schema.parse(document);
    }, WAIT);
  }

  /** Waits, without any worker, until Temporal knows of a decision that is awaited. */
  async awaitsApproval(): Promise<void> {
    await this.withTemporal((client) =>
      vi.waitFor(async () => {
        const { memo } = await client.workflow.getHandle(promotionId(this.target)).describe();
        waitingMemo.parse(memo);
      }, WAIT),
    );
  }

  async withTemporal<T>(use: (client: Client) => Promise<T>): Promise<T> {
    const given = this.environment['TEMPORAL_ADDRESS'];
    const connection = await Connection.connect({
      address: given ?? `127.0.0.1:${(await this.#engine()).port}`,
    });
    try {
      return await use(new Client({ connection }));
    } finally {
      await connection.close();
    }
  }

  /** Names of the evidence folders of one target. */
  async evidence(target = this.target): Promise<readonly string[]> {
    const folders = await readdir(this.evidenceDir).catch(() => []);
    return folders.filter((folder) => folder.includes(`-${target}-`));
  }

  /** Kill -9 of the Temporal server that runs from the data folder, and waits until nothing listens at its port. */
  async killTemporal(): Promise<void> {
    const { pid, port } = await this.#engine();
    process.kill(pid, 'SIGKILL');
    await vi.waitFor(() => expectNobodyAt(port), WAIT);
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

async function expectNobodyAt(port: number): Promise<void> {
  const socket = connect(port, '127.0.0.1');
  const listens = await once(socket, 'connect').then(
    () => true,
    () => false,
  );
  socket.destroy();
  if (listens) throw new Error(`something still listens at port ${port}`);
}

async function serveGateway(
  rehearsal: Rehearsal,
  gateway: NonNullable<SiteOptions['gateway']>,
): Promise<{ readonly baseUrl: string; close(): Promise<void> }> {
  const server = createServer((request, response) => {
    passOn(rehearsal, gateway, request).then(
      ({ status, type, text }) => response.writeHead(status, { 'content-type': type }).end(text),
      () => response.destroy(),
    );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    baseUrl: `http://127.0.0.1:${address.port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
    },
  };
}

async function passOn(
  { baseUrl, token }: Rehearsal,
  gateway: NonNullable<SiteOptions['gateway']>,
  request: IncomingMessage,
): Promise<TauAnswer> {
  request.setEncoding('utf8');
  let body = '';
  for await (const chunk of request) body += String(chunk);
  const path = request.url ?? '/';
  const tau = async (): Promise<TauAnswer> => {
    const answer = await ask(`${baseUrl}${path}`, {
      method: request.method === 'POST' ? 'POST' : 'GET',
      headers: { authorization: `Bearer ${token}` },
      body: body === '' ? null : body,
    });
    const type = String(answer.headers['content-type'] ?? '');
    return { status: answer.statusCode, type, text: await answer.body.text() };
  };
  return gateway({ path, authorization: request.headers.authorization ?? '', body, tau });
}
