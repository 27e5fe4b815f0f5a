import { connect as connectTcp, type Socket } from 'node:net';
import { connect as connectTls, type TLSSocket } from 'node:tls';

import { reasonOf, systemCode } from './error.js';
import { parseAddress } from './given-address.js';

/** With what the server is met: PEM. */
export interface TlsMeans {
  /** Authorities; undefined: those of Node. */
  readonly authorities: Uint8Array | undefined;
  readonly client: { readonly certificate: Uint8Array; readonly key: Uint8Array } | undefined;
  /** The name that the server's certificate has to have; undefined: that of the address. */
  readonly serverName: string | undefined;
}

/** Why nothing can be asked of a server. It holds nothing of a key or certificate. */
export interface ConnectionFault {
  /** Settings of this side, or of the server's certificate; else it is out of reach. */
  readonly kind: 'settings' | 'unreachable';
  readonly what: string;
  readonly todo: string;
}

const TIMEOUT_MS = 3_000;
/** Sent by a client that speaks HTTP/2 without an upgrade, with empty settings: gRPC begins so. */
const PREFACE = Buffer.from('PRI * HTTP/2.0\r\n\r\nSM\r\n\r\n\0\0\0\u0004\0\0\0\0\0', 'latin1');

/**
 * Finds out why gRPC, which says no more than that a deadline passed, does not get through to an address: connects as it
 * would and looks where that ends. Undefined where nothing is wrong as far as it looks: name, port, TLS both ways, HTTP/2.
 * Within 2 × 3 s.
 *
 * @param tls undefined where none is spoken
 * @throws {EngineError} `address_invalid`
 */
export async function connectionFault(
  address: string,
  tls: TlsMeans | undefined,
): Promise<ConnectionFault | undefined> {
  const place = parseAddress(address);
  const end = await meet(place, tls, true);
  if (end.kind === 'answered') return faultOfAnswer(end.bytes, tls);
  if (tls !== undefined) return faultOfTls(end, tls);
  if (end.stage === 'before' || end.silent) return outOfReach(end);
  // It took the connection and hung up on plain words: does it want them encrypted?
  const encrypted = await meet(place, NOTHING, false);
  return encrypted.kind === 'answered' || encrypted.stage === 'secured' || isAlert(encrypted.error)
    ? SPEAKS_TLS
    : outOfReach(end);
}

const NOTHING: TlsMeans = { authorities: undefined, client: undefined, serverName: undefined };

const SPEAKS_TLS: ConnectionFault = {
  kind: 'settings',
  what: 'it speaks TLS, and these settings do not',
  todo: 'set TEMPORAL_TLS=true, or what belongs to it',
};

type Met =
  | { readonly kind: 'answered'; readonly bytes: Buffer }
  | {
      readonly kind: 'ended';
      /** How far it came: nothing listens, it is connected, its certificate was taken. */
      readonly stage: 'before' | 'connected' | 'secured';
      /** Undefined where it hung up, or said nothing, without one. */
      readonly error: Error | undefined;
      readonly silent: boolean;
    };
type Ended = Extract<Met, { kind: 'ended' }>;

function meet(
  { host, port }: { readonly host: string; readonly port: number },
  tls: TlsMeans | undefined,
  verified: boolean,
): Promise<Met> {
  return new Promise((resolve) => {
    let stage: Ended['stage'] = 'before';
    let socket: Socket | undefined;
    const end = (met: Met): void => {
      clearTimeout(deadline);
      socket?.destroy();
      resolve(met);
    };
    const ended = (error: Error | undefined, silent = false): void =>
      end({ kind: 'ended', stage, error, silent });
    const deadline = setTimeout(() => ended(undefined, true), TIMEOUT_MS);
    try {
      socket = open(host, port, tls, verified);
    } catch (error) {
      return ended(error instanceof Error ? error : new Error(String(error)));
    }
    socket.once('connect', () => {
      stage = 'connected';
      if (tls === undefined) socket?.write(PREFACE);
    });
    socket.once('secureConnect', () => {
      stage = 'secured';
      socket?.write(PREFACE);
    });
    socket.once('data', (bytes: Buffer) => end({ kind: 'answered', bytes }));
    socket.once('error', (error: Error) => ended(error));
    socket.once('close', () => ended(undefined));
  });
}

function open(host: string, port: number, tls: TlsMeans | undefined, verified: boolean): Socket | TLSSocket {
  if (tls === undefined) return connectTcp({ host, port });
  const { authorities, client, serverName } = tls;
  return connectTls({
    host,
    port,
    ALPNProtocols: ['h2'],
    rejectUnauthorized: verified,
    ...(serverName === undefined ? {} : { servername: serverName }),
    ...(authorities === undefined ? {} : { ca: Buffer.from(authorities) }),
    ...(client === undefined ? {} : { cert: Buffer.from(client.certificate), key: Buffer.from(client.key) }),
  });
}

const SETTINGS_FRAME = 4;
const TLS_ALERT = 0x15;

function faultOfAnswer(bytes: Buffer, tls: TlsMeans | undefined): ConnectionFault | undefined {
  if (tls === undefined && bytes[0] === TLS_ALERT) return SPEAKS_TLS;
  if (bytes[3] === SETTINGS_FRAME) return undefined;
  return {
    kind: 'settings',
    what: 'what answers there is no Temporal server: it does not speak HTTP/2',
    todo: 'correct TEMPORAL_ADDRESS: it is the port of the frontend, 7233 by default',
  };
}

/** Of the server's certificate, by the code that Node gives. */
const OF_THE_CERTIFICATE: Readonly<Record<string, readonly [what: string, todo: string]>> = {
  CERT_HAS_EXPIRED: [
    'its certificate has expired',
    'have it renewed; where it has not expired, set the clock of this machine',
  ],
  CERT_NOT_YET_VALID: [
    'its certificate is not valid yet',
    'set the clock of this machine, or that of the server',
  ],
  ERR_TLS_CERT_ALTNAME_INVALID: [
    'its certificate is for another name',
    'correct TEMPORAL_ADDRESS, or set TEMPORAL_TLS_SERVER_NAME to a name in that certificate',
  ],
};
const UNTRUSTED = new Set([
  'CERT_SIGNATURE_FAILURE',
  'CERT_UNTRUSTED',
  'DEPTH_ZERO_SELF_SIGNED_CERT',
  'INVALID_CA',
  'SELF_SIGNED_CERT_IN_CHAIN',
  'UNABLE_TO_GET_ISSUER_CERT',
  'UNABLE_TO_GET_ISSUER_CERT_LOCALLY',
  'UNABLE_TO_VERIFY_LEAF_SIGNATURE',
]);

function faultOfTls(end: Ended, { client, authorities }: TlsMeans): ConnectionFault {
  const code = systemCode(end.error) ?? '';
  const certificate = OF_THE_CERTIFICATE[code];
  if (certificate !== undefined) return settings(...certificate);
  if (UNTRUSTED.has(code))
    return settings(
      authorities === undefined
        ? 'its certificate comes from no authority that is known here'
        : 'its certificate comes from another authority than the one in these settings',
      'set TEMPORAL_TLS_SERVER_CA_CERT_PATH to the certificate of the authority that signed it',
    );
  // Thrown before anything is sent.
  if (code.startsWith('ERR_OSSL_'))
    return settings(
      'the certificate, key or authority in these settings is no PEM, or certificate and key do not belong together',
      'correct the files that TEMPORAL_TLS_… or temporal.toml name',
    );
  if (end.stage === 'before') return outOfReach(end);
  if (isAlert(end.error) || (end.stage === 'secured' && !end.silent)) return refusedClient(client, end.error);
  if (code === 'ERR_SSL_WRONG_VERSION_NUMBER' || code === 'ERR_SSL_PACKET_LENGTH_TOO_LONG' || !end.silent)
    return settings(
      'it does not speak TLS, and these settings do',
      'take TEMPORAL_TLS and what belongs to it away, or correct TEMPORAL_ADDRESS',
    );
  return outOfReach(end);
}

function settings(what: string, todo: string): ConnectionFault {
  return { kind: 'settings', what, todo };
}

/** TLS 1.3 tells a client only after the handshake that its certificate is not taken; some hang up without a word. */
function refusedClient(client: TlsMeans['client'], error: Error | undefined): ConnectionFault {
  const alert = /alert ([a-z ]+)/.exec(error?.message ?? '')?.[1];
  const why = alert === undefined ? 'it hung up after the handshake' : `alert: ${alert.trim()}`;
  return client === undefined
    ? settings(
        `it wants a client certificate, and these settings have none (${why})`,
        'set TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH',
      )
    : settings(
        `it does not take the client certificate of these settings (${why})`,
        'take one that is valid now, and from an authority that the server trusts',
      );
}

function isAlert(error: Error | undefined): boolean {
  return /^ERR_SSL_.*ALERT/.test(systemCode(error) ?? '');
}

function outOfReach({ error, silent }: Ended): ConnectionFault {
  const why = silent
    ? `nothing came back within ${TIMEOUT_MS} ms`
    : error === undefined
      ? 'it hung up'
      : // Several tried addresses come as an AggregateError without a message of its own.
        reasonOf(error) || (systemCode(error) ?? 'refused');
  return { kind: 'unreachable', what: why, todo: 'start it, or correct TEMPORAL_ADDRESS' };
}
