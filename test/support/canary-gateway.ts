import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { setImmediate as turn } from 'node:timers/promises';

import { spellings } from './secret-search.js';

/**
 * Says back whatever it is sent, in every spelling and every place of an answer. While it refuses, it does so in another way
 * for each path.
 */
export class CanaryGateway {
  refuses = false;
  /** Path of each question, with every text of it that could carry a secret. */
  readonly heard: { readonly path: string; readonly carried: string }[] = [];
  readonly #secrets: readonly string[];
  readonly #sessionToken: string;
  #inSession = false;
  readonly #server = createServer((request, response) => {
    this.#answer(request, response).catch(() => response.destroy());
  });

  /** @param secrets what it says back, whether it was sent or not */
  constructor(secrets: readonly string[], sessionToken: string) {
    this.#secrets = secrets;
    this.#sessionToken = sessionToken;
  }

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

  async #answer(request: IncomingMessage, response: ServerResponse): Promise<void> {
    request.setEncoding('utf8');
    let body = '';
    for await (const chunk of request) body += String(chunk);
    const path = request.url ?? '/';
    const { authorization = '', 'x-key': key = '' } = request.headers;
    this.heard.push({ path, carried: [authorization, String(key), body].join('\n') });
    if (path === '/session')
      return void response
        .writeHead(this.refuses ? 401 : 200, { 'content-type': 'application/json' })
        .end(JSON.stringify({ access_token: this.refuses ? 0 : this.#sessionToken, you: body }));
    // Before it was given, nobody could know it for a secret.
    this.#inSession ||= authorization === `Bearer ${this.#sessionToken}`;
    const secrets = [...this.#secrets, ...(this.#inSession ? [this.#sessionToken] : [])];
    const [secret = ''] = secrets;
    const texts = [...secrets.flatMap(spellings), authorization, String(key), body];
    const echo = texts.map((text) => `you said ${text} `);
    response.statusMessage = `said ${secret}`;
    response.setHeader('x-echo', secret);
    response.setHeader('set-cookie', `k=${encodeURIComponent(secret)}`);
    if (this.refuses) return this.#refuse(path, response, echo.join(''), secret);
    response.setHeader('content-type', 'application/json');
    const answer = {
      health_state: 'healthy',
      rollout_gate: 'pass',
      reason_codes: [`said:${secret}`, ...secrets.map(encodeURIComponent)],
      recommendations: [`say ${secret}`],
      link: `http://elsewhere/?token=${encodeURIComponent(secret)}&k=${secret}`,
      echo,
      raw: '@',
    };
    // Latin-1, as it came over the wire, goes into the middle; so does each half of it in a packet of its own.
    const [before = '', after = ''] = JSON.stringify(answer).split('@');
    const raw = Buffer.from(JSON.stringify(secret).slice(1, -1), 'latin1');
    for (const part of [before, raw.subarray(0, 12), raw.subarray(12), after]) {
      response.write(part);
      await turn();
    }
    response.end();
  }

  #refuse(path: string, response: ServerResponse, echo: string, secret: string): void {
    const location = `http://elsewhere/?token=${encodeURIComponent(secret)}`;
    if (path === '/bearer') response.writeHead(302, { location }).end(echo);
    else if (path === '/basic') response.writeHead(401).end(JSON.stringify({ error: { message: echo } }));
    else if (path === '/header') response.writeHead(400).end(`<html><h1>400</h1><pre>${echo}</pre></html>`);
    else if (path === '/json') response.writeHead(200).end(`no JSON: ${echo}`);
    else if (path === '/text')
      response.writeHead(200).end(JSON.stringify({ health_state: secret, rollout_gate: 'pass' }));
    else {
      // It ends in the middle of the secret.
      response.writeHead(200, { 'content-length': '1000000' });
      response.write(`${echo}${secret.slice(0, -3)}`, () => response.destroy());
    }
  }
}
