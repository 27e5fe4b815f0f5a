import { once } from 'node:events';
import { createServer } from 'node:http';

export interface Received {
  readonly path: string;
  readonly headers: Readonly<Record<string, string>>;
  readonly body: string;
}

/** Takes notifications, or refuses them while `status` is none that takes one. */
export class Receiver {
  status = 204;
  readonly received: Received[] = [];
  refused = 0;
  readonly #server = createServer((request, response) => {
    request.setEncoding('utf8');
    let body = '';
    request.on('data', (chunk: string) => (body += chunk));
    request.on('end', () => {
      const headers = Object.fromEntries(
        Object.entries(request.headers).map(([name, value]) => [name, String(value)]),
      );
      if (this.status < 300) this.received.push({ path: request.url ?? '', headers, body });
      else this.refused += 1;
      response.writeHead(this.status, this.status === 302 ? { location: '/elsewhere' } : {}).end();
    });
  });

  async open(): Promise<string> {
    this.#server.listen(0, '127.0.0.1');
    await once(this.#server, 'listening');
    const address = this.#server.address();
    if (address === null || typeof address === 'string') throw new Error('no TCP address');
    return `http://127.0.0.1:${address.port}`;
  }

  async close(): Promise<void> {
    const closed = once(this.#server, 'close');
    this.#server.close();
    this.#server.closeAllConnections();
    await closed;
  }
}
