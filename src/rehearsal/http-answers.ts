import type { ServerResponse } from 'node:http';

import type { Misbehaviour } from './scenario.js';
import type { JsonObject } from './state-files.js';

const ERRORS = {
  401: { code: 'unauthorized', message: 'missing or invalid bearer token', type: 'invalid_request_error' },
  429: {
    code: 'rate_limited',
    message: 'gateway rate limit exceeded: max 120 requests per 60 seconds',
    type: 'invalid_request_error',
  },
  500: { code: 'internal_error', message: 'internal error', type: 'server_error' },
} as const;

/** Tau's error body. */
export function errorBody(status: keyof typeof ERRORS, message: string = ERRORS[status].message): JsonObject {
  return { error: { ...ERRORS[status], message } };
}

export function answerJson(
  response: ServerResponse,
  status: number,
  body: JsonObject,
  headers: Readonly<Record<string, string>> = {},
): void {
  response.writeHead(status, { ...headers, 'content-type': 'application/json' }).end(JSON.stringify(body));
}

/** @param nth which of the surface's answers this is, 1 for the first */
export function answerMisbehaving(response: ServerResponse, fault: Misbehaviour, nth: number): void {
  switch (fault.kind) {
    case 'error': {
      const { status, retryAfterSeconds } = fault;
      const headers = retryAfterSeconds === undefined ? {} : { 'retry-after': `${retryAfterSeconds}` };
      return answerJson(response, status, errorBody(status), headers);
    }
    case 'hang':
      return;
    case 'cut':
      response.destroy();
      return;
    case 'malformed':
      if (nth % 2 === 0) return answerJson(response, 200, { status: { ready: 'yes' } });
      response.writeHead(200, { 'content-type': 'text/plain' }).end('cortex: all good\n');
      return;
    default:
      fault satisfies never;
  }
}
