import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { once } from 'node:events';

import { SightError } from './sight-error.js';

/** Each says in one line why not, or undefined where it is. */
export interface Health {
  /** Worth keeping: what is not alive is started again. */
  readonly notLive: () => string | undefined;
  /** Takes work now. */
  readonly notReady: () => string | undefined;
}

/**
 * Answers `/livez` and `/readyz`: 200, or 503 with the reason. Nothing else is told here, and nothing can be ordered.
 *
 * @param address host:port
 * @returns what ends it
 * @throws SightError where it can't listen there
 */
export async function serveHealth(address: string, health: Health): Promise<() => Promise<void>> {
  const server = createServer((request, response) => answer(health, request, response));
  server.maxConnections = 64;
  server.headersTimeout = 2_000;
  server.requestTimeout = 2_000;
  server.keepAliveTimeout = 1_000;
  const { hostname, port } = new URL(`http://${address}`);
  // Brackets are of the URL, not of the address. A URL leaves out the port that is http's own.
  server.listen(port === '' ? 80 : Number(port), hostname.replaceAll(/[[\]]/g, ''));
  try {
    await once(server, 'listening');
  } catch (error) {
    const inUse = error instanceof Error && 'code' in error && error.code === 'EADDRINUSE';
    throw new SightError(
      inUse ? 'address_in_use' : 'address_unusable',
      'PROMOTE_HEALTH_ADDRESS',
      address,
      error,
    );
  }
  return () =>
    new Promise((resolve) => {
      server.close(() => resolve());
      server.closeAllConnections();
    });
}

function answer(health: Health, request: IncomingMessage, response: ServerResponse): void {
  if (request.method !== 'GET' && request.method !== 'HEAD') return send(response, 405, 'GET alone');
  switch (request.url) {
    case '/livez':
      return sendState(response, health.notLive());
    case '/readyz':
      return sendState(response, health.notReady());
    case undefined:
    default:
      return send(response, 404, 'there are /livez and /readyz');
  }
}

function sendState(response: ServerResponse, problem: string | undefined): void {
  send(response, problem === undefined ? 200 : 503, problem);
}

function send(response: ServerResponse, status: number, reason: string | undefined): void {
  response.writeHead(status, { 'content-type': 'application/json', 'cache-control': 'no-store' });
  const body = reason === undefined ? { status: 'ok' } : { status: 'unavailable', reason };
  response.end(`${JSON.stringify(body)}\n`);
}
