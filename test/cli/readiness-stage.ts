/** A gateway over real HTTP and a stand-in `tau-coding-agent`, and the built command that asks them. */
import { once } from 'node:events';
import { mkdtemp, mkdir, rm, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type RequestListener, type ServerResponse } from 'node:http';
import { createServer as createRawServer, type Server } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { RECORDINGS, recordedText } from '../tau/recordings.js';
import { promote, type Ended } from './run-promote.js';

export const TOKEN = 'stage-token-0123456789';

/** What answers at one path, or a text for a JSON body. */
export type Answering = RequestListener | string;

export interface StageOptions {
  /** The recorded state that answers where nothing else is said. */
  readonly state?: string;
  readonly gateway?: Answering;
  readonly cortex?: Answering;
  readonly others?: Readonly<Record<string, RequestListener>>;
  /** The body of a shell script; undefined: the recorded answer; null: there is no such command. */
  readonly agent?: string | null;
  /** More programs on PATH, by name: bodies of shell scripts. */
  readonly programs?: Readonly<Record<string, string>>;
  /** Left out: the stage's token is checked as Tau does. */
  readonly anyToken?: boolean;
}

export interface ReadinessStage extends AsyncDisposable {
  readonly folder: string;
  readonly baseUrl: string;
  /** PATH and a token in the environment; the base URL as a flag. */
  readonly ask: (...args: readonly string[]) => Promise<Ended>;
  readonly askWith: (
    environment: Readonly<Record<string, string>>,
    ...args: readonly string[]
  ) => Promise<Ended>;
  readonly environment: Readonly<Record<string, string>>;
  /** Paths in the order in which they were asked. */
  readonly asked: readonly string[];
  readonly requests: readonly IncomingMessage[];
}

export async function openStage(options: StageOptions = {}): Promise<ReadinessStage> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-readiness-'));
  const bin = join(folder, 'bin');
  await mkdir(bin);
  const state = options.state ?? 'healthy';
  const agent = options.agent === undefined ? recordedAgent(state) : options.agent;
  const programs = { ...options.programs, ...(agent === null ? {} : { 'tau-coding-agent': agent }) };
  for (const [name, body] of Object.entries(programs))
    await writeFile(join(bin, name), `#!/bin/sh\n${body}\n`, { mode: 0o755 });

  const requests: IncomingMessage[] = [];
  const answers: Readonly<Record<string, Answering>> = {
    '/gateway/status': options.gateway ?? recordedText(`${state}/gateway-status.json`),
    '/cortex/status': options.cortex ?? recordedText(`${state}/cortex-status.json`),
    ...options.others,
  };
  const server = createServer((request, response) => {
    response.on('error', () => undefined);
    requests.push(request);
    answer(answers[request.url ?? ''], options.anyToken === true, request, response);
  });
  const baseUrl = await listen(server);
  const environment = {
    PATH: `${bin}:/usr/bin:/bin`,
    HOME: folder,
    TAU_OPERATOR_AUTH_TOKEN: TOKEN,
    TAU_OPERATOR_BASE_URL: baseUrl,
  };
  const askWith: ReadinessStage['askWith'] = (more, ...args) =>
    promote(folder, ['readiness', ...args], { ...environment, ...more });
  return {
    folder,
    baseUrl,
    environment,
    askWith,
    ask: (...args) => askWith({}, ...args),
    requests,
    get asked() {
      return requests.map(({ url }) => url ?? '');
    },
    [Symbol.asyncDispose]: async () => {
      server.closeAllConnections();
      await new Promise((done) => server.close(done));
      await rm(folder, { recursive: true, force: true });
    },
  };
}

function answer(
  answering: Answering | undefined,
  anyToken: boolean,
  request: IncomingMessage,
  response: ServerResponse,
): void {
  if (answering === undefined) response.writeHead(404).end();
  else if (typeof answering === 'function') answering(request, response);
  else if (!anyToken && request.headers.authorization !== `Bearer ${TOKEN}`)
    response
      .writeHead(401, { 'content-type': 'application/json' })
      .end(recordedText('errors/gateway-401-wrongtoken.body'));
  else response.setHeader('content-type', 'application/json').end(answering);
}

/** A shell script that answers as the state was recorded, and keeps to its exit status. */
export function recordedAgent(state: string): string {
  const at = (file: string): string => join(RECORDINGS, state, file);
  const say = (file: string): string =>
    `cat '${at(`${file}.stdout`)}'; cat '${at(`${file}.stderr`)}' >&2; exit "$(cat '${at(`${file}.exit`)}')"`;
  return [
    'case "$*" in',
    `*--operator-control-summary-json*) ${say('operator-control-summary')} ;;`,
    `*--transport-health-json*) ${say('deployment-transport-health')} ;;`,
    `*--deployment-status-json*) ${say('deployment-status')} ;;`,
    '*) exit 2 ;;',
    'esac',
  ].join('\n');
}

/** A server that speaks no HTTP of its own: `serve` has the bare connection. */
export async function openRaw(
  serve: Parameters<typeof createRawServer>[1] & object,
): Promise<{ readonly baseUrl: string } & AsyncDisposable> {
  const sockets = new Set<{ destroy: () => void }>();
  const server = createRawServer((socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    serve(socket);
  });
  const baseUrl = await listen(server);
  return {
    baseUrl,
    [Symbol.asyncDispose]: async () => {
      for (const socket of sockets) socket.destroy();
      await new Promise((done) => server.close(done));
    },
  };
}

async function listen(server: Server): Promise<string> {
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return `http://127.0.0.1:${address.port}`;
}
