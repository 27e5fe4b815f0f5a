import { setFlagsFromString } from 'node:v8';

import { readiness } from './readiness.js';
import type { ReadinessPlace } from './readiness-request.js';

/** The process of one `promote readiness`, which bin/promote starts without the rest of the command line. */
export async function readinessMain(args: readonly string[], place: ReadinessPlace): Promise<never> {
  // undici's parser of HTTP is compiled once: to optimise it takes longer than all that it will ever parse here.
  setFlagsFromString('--liftoff-only');
  for (const stream of [process.stdout, process.stderr])
    // A reader that has seen enough, as in `promote readiness | head`, changes no verdict.
    stream.on('error', () => undefined);
  const exitCode = await readiness(args, place);
  await Promise.all([written(process.stdout), written(process.stderr)]);
  // What a client keeps for a next question would hold the process for half a second.
  process.exit(exitCode);
}

function written(stream: NodeJS.WriteStream): Promise<void> {
  return new Promise((resolve) => void stream.write('', () => resolve()));
}
