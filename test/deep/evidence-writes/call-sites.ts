import { join } from 'node:path';

import type { Driver } from './driver-process.js';
import { trace, type TracedCall } from './tracer.js';

/** Calls by which evidence is written, one list for each kind of fault that is tried at every site. */
export const WRITING = [
  'write',
  'pwrite64',
  'fsync',
  'fdatasync',
  'link',
  'linkat',
  'rename',
  'renameat',
  'renameat2',
  'mkdir',
  'mkdirat',
  'unlink',
  'unlinkat',
];
/** What else a write needs. */
export const AROUND = ['openat', 'close'];

/** One call of a run's writes: which step makes it, and the how many-th of its kind it is in that step. */
export interface CallSite {
  readonly step: number;
  readonly call: string;
  readonly nth: number;
  /** Below the root. */
  readonly path: string;
}

/** Counts a whole run's calls: the fault goes into each of them in its turn. */
export async function findCallSites(
  driver: Driver,
  root: string,
  log: string,
  calls: readonly string[],
): Promise<readonly CallSite[]> {
  const tracing = await trace(driver.thread, log, [...calls, 'access'], []);
  driver.order({ root, again: false, pauseAt: 'every' });
  for (let said = await driver.next(); said.what !== 'ended'; said = await driver.next())
    if (said.what !== 'kept') throw new Error(`a run without faults: ${JSON.stringify(said)}`);
  return sitesIn(await tracing.stop(), root);
}

function sitesIn(traced: readonly TracedCall[], root: string): readonly CallSite[] {
  const sites: CallSite[] = [];
  const counted = new Map<string, number>();
  let step = 0;
  for (const { name: call, path } of traced) {
    const begins = /^\/step\/(\d+)$/.exec(path);
    if (begins !== null) {
      step = Number(begins[1]);
      counted.clear();
    }
    if (call === 'access' || step === 0) continue;
    // libuv's threads write to wake each other too: writes are counted by their file, all others by their kind.
    const kind = call.startsWith('write') ? `${call} ${path}` : call;
    const nth = (counted.get(kind) ?? 0) + 1;
    counted.set(kind, nth);
    if (path === root || path.startsWith(`${root}/`) || root.startsWith(`${path}/`))
      sites.push({ step, call, nth, path: path.slice(root.length + 1) });
  }
  return sites;
}

/** What makes strace put the fault into exactly this call of the driver's next order. */
export function injectionAt(
  { call, nth, path }: CallSite,
  fault: string,
  driver: Driver,
  root: string,
): readonly string[] {
  const inject = ['-e', `inject=${call}:${fault}:when=${nth}`];
  return call.startsWith('write') ? [...inject, '-P', join(root, unfinishedBy(driver, path))] : inject;
}

/** `.tmp-<pid>-<order><number>`, where order and number are counted: the driver draws no random names. */
function unfinishedBy({ pid, orders }: Driver, path: string): string {
  const order = orders.toString(16).padStart(8, '0');
  return path.replace(/\.tmp-\d+-[0-9a-f]{8}/, `.tmp-${pid}-${order}`);
}
