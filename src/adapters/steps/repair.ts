import { setTimeout as sleep } from 'node:timers/promises';

import type { Runbook } from '../../contracts/runbook.js';
import type { Asking } from '../asking.js';
import { runRepair, type Said } from './action-steps.js';

const MAX_BACKOFF_MS = 30_000;

/**
 * Tries a repair until it is answered, the runbook's attempts are used up, or its time is over. Only no answer is tried
 * again: a command that failed or a request that was lost, never a wrong question. Whether it helped is for the next round
 * to say.
 *
 * @returns every attempt in its order, at least one
 * @throws the reason of `asking.signal`
 */
export async function tryRepair(
  repair: Pick<
    Runbook['remediation']['repairs'][number],
    'http' | 'command' | 'attempts' | 'backoff' | 'deadline'
  >,
  asking: Asking,
): Promise<readonly Said[]> {
  const endsAt = Date.now() + repair.deadline;
  const tried: Said[] = [await runRepair(repair, asking)];
  for (let waitMs = repair.backoff; ; waitMs = Math.min(waitMs * 2, MAX_BACKOFF_MS)) {
    const again = tried.at(-1)?.probed.kind === 'unreachable' && tried.length < repair.attempts;
    if (!again || Date.now() + waitMs >= endsAt) return tried;
    await sleep(waitMs, undefined, { signal: asking.signal });
    tried.push(await runRepair({ ...repair, deadline: Math.max(1, endsAt - Date.now()) }, asking));
  }
}
