import { once } from 'node:events';
import { readFile, writeFile } from 'node:fs/promises';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';
import { join } from 'node:path';

import { parseDocument, type Document } from 'yaml';

import { createRemote, type RemoteFixture } from './git-fixture.js';
import { root, type Play } from './stage.js';

export const CI_TOKEN = 'ci-token-of-the-stand-in';

/** A web service, its Prometheus and its forge, as three endpoints of one real HTTP server, and a real git remote. */
export interface WebService extends Play {
  readonly remote: RemoteFixture;
  /** What the branch was before. */
  readonly formerTip: string;
  /** What happens to the service while it runs this commit: its health endpoint and its error rate say so. */
  breakWith: (commit: string) => void;
  /** What the forge says of the commit's checks. */
  checks: (state: string) => void;
  /** Whether Prometheus has scraped anything. */
  scraped: (yes: boolean) => void;
  /** What the queries were, decoded. */
  readonly queries: ReadonlySet<string>;
}

interface State {
  broken: string | undefined;
  checks: string;
  scraped: boolean;
  readonly queries: Set<string>;
}

/** Opens it in a folder of the test's; the shipped runbook with a test's times, and its changes, is in it. */
export async function openWebService(
  folder: string,
  change: (runbook: Document) => void = () => {},
): Promise<WebService> {
  const remote = createRemote();
  const commit = remote.commit({
    files: { 'app.txt': 'two\n' },
    parents: [remote.first],
    message: 'Serve version 2',
  });
  remote.setBranch('main', commit);
  const state: State = { broken: undefined, checks: 'success', scraped: true, queries: new Set() };
  const server = createServer((request, response) => answer(request, response, { remote, commit, state }));
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  const origin = `http://127.0.0.1:${address.port}`;
  const runbookFile = join(folder, 'web-service.yaml');
  await writeFile(runbookFile, await shortened(change));
  return {
    remote,
    commit,
    formerTip: remote.first,
    runbookFile,
    queries: state.queries,
    breakWith: (broken) => (state.broken = broken),
    checks: (checks) => (state.checks = checks),
    scraped: (yes) => (state.scraped = yes),
    environment: {
      WEB_SERVICE_URL: origin,
      WEB_SERVICE_PROMETHEUS_URL: `${origin}/prometheus`,
      WEB_SERVICE_CI_URL: `${origin}/api/v1/repos/example/web`,
      WEB_SERVICE_CI_TOKEN: CI_TOKEN,
      WEB_SERVICE_REMOTE: remote.url,
      WEB_SERVICE_APPROVERS: 'approver@rehearsal',
    },
    close: async () => {
      const closed = once(server, 'close');
      server.close();
      server.closeAllConnections();
      await closed;
      remote.remove();
    },
  };
}

/** The shipped runbook, with times that a test can wait for. */
async function shortened(change: (runbook: Document) => void): Promise<string> {
  const runbook = parseDocument(await readFile(join(root, 'runbooks/web-service.yaml'), 'utf8'));
  runbook.setIn(['remediation', 'manual', 'deadline'], '1s');
  runbook.setIn(['watch', 'window'], '1s');
  runbook.setIn(['watch', 'interval'], '200ms');
  runbook.setIn(['rollback', 'confirmAfter'], '300ms');
  change(runbook);
  return runbook.toString();
}

function answer(
  { url = '', headers }: IncomingMessage,
  response: ServerResponse,
  { remote, commit, state }: { remote: RemoteFixture; commit: string; state: State },
): void {
  const { pathname, searchParams } = new URL(url, 'http://stand-in');
  const say = (body: unknown, status = 200): void => {
    response.writeHead(status, { 'content-type': 'application/json' }).end(JSON.stringify(body));
  };
  // It runs what the branch is at, as a deployer would have it.
  const fails = state.broken !== undefined && remote.tip() === state.broken;
  switch (pathname) {
    case '/health':
      return say({ status: fails ? 'fail' : 'pass', releaseId: remote.tip() });
    case '/prometheus/api/v1/query': {
      state.queries.add(searchParams.get('query') ?? '');
      const sample = { metric: {}, value: [1_700_000_000.5, fails ? '1' : '0'] };
      return say({
        status: 'success',
        data: { resultType: 'vector', result: state.scraped ? [sample] : [] },
      });
    }
    case `/api/v1/repos/example/web/commits/${commit}/status`:
      if (headers.authorization !== `Bearer ${CI_TOKEN}`) return say({ message: 'token needed' }, 401);
      return say({ state: state.checks, sha: commit, total_count: 1, statuses: [] });
    default:
      return say({ message: 'not found' }, 404);
  }
}
