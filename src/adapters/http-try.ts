import type { Dispatcher } from 'undici';

import { request } from './http-client.js';
import {
  ENCODED,
  faultOfError,
  faultOfStatus,
  retryAfterMs,
  TIMEOUT,
  TOO_LARGE,
  type HttpFault,
} from './http-fault.js';

export interface HttpRequest {
  readonly url: URL;
  readonly method: Dispatcher.HttpMethod;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string | undefined;
  readonly maxBytes: number;
  /** The statuses that are an answer; undefined: 200–299. */
  readonly expectStatus: readonly number[] | undefined;
}

/** What one try brought. Bytes as they came, secrets and all, never more than `maxBytes`. */
export interface TryResult {
  /** Undefined: an answer. */
  readonly fault: HttpFault | undefined;
  readonly status: number | undefined;
  readonly body: Uint8Array;
  /** The source went on after `body`. */
  readonly cut: boolean;
  readonly retryAfterMs: number | undefined;
}

/**
 * Asks once. Follows nothing, decodes nothing, reads at most `maxBytes`. Never throws: `deadline` gives http_timeout
 * unless a status that is no answer came before.
 */
export async function tryHttp(
  asked: HttpRequest,
  dispatcher: Dispatcher,
  deadline: AbortSignal,
): Promise<TryResult> {
  let response: Dispatcher.ResponseData;
  try {
    response = await request(dispatcher, asked.url, {
      method: asked.method,
      headers: asked.headers,
      body: asked.body ?? null,
      signal: deadline,
    });
  } catch (error) {
    return { ...NOTHING, fault: deadline.aborted ? TIMEOUT : faultOfError(error) };
  }
  const status = response.statusCode;
  const statusFault = unexpected(status, asked.expectStatus);
  if (isEncoded(response.headers)) {
    // A secret inside would pass the redaction: nothing of it is kept.
    response.body.on('error', ignore).destroy();
    return { ...NOTHING, status, fault: statusFault ?? ENCODED };
  }
  const read = await readBody(response.body, asked.maxBytes, deadline);
  return {
    fault: statusFault ?? read.fault,
    status,
    body: read.body,
    cut: read.fault !== undefined,
    retryAfterMs: retryAfterMs(headerText(response.headers['retry-after']), Date.now()),
  };
}

function unexpected(status: number, expected: readonly number[] | undefined): HttpFault | undefined {
  if (expected === undefined) return faultOfStatus(status);
  if (expected.includes(status)) return undefined;
  return faultOfStatus(status) ?? { kind: 'malformed', code: `http_status_${status}`, transient: false };
}

/** What a try says that got no answer. */
export const NOTHING = {
  fault: undefined,
  status: undefined,
  body: new Uint8Array(),
  cut: false,
  retryAfterMs: undefined,
} satisfies TryResult;

function isEncoded(headers: Dispatcher.ResponseData['headers']): boolean {
  const codings = [headers['content-encoding'], headers['transfer-encoding']]
    .flatMap((header) => headerText(header)?.split(',') ?? [])
    .map((coding) => coding.trim().toLowerCase());
  return codings.some((coding) => coding !== '' && coding !== 'identity' && coding !== 'chunked');
}

function headerText(header: string | string[] | undefined): string | undefined {
  return Array.isArray(header) ? header.join(',') : header;
}

async function readBody(
  body: Dispatcher.ResponseData['body'],
  maxBytes: number,
  deadline: AbortSignal,
): Promise<{ body: Uint8Array; fault: HttpFault | undefined }> {
  const chunks: Uint8Array[] = [];
  let size = 0;
  let fault: HttpFault | undefined;
  try {
    for await (const chunk of body as AsyncIterable<Uint8Array>) {
      chunks.push(chunk.subarray(0, maxBytes - size));
      size += chunk.byteLength;
      if (size > maxBytes) {
        fault = TOO_LARGE;
        break;
      }
    }
  } catch (error) {
    fault = deadline.aborted ? TIMEOUT : faultOfError(error);
  }
  return { body: Buffer.concat(chunks), fault };
}

function ignore(): void {
  // An error of a body that nobody reads says nothing.
}
