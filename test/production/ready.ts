import { execFile } from 'node:child_process';
import { setTimeout as pause } from 'node:timers/promises';
import { promisify } from 'node:util';

import type { Service } from '../support/compose-file.js';
import type { Part } from './part.js';

const run = promisify(execFile);
const GIVEN_UP_MS = 120_000;

/**
 * Asks by the service's own health check until it says yes, with what is elsewhere here in place of what it has in a container.
 * Throws with the part's last words when it is gone, or doesn't become healthy.
 */
export async function becomesHealthy(
  part: Part,
  { healthcheck }: Service,
  elsewhere: (argument: string) => string,
  env: NodeJS.ProcessEnv,
): Promise<void> {
  if (healthcheck === undefined) throw new Error('no health check');
  const [command, ...args] = healthcheck.test.slice(1).map(elsewhere);
  if (command === undefined) throw new Error('an empty health check');
  const until = performance.now() + GIVEN_UP_MS;
  for (;;) {
    try {
      await run(command, args, { env, timeout: 5_000 });
      return;
    } catch (error) {
      if (part.gone || performance.now() > until)
        throw new Error(`${part.gone ? 'gone' : 'not healthy'}: ${part.lastWords()}`, { cause: error });
      await pause(100);
    }
  }
}
