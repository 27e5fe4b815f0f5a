import { setTimeout as sleep } from 'node:timers/promises';

import { ClientError } from '../client.js';
import { isAlive } from '../engine/process-identity.js';
import { parseWhole, type Context } from './context.js';
import { SIGNALS_TO_A_SERVICE, untilStopped } from './stop-signal.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { addSearchAttributes, openEngine, withClientAt } from './temporal.js';

export interface ServerFlags {
  readonly port?: string;
}

const CHECK_MS = 1_000;

/** Finds or starts the Temporal server and stays with it until it is told to stop. */
export async function server({ config, output }: Context, flags: ServerFlags): Promise<ExitCode> {
  const port = flags.port === undefined ? undefined : parseWhole('--port', flags.port, 1, 65_535);
  const signal = untilStopped(SIGNALS_TO_A_SERVICE);
  const { engine, endpoint } = await openEngine(config, output.note, { port });
  try {
    await withClientAt(endpoint, config, (client) => addSearchAttributes(client, output.note));
    const { address, origin, started, pid } = engine;
    output.document({ address, namespace: endpoint.namespace, origin, started, pid: pid ?? null });
    output.say(`Temporal: ${origin}`);
    output.say(`address ${address}, namespace ${endpoint.namespace}`);
    if (pid === undefined) return EXIT.done;
    output.say(started ? 'Ctrl-C stops it' : 'another process started it: Ctrl-C leaves it running');
    await untilGone(pid, signal);
    if (signal.aborted) return EXIT.done;
    throw new ClientError(
      'unreachable',
      `the Temporal server at ${address} (process ${pid}) is gone: start it again with \`promote server\``,
    );
  } finally {
    await engine.stop();
  }
}

async function untilGone(pid: number, signal: AbortSignal): Promise<void> {
  while (!signal.aborted && isAlive(pid)) await sleep(CHECK_MS, undefined, { signal }).catch(() => undefined);
}
