import type { OwnReasonCode } from '../domain/reason-codes/catalogue.js';
import { LINK_LOCAL_NAME } from './http-address.js';
import { HTTPParserError } from './http-client.js';

/** Why a try gave no answer. `transient`: the same question may be answered a moment later. */
export interface HttpFault {
  readonly kind: 'unreachable' | 'malformed' | 'misconfigured';
  readonly code: OwnReasonCode;
  readonly transient: boolean;
}

/**
 * What a status means (docs/reference/rules.md, "Observations"): 408, 425, 429 and 5xx are no answer; 3xx and other 4xx
 * say that the question is wrong; outside 200–599 nothing is meant. Undefined for 2xx, an answer.
 */
export function faultOfStatus(status: number): HttpFault | undefined {
  if (status >= 200 && status <= 299) return undefined;
  const code = `http_status_${status}` as const;
  if (status === 429) return { kind: 'unreachable', code: 'http_rate_limited', transient: true };
  if (status === 408 || status === 425 || (status >= 500 && status <= 599)) {
    return { kind: 'unreachable', code, transient: true };
  }
  if (status >= 300 && status <= 399)
    return { kind: 'misconfigured', code: 'http_redirect', transient: false };
  if (status >= 400 && status <= 499) return { kind: 'misconfigured', code, transient: false };
  return { kind: 'malformed', code, transient: false };
}

/** What an error of the connection means. By its code alone: messages may quote what was sent. */
export function faultOfError(error: unknown): HttpFault {
  const code = errorCode(error);
  const known = BY_CODE[code];
  if (known !== undefined) return known;
  // Its parser's errors often have no code.
  if (error instanceof HTTPParserError || code.startsWith('HPE_'))
    return { kind: 'malformed', code: 'http_not_http', transient: false };
  // Certificate and handshake: nothing that a moment changes, and a person has to look.
  if (
    /^(CERT_|UNABLE_TO_|ERR_TLS_|ERR_SSL_|DEPTH_ZERO_|SELF_SIGNED_|HOSTNAME_MISMATCH|INVALID_CA|EPROTO)/.test(
      code,
    )
  ) {
    const short = code
      .toLowerCase()
      .replace(/^err_(tls|ssl)_/, '')
      .slice(0, 60);
    // Not asked again: undici's client would wait for ever after a name that does not fit.
    return { kind: 'misconfigured', code: `tls_${short}`, transient: false };
  }
  return { kind: 'unreachable', code: 'http_failed', transient: true };
}

export const TIMEOUT: HttpFault = { kind: 'unreachable', code: 'http_timeout', transient: false };
export const TOO_LARGE: HttpFault = { kind: 'malformed', code: 'http_too_large', transient: false };
export const ENCODED: HttpFault = { kind: 'malformed', code: 'http_encoded', transient: false };

const REFUSED: HttpFault = { kind: 'unreachable', code: 'http_refused', transient: true };
const CUT: HttpFault = { kind: 'unreachable', code: 'http_cut', transient: true };
const NO_ROUTE: HttpFault = { kind: 'unreachable', code: 'http_no_route', transient: true };
const NO_SUCH_NAME: HttpFault = { kind: 'unreachable', code: 'http_unknown_host', transient: true };
const CONNECT_TIMEOUT: HttpFault = { ...TIMEOUT, transient: true };
const BAD_REQUEST: HttpFault = { kind: 'misconfigured', code: 'http_bad_request', transient: false };

const BY_CODE: Readonly<Record<string, HttpFault>> = {
  ECONNREFUSED: REFUSED,
  ECONNRESET: CUT,
  EPIPE: CUT,
  UND_ERR_SOCKET: CUT,
  // The connection ended before the announced length.
  UND_ERR_RES_CONTENT_LENGTH_MISMATCH: CUT,
  ETIMEDOUT: CONNECT_TIMEOUT,
  UND_ERR_CONNECT_TIMEOUT: CONNECT_TIMEOUT,
  EHOSTUNREACH: NO_ROUTE,
  ENETUNREACH: NO_ROUTE,
  EADDRNOTAVAIL: NO_ROUTE,
  ENOTFOUND: NO_SUCH_NAME,
  EAI_AGAIN: NO_SUCH_NAME,
  [LINK_LOCAL_NAME]: { kind: 'misconfigured', code: 'http_bad_host', transient: false },
  UND_ERR_INVALID_ARG: BAD_REQUEST,
  UND_ERR_NOT_SUPPORTED: BAD_REQUEST,
  UND_ERR_HEADERS_OVERFLOW: { kind: 'malformed', code: 'http_headers_too_large', transient: false },
};

/** The error's own code, or that of the first in its causes or parts that has one. */
function errorCode(error: unknown, depth = 0): string {
  if (!(error instanceof Error) || depth > 4) return '';
  if ('code' in error && typeof error.code === 'string') return error.code;
  const inner: readonly unknown[] = error instanceof AggregateError ? error.errors : [error.cause];
  return inner.map((each) => errorCode(each, depth + 1)).find((code) => code !== '') ?? '';
}

/** Milliseconds of a Retry-After header (RFC 9110 section 10.2.3: seconds or a date), or undefined. */
export function retryAfterMs(header: string | undefined, nowMs: number): number | undefined {
  if (header === undefined) return undefined;
  if (/^\d{1,9}$/.test(header.trim())) return Number(header.trim()) * 1000;
  const date = Date.parse(header);
  return Number.isNaN(date) ? undefined : Math.max(0, date - nowMs);
}
