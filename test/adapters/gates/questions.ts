import { once } from 'node:events';
import { createServer, type IncomingMessage, type ServerResponse } from 'node:http';

import { onTestFinished } from 'vitest';

import type { AskedGate } from '../../../src/adapters/gates/ask.js';
import type { Asking } from '../../../src/adapters/probe.js';
import { loadRunbook, type LoadedRunbook } from '../../../src/adapters/runbook/load.js';
import { openSecrets } from '../../../src/adapters/runbook/variables.js';
import type { Rehearsal } from '../../../src/rehearsal/rehearsal.js';
import { sourcesOf, type Loading } from '../runbook/written-runbook.js';

/** With what a gate is asked. */
export function asking(loaded: LoadedRunbook, loading: Loading = {}, signal?: AbortSignal): Asking {
  const sources = sourcesOf(loading);
  return {
    secrets: openSecrets(loaded.runbook, sources),
    environment: sources.environment,
    commit: undefined,
    signal: signal ?? new AbortController().signal,
  };
}

/** The rehearsal's runbook, resolved, and with what it is asked. */
export async function questionsOf(
  rehearsal: Rehearsal,
  set: Readonly<Record<string, string>> = {},
): Promise<{ readonly loaded: LoadedRunbook; readonly ask: Asking }> {
  const loading = { set, environment: rehearsal.environment };
  const sources = sourcesOf(loading);
  const loaded = await loadRunbook(rehearsal.runbookFile, sources, 'all', rehearsal.workspace);
  return { loaded, ask: asking(loaded, loading) };
}

/** A server on the loopback interface that is gone when the test is; gives its origin. */
export async function serve(
  answer: (request: IncomingMessage, response: ServerResponse) => void,
): Promise<string> {
  const server = createServer(answer);
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  onTestFinished(async () => {
    const closed = once(server, 'close');
    server.close();
    server.closeAllConnections();
    await closed;
  });
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  return `http://127.0.0.1:${address.port}`;
}

export function textOf({ files }: AskedGate, at = 0): string {
  return Buffer.from(files[at]?.bytes ?? '').toString('utf8');
}
