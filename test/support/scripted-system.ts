import { once } from 'node:events';
import { rm, stat } from 'node:fs/promises';
import { createServer, type ServerResponse } from 'node:http';

import type { Observation } from '../../src/domain/observation.js';
import { readers } from '../../src/tau/readers.js';

/** What the scripted system's service can say; `silence` is no answer until somebody gives up. */
export type Said = 'pass' | 'hold' | 'failing' | 'artifact' | 'malformed' | 'misconfigured' | 'silence';

const BODIES = {
  pass: { health_state: 'healthy', rollout_gate: 'pass', reason_code: 'cortex_ready' },
  hold: { health_state: 'degraded', rollout_gate: 'hold', reason_code: 'cortex_observer_events_stale' },
  failing: {
    health_state: 'failing',
    rollout_gate: 'hold',
    reason_code: 'cortex_observer_events_read_failed',
  },
  artifact: { health_state: 'degraded', rollout_gate: 'hold', reason_code: 'cortex_observer_events_missing' },
};
const RUNNING = BODIES.pass;
const STOPPED = { health_state: 'healthy', rollout_gate: 'hold', reason_code: 'stopped' };

/** What the gate of the service makes of that; an observation of what stands after a stop is `stopped`. */
export function observationOf(said: Exclude<Said, 'silence'>): Observation {
  if (said === 'malformed' || said === 'misconfigured')
    return { kind: said, code: 'http_failed', detail: '' };
  return readers['tau-cortex-status'](BODIES[said]);
}
export const RUNNING_OBSERVATION: Observation = readers['tau-cortex-status'](RUNNING);

/** Whether a rollback attempt stops the system, and whether it stays stopped. */
export interface Attempt {
  readonly stops: boolean;
  readonly stays: boolean;
}

export interface ScriptedSystem {
  readonly serviceUrl: string;
  readonly brakeUrl: string;
  /** How often the service was asked. */
  readonly questions: number;
  /** A person has the rollback tried again. */
  nextAttempt(): void;
  close(): Promise<void>;
}

/**
 * A system on loopback that says what a script tells it to. `service` is what rounds and samples look at: its answers come
 * in the order of the questions. `brake` runs until the rollback's command leaves its mark, and then does as the attempt says.
 *
 * @param heard is told of each question to the service, from 1, before it is answered
 */
export async function serveScript(
  says: readonly Said[],
  attempts: readonly Attempt[],
  mark: string,
  heard: (question: number) => void = () => {},
): Promise<ScriptedSystem> {
  let questions = 0;
  let attempt = 0;
  let stopped = false;
  let heldSince = 0;

  async function brake(): Promise<object> {
    if (await taken(mark)) {
      // A mark after it was stopped once is another attempt's.
      if (heldSince > 0) attempt += 1;
      heldSince = 0;
      stopped = attempts[attempt]?.stops ?? true;
    }
    if (!stopped) return RUNNING;
    heldSince += 1;
    if (heldSince > 1 && attempts[attempt]?.stays === false) stopped = false;
    return stopped ? STOPPED : RUNNING;
  }

  const held: ServerResponse[] = [];
  function service(response: ServerResponse): void {
    const said = says[questions] ?? 'pass';
    questions += 1;
    heard(questions);
    if (said === 'silence') held.push(response);
    else if (said === 'misconfigured') response.writeHead(404).end();
    else response.end(said === 'malformed' ? 'not JSON' : JSON.stringify(BODIES[said]));
  }

  const server = createServer((request, response) => {
    response.setHeader('content-type', 'application/json');
    if (request.url === '/service') service(response);
    else
      void brake().then(
        (body) => response.end(JSON.stringify(body)),
        () => response.writeHead(500).end(),
      );
  });
  server.listen(0, '127.0.0.1');
  await once(server, 'listening');
  const address = server.address();
  if (address === null || typeof address === 'string') throw new Error('no TCP address');
  const base = `http://127.0.0.1:${address.port}`;
  return {
    serviceUrl: `${base}/service`,
    brakeUrl: `${base}/brake`,
    get questions() {
      return questions;
    },
    nextAttempt() {
      attempt += 1;
      heldSince = 0;
      stopped = false;
    },
    close: async () => {
      server.close();
      server.closeAllConnections();
      await once(server, 'close');
    },
  };
}

async function taken(mark: string): Promise<boolean> {
  const there = await stat(mark).then(
    () => true,
    () => false,
  );
  if (there) await rm(mark, { force: true });
  return there;
}
