import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setTimeout as after } from 'node:timers/promises';

import { cortexChat } from './cortex-chat.js';
import { cortexStatus } from './cortex-status.js';
import { RehearsalError } from './error.js';
import { misbehaviour } from './faults.js';
import { gatewayStatus } from './gateway-status.js';
import { answerJson, answerMisbehaving, errorBody } from './http-answers.js';
import type { Fault, Surface } from './scenario.js';
import { happenings, takeTurns, type Script } from './script.js';
import { isObject, textIn } from './state-files.js';

export interface StandInServer {
  readonly baseUrl: string;
  /** Cuts every open connection; afterwards nothing of it is left. */
  close(): Promise<void>;
}

export interface StandInOptions {
  readonly workspace: string;
  readonly token: string;
  readonly script: Script;
  readonly faults: readonly Fault[];
  /** 0 for a free one. */
  readonly port: number;
}

const ROUTES: Readonly<Record<string, { readonly method: string; readonly surface: Surface }>> = {
  '/gateway/status': { method: 'GET', surface: 'gateway-status' },
  '/cortex/status': { method: 'GET', surface: 'cortex-status' },
  '/cortex/chat': { method: 'POST', surface: 'cortex-chat' },
};

/** Tau's gateway, as far as the runbook asks it, on the loopback interface. */
export async function serveStandIn(options: StandInOptions): Promise<StandInServer> {
  const closing = new AbortController();
  const answered = new Map<Surface, number>();
  const server = createServer((request, response) => {
    answer(options, answered, closing.signal, request, response).catch((error: unknown) => {
      if (closing.signal.aborted) return;
      if (response.headersSent) response.destroy();
      else answerJson(response, 500, errorBody(500, String(error)));
    });
  });
  server.listen(options.port, '127.0.0.1');
  await once(server, 'listening').catch((error: unknown) => {
    throw new RehearsalError('port_unusable', `the stand-in can't listen on port ${options.port}`, error);
  });
  const address = server.address();
  if (address === null || typeof address === 'string')
    throw new RehearsalError('port_unusable', 'no TCP address');
  return {
    baseUrl: `http://127.0.0.1:${address.port}`,
    close: async () => {
      closing.abort();
      const closed = new Promise<void>((resolve) => server.close(() => resolve()));
      server.closeAllConnections();
      await closed;
    },
  };
}

async function answer(
  { workspace, token, script, faults }: StandInOptions,
  answered: Map<Surface, number>,
  closing: AbortSignal,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  const route = ROUTES[new URL(request.url ?? '/', 'http://stand-in').pathname];
  if (route === undefined) return answerEmpty(response, 404);
  if (route.method !== request.method) return answerEmpty(response, 405);
  if (request.headers.authorization !== `Bearer ${token}`) return answerJson(response, 401, errorBody(401));

  const now = Date.now();
  const nth = (answered.get(route.surface) ?? 0) + 1;
  answered.set(route.surface, nth);
  const happened = happenings(workspace, script);
  takeTurns(workspace, script, happened, now);
  if (script.delayMs > 0) await after(script.delayMs, undefined, { signal: closing });
  const fault = misbehaviour(faults, route.surface, nth, happened);
  if (fault !== undefined) return answerMisbehaving(response, fault, nth);

  switch (route.surface) {
    case 'gateway-status':
      return answerJson(response, 200, gatewayStatus(workspace, now));
    case 'cortex-status':
      return answerJson(response, 200, cortexStatus(workspace, now));
    case 'cortex-chat':
      return answerChat(workspace, now, request, response);
    default:
      return route.surface satisfies never;
  }
}

async function answerChat(
  workspace: string,
  now: number,
  request: IncomingMessage,
  response: ServerResponse,
): Promise<void> {
  request.setEncoding('utf8');
  let posted = '';
  for await (const chunk of request) posted += String(chunk);
  const body: unknown = JSON.parse(posted);
  const input = isObject(body) ? textIn(body, 'input') : '';
  const text = cortexChat(workspace, input, now);
  response.writeHead(200, { 'content-type': 'text/event-stream', 'cache-control': 'no-cache' }).end(text);
}

function answerEmpty(response: ServerResponse, status: number): void {
  response.writeHead(status, { 'content-length': 0 }).end();
}
