import { execFileSync, spawn } from 'node:child_process';
import { readFileSync } from 'node:fs';
import { createServer } from 'node:https';
import type { IncomingMessage, ServerResponse } from 'node:http';
import path from 'node:path';

import type { RemoteFixture } from './git-fixture.js';

export interface HttpsGit {
  /** Of the fixture's repository, on loopback. */
  readonly url: string;
  /** What a client has to trust. */
  readonly certificate: string;
  /** Every authorization header that came, oldest first; empty where there was none. */
  readonly authorizations: readonly string[];
  readonly close: () => Promise<void>;
}

export interface HttpsGitOptions {
  /** The only header that is let in. */
  readonly authorization: string;
  /** Fetches are served, pushes are refused with 403. */
  readonly readOnly?: boolean;
}

/** Git's own smart HTTP server behind TLS and a check of the authorization header. */
export async function serveHttpsGit(remote: RemoteFixture, options: HttpsGitOptions): Promise<HttpsGit> {
  const key = path.join(remote.scratch, 'tls.key');
  const certificate = path.join(remote.scratch, 'tls.pem');
  const request = ['req', '-x509', '-newkey', 'ec', '-pkeyopt', 'ec_paramgen_curve:prime256v1', '-nodes'];
  const names = ['-days', '2', '-subj', '/CN=localhost', '-addext', 'subjectAltName=DNS:localhost'];
  execFileSync('openssl', [...request, ...names, '-keyout', key, '-out', certificate], { stdio: 'pipe' });
  const authorizations: string[] = [];
  const server = createServer(
    { key: readFileSync(key), cert: readFileSync(certificate) },
    (asked, answer) => {
      const authorization = asked.headers.authorization ?? '';
      authorizations.push(authorization);
      if (authorization !== options.authorization) {
        answer
          .writeHead(401, { 'www-authenticate': 'Basic realm="git"' })
          .end(`no entry for ${authorization}`);
      } else if (options.readOnly === true && asked.url?.includes('git-receive-pack') === true) {
        answer.writeHead(403).end('read-only');
      } else {
        answerByGit(path.dirname(remote.url), asked, answer);
      }
    },
  );
  await new Promise<void>((resolve) => server.listen(0, '127.0.0.1', resolve));
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('the server has no port');
  return {
    url: `https://localhost:${address.port}/${path.basename(remote.url)}`,
    certificate,
    authorizations,
    close: () =>
      new Promise((resolve) => {
        server.close(() => resolve());
        server.closeAllConnections();
      }),
  };
}

/** CGI: headers of the answer come first on standard output. */
function answerByGit(root: string, asked: IncomingMessage, answer: ServerResponse): void {
  const url = new URL(asked.url ?? '/', 'https://localhost');
  const backend = spawn('git', ['-c', 'http.receivepack=true', 'http-backend'], {
    env: {
      PATH: '/usr/local/bin:/usr/bin:/bin',
      GIT_CONFIG_NOSYSTEM: '1',
      GIT_CONFIG_GLOBAL: '/dev/null',
      GIT_PROJECT_ROOT: root,
      GIT_HTTP_EXPORT_ALL: '1',
      PATH_INFO: url.pathname,
      QUERY_STRING: url.search.slice(1),
      REQUEST_METHOD: asked.method ?? 'GET',
      CONTENT_TYPE: asked.headers['content-type'] ?? '',
      HTTP_CONTENT_ENCODING: asked.headers['content-encoding'] ?? '',
      GIT_PROTOCOL: String(asked.headers['git-protocol'] ?? ''),
      REMOTE_USER: 'tester',
      REMOTE_ADDR: '127.0.0.1',
    },
    stdio: ['pipe', 'pipe', 'ignore'],
  });
  asked.pipe(backend.stdin);
  backend.stdin.on('error', () => asked.unpipe());
  const chunks: Buffer[] = [];
  backend.stdout.on('data', (chunk: Buffer) => chunks.push(chunk));
  backend.on('close', () => {
    const whole = Buffer.concat(chunks);
    const end = whole.indexOf('\r\n\r\n');
    for (const line of whole.subarray(0, Math.max(0, end)).toString('latin1').split('\r\n')) {
      const [name = '', value = ''] = line.split(/:\s*/u, 2);
      if (name.toLowerCase() === 'status') answer.statusCode = Number(value.slice(0, 3));
      else if (name !== '') answer.setHeader(name, value);
    }
    answer.end(whole.subarray(end + 4));
  });
}
