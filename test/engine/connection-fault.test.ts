import { once } from 'node:events';
import { mkdtemp, readFile, rm } from 'node:fs/promises';
import { createServer as createHttpServer } from 'node:http';
import { createServer as createHttp2Server, createSecureServer } from 'node:http2';
import { createServer, type Server, type Socket } from 'node:net';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { beforeAll, expect, it } from 'vitest';

import { connectionFault, type TlsMeans } from '../../src/engine/connection-fault.js';
import { createAuthority } from '../support/certificates.js';
import { text } from './scratch.js';

/**
 * Proves that each way in which TLS or a port can be wrong is told apart, against real servers of Node: what gRPC itself
 * says is in each case that a deadline passed. That commands tell it: test/cli/connecting.
 */
type Authority = Awaited<ReturnType<typeof authority>>;
let server: Authority;
let client: Authority;
let stranger: Authority;
const open: Server[] = [];
const sockets = new Set<Socket>();

beforeAll(async () => {
  const folder = await mkdtemp(join(tmpdir(), 'promote-engine-test-'));
  server = await authority(folder, 'server');
  client = await authority(folder, 'client');
  stranger = await authority(folder, 'stranger');
  return async () => {
    sockets.forEach((socket) => socket.destroy());
    open.forEach((each) => each.close());
    await rm(folder, { recursive: true, force: true });
  };
});

async function authority(folder: string, name: string) {
  const { ca, key, cert } = createAuthority(folder, name);
  return { ca: await readFile(ca), key, certificate: cert };
}

async function listening(each: Server): Promise<number> {
  open.push(each);
  each.on('connection', (socket: Socket) => sockets.add(socket));
  each.listen(0, '127.0.0.1');
  await once(each, 'listening');
  const address = each.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return address.port;
}

/** With TLS, and with client certificates if these are given. */
function secure(clients?: Buffer, maxVersion?: 'TLSv1.2'): Promise<number> {
  const asked = clients === undefined ? {} : { ca: clients, requestCert: true, rejectUnauthorized: true };
  const { key, certificate: cert } = server;
  const limit = maxVersion === undefined ? {} : { maxVersion };
  const made = createSecureServer({ key, cert, ...asked, ...limit });
  made.on('sessionError', () => undefined);
  return listening(made);
}

const means = (over: Partial<TlsMeans> = {}): TlsMeans => ({
  authorities: server.ca,
  client: undefined,
  serverName: undefined,
  ...over,
});

interface Case {
  readonly it: string;
  readonly port: () => Promise<number>;
  readonly tls: () => TlsMeans | undefined;
  readonly what: string;
  readonly todo: string;
  readonly kind?: 'unreachable';
}

it.concurrent.each<Case>([
  {
    it: 'nothing listens',
    port: async () => 1,
    tls: () => undefined,
    kind: 'unreachable',
    what: 'ECONNREFUSED',
    todo: 'start it',
  },
  {
    it: 'nothing listens for TLS either',
    port: async () => 1,
    tls: means,
    kind: 'unreachable',
    what: 'ECONNREFUSED',
    todo: 'start it',
  },
  {
    it: 'it takes connections and says nothing',
    port: () => listening(createServer(() => undefined)),
    tls: () => undefined,
    kind: 'unreachable',
    what: 'nothing came back',
    todo: 'start it',
  },
  {
    it: 'it hangs up at once',
    port: () =>
      listening(
        createServer((socket: Socket) => {
          socket.destroy();
        }),
      ),
    tls: () => undefined,
    kind: 'unreachable',
    what: '',
    todo: 'start it',
  },
  {
    it: 'it speaks another protocol',
    port: () => listening(createHttpServer((_request, response) => void response.end('hello'))),
    tls: () => undefined,
    what: 'no Temporal server',
    todo: 'the port of the frontend',
  },
  {
    it: 'it speaks TLS, and we do not',
    port: () => secure(),
    tls: () => undefined,
    what: 'it speaks TLS',
    todo: 'TEMPORAL_TLS=true',
  },
  {
    it: 'it speaks TLS with client certificates, and we do not',
    port: () => secure(client.ca, 'TLSv1.2'),
    tls: () => undefined,
    what: 'it speaks TLS',
    todo: 'TEMPORAL_TLS=true',
  },
  {
    it: 'we speak TLS, and it does not',
    port: () => listening(createHttp2Server()),
    tls: means,
    what: 'it does not speak TLS',
    todo: 'TEMPORAL_TLS and what belongs to it away',
  },
  {
    it: 'its authority is another one',
    port: () => secure(),
    tls: () => means({ authorities: stranger.ca }),
    what: 'another authority than the one in these settings',
    todo: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  },
  {
    it: 'its authority is its own, and none is given',
    port: () => secure(),
    tls: () => means({ authorities: undefined }),
    what: 'no authority that is known here',
    todo: 'TEMPORAL_TLS_SERVER_CA_CERT_PATH',
  },
  {
    it: 'its certificate is for another name',
    port: () => secure(),
    tls: () => means({ serverName: 'elsewhere.example.org' }),
    what: 'for another name',
    todo: 'TEMPORAL_TLS_SERVER_NAME',
  },
  {
    it: 'it wants a client certificate, by TLS 1.3',
    port: () => secure(client.ca),
    tls: means,
    what: 'wants a client certificate',
    todo: 'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH',
  },
  {
    it: 'it wants a client certificate, by TLS 1.2',
    port: () => secure(client.ca, 'TLSv1.2'),
    tls: means,
    what: 'wants a client certificate',
    todo: 'TEMPORAL_TLS_CLIENT_CERT_PATH and TEMPORAL_TLS_CLIENT_KEY_PATH',
  },
  {
    it: 'it does not trust our client certificate',
    port: () => secure(client.ca),
    tls: () => means({ client: stranger }),
    what: 'does not take the client certificate',
    todo: 'an authority that the server trusts',
  },
  {
    it: 'our key is that of another certificate',
    port: () => secure(client.ca),
    tls: () => means({ client: { certificate: client.certificate, key: stranger.key } }),
    what: 'certificate and key do not belong together',
    todo: 'correct the files',
  },
  {
    it: 'our certificate is no PEM',
    port: () => secure(client.ca),
    tls: () => means({ client: { certificate: Buffer.from('no certificate'), key: client.key } }),
    what: 'is no PEM',
    todo: 'correct the files',
  },
])('says that $it, and what to do', async ({ port, tls, what, todo, kind = 'settings' }) => {
  const fault = await connectionFault(`127.0.0.1:${await port()}`, tls());
  expect(fault).toEqual({ kind, what: text(what), todo: text(todo) });
  expect(`${fault?.what}${fault?.todo}`).not.toMatch(/BEGIN|PRIVATE|\n/);
});

it.each([
  ['without TLS', () => listening(createHttp2Server()), () => undefined],
  ['with TLS', () => secure(), means],
  ['with TLS and our client certificate', () => secure(client.ca), () => means({ client })],
] as const)('finds nothing wrong with a server that takes us %s', async (_how, port, tls) => {
  expect(await connectionFault(`127.0.0.1:${await port()}`, tls())).toBeUndefined();
});
