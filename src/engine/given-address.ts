import { connect } from 'node:net';
import { EngineError, reasonOf, systemCode } from './error.js';
import { NAMESPACE, type Engine } from './options.js';

const REACH_TIMEOUT_MS = 5_000;
const DEFAULT_PORT = 7233;

/**
 * `host:port` of an address as Temporal's own tools take it: `host`, `host:port`, `[v6]:port`.
 * @throws {EngineError} `address_invalid`
 */
export function parseAddress(address: string): { readonly host: string; readonly port: number } {
  const match = /^(?:\[(?<v6>[\da-f:.]+)\]|(?<name>[\w.-]+))(?::(?<port>\d{1,5}))?$/i.exec(address.trim());
  const host = match?.groups?.['v6'] ?? match?.groups?.['name'];
  const port = Number(match?.groups?.['port'] ?? DEFAULT_PORT);
  if (host === undefined || port < 1 || port > 65_535)
    throw new EngineError(
      'address_invalid',
      `"${address}" is not a Temporal address: write host:port, as in 127.0.0.1:7233`,
    );
  return { host, port };
}

/**
 * The server at an address given by the user. It only checks that something listens: TLS, API key and namespace are
 * the client's to check.
 * @throws {EngineError} `address_invalid`, `server_unreachable`
 */
export async function givenServer(address: string, timeoutMs = REACH_TIMEOUT_MS): Promise<Engine> {
  const { host, port } = parseAddress(address);
  const shown = host.includes(':') ? `[${host}]:${port}` : `${host}:${port}`;
  try {
    await reach(host, port, timeoutMs);
  } catch (error) {
    throw new EngineError(
      'server_unreachable',
      `no Temporal server at ${shown} (${reasonOf(error)}): start it, correct the address (TEMPORAL_ADDRESS or ` +
        'temporal.toml), or take the address away to have a local server started',
      error,
    );
  }
  return {
    address: shown,
    namespace: NAMESPACE,
    origin: `the server at ${shown}, because that address was given`,
    started: false,
    pid: undefined,
    stop: () => Promise.resolve(),
  };
}

function reach(host: string, port: number, timeoutMs: number): Promise<void> {
  return new Promise((resolve, reject) => {
    const socket = connect({ host, port });
    const end = (error?: Error) => {
      clearTimeout(deadline);
      socket.destroy();
      if (error === undefined) resolve();
      else reject(error);
    };
    // Its own timer, because a socket's timeout does not cover the look-up of the name.
    const deadline = setTimeout(() => end(new Error(`no answer within ${timeoutMs} ms`)), timeoutMs);
    socket.once('connect', () => end());
    // Several tried addresses come as an AggregateError without a message of its own.
    socket.once('error', (error) => end(error.message === '' ? new Error(systemCode(error)) : error));
  });
}
