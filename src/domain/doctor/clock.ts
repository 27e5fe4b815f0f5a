import { ok, warning, wrong, type DoctorFinding } from './finding.js';

/** Times of one question to the server, ms since the epoch. */
export interface ServerTime {
  /** By this machine's clock. */
  readonly askedAt: number;
  readonly answeredAt: number;
  /** By the server's clock, in between. */
  readonly serverAt: number;
}

/** How far this machine's clock is ahead of the server's, ms: at least and at most, since an answer takes its time. */
export function skewOf({ askedAt, answeredAt, serverAt }: ServerTime): {
  readonly leastMs: number;
  readonly mostMs: number;
} {
  return { leastMs: askedAt - serverAt, mostMs: answeredAt - serverAt };
}

const NOTED_MS = 2_000;
/** A signed statement counts for 5 minutes: with a fifth of that gone to the clocks, people begin to be refused. */
const WRONG_MS = 60_000;

/**
 * Whether this machine's clock and the server's agree. Timers and deadlines of a promotion go by the server's clock;
 * signatures, keys' validity and the times in the evidence by the worker's.
 */
export function judgeClock(address: string, time: ServerTime): DoctorFinding {
  const { leastMs, mostMs } = skewOf(time);
  // What can't be told from the time that the answer took is not held against anybody.
  const provenMs = leastMs > 0 ? leastMs : mostMs < 0 ? -mostMs : 0;
  if (provenMs < NOTED_MS)
    return ok('clock', address, 'this machine and the server agree on the time, within 2 s');
  const what = `this machine's clock is ${seconds(provenMs)} ${leastMs > 0 ? 'ahead of' : 'behind'} the server's`;
  const todo = 'have both set by NTP (timedatectl status; chronyc tracking)';
  return provenMs < WRONG_MS ? warning('clock', address, what, todo) : wrong('clock', address, what, todo);
}

function seconds(ms: number): string {
  return `${(ms / 1_000).toFixed(1)} s`;
}
