import { once } from 'node:events';
import {
  connect,
  constants,
  createSecureServer,
  type ClientHttp2Stream,
  type IncomingHttpHeaders,
  type ServerHttp2Stream,
} from 'node:http2';
import type { Socket } from 'node:net';

export interface ProxyOptions {
  /** `host:port` of the Temporal server behind it, which speaks no TLS. */
  readonly address: string;
  readonly key: Buffer;
  readonly cert: Buffer;
  /** The authority of the clients' certificates; without it none is asked for. */
  readonly clients: Buffer | undefined;
  /** Undefined: no key is asked for. It is said back, as no server should. */
  readonly apiKey: string | undefined;
}

export interface TemporalProxy {
  readonly address: string;
  close(): Promise<void>;
}

const UNAUTHENTICATED = '16';
const OF_THE_CONNECTION = ['connection', 'host', ':authority', ':scheme'];

/** What stands in front of a Temporal server in production: TLS, client certificates, an API key. On loopback. */
export async function openTemporalProxy(options: ProxyOptions): Promise<TemporalProxy> {
  const { key, cert, clients, apiKey } = options;
  const behind = connect(`http://${options.address}`);
  behind.on('error', () => undefined);
  const sockets = new Set<Socket>();
  const server = createSecureServer({
    key,
    cert,
    ...(clients === undefined ? {} : { ca: clients, requestCert: true, rejectUnauthorized: true }),
  });
  server.on('secureConnection', (socket: Socket) => {
    sockets.add(socket);
    socket.on('error', () => undefined);
    socket.once('close', () => sockets.delete(socket));
  });
  server.on('sessionError', () => undefined);
  server.on('stream', (stream, headers) => {
    stream.on('error', () => undefined);
    if (apiKey !== undefined && headers.authorization !== `Bearer ${apiKey}`)
      refuse(stream, String(headers.authorization));
    else passOn(stream, behind.request(onward(headers), { endStream: false }));
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return {
    // By its name: of an address, Node warns that no server may be asked for.
    address: `localhost:${address.port}`,
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      sockets.forEach((socket) => socket.destroy());
      behind.destroy();
      await closed;
    },
  };
}

function onward(headers: IncomingHttpHeaders): IncomingHttpHeaders {
  return Object.fromEntries(Object.entries(headers).filter(([name]) => !OF_THE_CONNECTION.includes(name)));
}

function refuse(stream: ServerHttp2Stream, said: string): void {
  stream.respond(
    {
      ':status': 200,
      'content-type': 'application/grpc',
      'grpc-status': UNAUTHENTICATED,
      'grpc-message': `no such key: ${said}`,
    },
    { endStream: true },
  );
}

function passOn(stream: ServerHttp2Stream, request: ClientHttp2Stream): void {
  let trailers: IncomingHttpHeaders = {};
  request.on('error', () => stream.close(constants.NGHTTP2_INTERNAL_ERROR));
  request.on('trailers', (given: IncomingHttpHeaders) => {
    trailers = given;
  });
  request.once('response', (headers, flags) => {
    const endStream = (flags & constants.NGHTTP2_FLAG_END_STREAM) !== 0;
    stream.respond(headers, { endStream, waitForTrailers: !endStream });
    if (!endStream) request.pipe(stream);
  });
  stream.once('wantTrailers', () => stream.sendTrailers(trailers));
  stream.once('close', () => request.close(stream.rstCode));
  stream.pipe(request);
}
