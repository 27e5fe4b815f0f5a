// Proves that no failed call, and no kill between two calls, costs what was acknowledged: strace puts a fault into every call by
// which a whole run is written, one at a time. After it the same process goes on, or a new one does, and the files come out byte
// for byte as without a fault. Where the proof ends: what reached the disk is not asked here (npm run test:powercut does), and a
// kill of the process is not one of the machine.
//
// By default each call fails once, in one of four ways in turn, and every FAULT_STRIDE-th is where the process is killed.
// FAULTS=all tries every fault at every call, opening and closing too.
import { mkdtempSync, realpathSync, rmSync } from 'node:fs';
import { access } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { afterAll, afterEach, beforeAll, beforeEach, describe, expect, test } from 'vitest';

import { AROUND, findCallSites, injectionAt, WRITING, type CallSite } from './evidence-writes/call-sites.js';
import { Driver, type Said } from './evidence-writes/driver-process.js';
import { filesIn, problemsOf, type KeptFiles } from './evidence-writes/kept-files.js';
import { trace } from './evidence-writes/tracer.js';

const ALL = process.env['FAULTS'] === 'all';
const STRIDE = ALL ? 1 : Number(process.env['FAULT_STRIDE'] ?? 7);
/** Thousands of cases take as long as they take. */
const TIMEOUT_MS = ALL ? 14_400_000 : 600_000;
const CALLS = ALL ? [...WRITING, ...AROUND] : WRITING;

interface Fault {
  readonly site: CallSite;
  /** As strace writes it. */
  readonly fault: 'error=ENOSPC' | 'error=EIO' | 'signal=SIGKILL';
  /** Whether the same process tries again, or another one begins anew. */
  readonly again: boolean;
}

const WAYS = [
  { fault: 'error=ENOSPC', again: true },
  { fault: 'error=EIO', again: false },
  { fault: 'error=EIO', again: true },
  { fault: 'error=ENOSPC', again: false },
] as const;

/** Without them a run goes on, and owes the record: a rollback, and a watch, wait for no disk. */
const OWED =
  /\/(?:promotion\/[^/]+\.(?:done\.json|out\.txt)|remediation-1\/[^/]+|watch\/[^/]+|rollback\/[^/]+)$/;
/** Differs where a record is owed: the last run’s manifest, what signs it, and the head that names it. */
const OVER_ALL =
  /^(?:[^/]+-00000002\/(?:manifest\.json|attestations\.intoto\.jsonl)|heads\/t\/00000002\.json)$/;

const outcomes = new Map<string, number>();
const count = (what: string): void => void outcomes.set(what, (outcomes.get(what) ?? 0) + 1);

let scratch: string;
let driver: Driver;
let whole: KeptFiles;
let sites: readonly CallSite[];

beforeAll(async () => {
  // In memory where there is such a folder: what matters here are the calls, not the disk.
  const memory = await access('/dev/shm').then(
    () => '/dev/shm',
    () => tmpdir(),
  );
  scratch = realpathSync(mkdtempSync(join(memory, 'promote-faults-')));
  const counting = await Driver.start();
  const root = join(scratch, 'whole', 'reports');
  sites = await findCallSites(counting, root, join(scratch, 'log'), CALLS);
  await counting.end();
  whole = filesIn(root).kept;
});

beforeEach(async () => {
  driver = await Driver.start();
});

afterEach(() => driver.end());

afterAll(() => {
  rmSync(scratch, { recursive: true, force: true });
  const told = [...outcomes].map(([what, times]) => `${times} ${what}`).join(', ');
  process.stderr.write(`fault injection: ${told}\n`);
});

/** What was acknowledged until something else was said than that. */
async function heard(from: Driver, acknowledged: Map<string, string>): Promise<Said> {
  for (;;) {
    const said = await from.next();
    if (said.what !== 'kept') return said;
    acknowledged.set(`${said.folder}/${said.path}`, said.sha256);
  }
}

/** Files under final names are whole ones, each as it is without a fault, and nothing acknowledged is missing. */
function expectWhole(root: string, acknowledged: ReadonlyMap<string, string>): KeptFiles {
  const { kept, unfinished } = filesIn(root);
  if (unfinished > 0) count('left an unfinished file');
  const settled = [...kept].filter(([path]) => !OVER_ALL.test(path));
  for (const [path, digest] of settled) expect([path, digest]).toEqual([path, whole.get(path)]);
  for (const [path, digest] of acknowledged) expect([path, kept.get(path)]).toEqual([path, digest]);
  return kept;
}

/** Puts the fault into its call, lets the run go on or begin anew, and looks at what is there. */
async function suffer({ site, fault, again }: Fault): Promise<void> {
  const root = join(scratch, 'case', 'reports');
  const acknowledged = new Map<string, string>();
  const victim = fault === 'signal=SIGKILL' ? await Driver.start() : driver;
  try {
    const first = await struck(victim, root, { site, fault, again }, acknowledged);
    const absorbed = first.what === 'passed';
    const goesOn = again ? ['passed', 'refused'] : ['passed'];
    let said = first;
    while (goesOn.includes(said.what)) said = await heard(victim, acknowledged);
    if (said.what === 'died' || said.what === 'refused') {
      const before = expectWhole(root, acknowledged);
      if (said.what === 'refused') expect(await heard(victim, acknowledged)).toEqual(REFUSED);
      driver.order({ root, again: false, pauseAt: undefined });
      said = await heard(driver, acknowledged);
      const after = filesIn(root).kept;
      for (const [path, digest] of before) expect([path, after.get(path)]).toEqual([path, digest]);
    }
    expect(said).toEqual(WRITTEN);
    const kept = expectWhole(root, acknowledged);
    const missing = [...whole.keys()].filter((path) => !kept.has(path));
    expect(missing.filter((path) => !absorbed || !OWED.test(path))).toEqual([]);
    if (missing.length > 0) count('went on and owe a record');
    expect(problemsOf(root, kept)).toEqual([]);
  } finally {
    if (victim !== driver) await victim.end();
    rmSync(join(scratch, 'case'), { recursive: true, force: true });
  }
}

const WRITTEN = { what: 'ended', how: 'written' };
const REFUSED = { what: 'ended', how: 'refused' };
const CODES = { 'error=EIO': 'unavailable', 'error=ENOSPC': 'full' } as const;

/** What the process says first after the fault; that it met the fault, and exactly this one, is made sure of. */
async function struck(
  victim: Driver,
  root: string,
  { site, fault, again }: Fault,
  acknowledged: Map<string, string>,
): Promise<Said> {
  victim.order({ root, again, pauseAt: site.step });
  expect(await heard(victim, acknowledged)).toEqual({ what: 'paused', step: site.step });
  const options = injectionAt(site, fault, victim, root);
  const tracing = await trace(victim.thread, join(scratch, 'log'), [site.call], options);
  victim.goOn();
  const said = await heard(victim, acknowledged);
  const calls = await tracing.stop();
  if (fault === 'signal=SIGKILL') {
    // No step waits for a close: it may have passed when it is struck in one.
    const end = said.what === 'passed' ? await heard(victim, acknowledged) : said;
    expect(end).toEqual({ what: 'died', signal: 'SIGKILL' });
    count('were killed, and a new process went on');
    return end;
  }
  expect(calls.filter(({ injected }) => injected).map(({ name }) => name)).toEqual([site.call]);
  if (said.what === 'passed') count('went on');
  else {
    expect(said).toEqual({ what: 'refused', code: CODES[fault] });
    count(again ? 'were refused, and tried again' : 'were refused, and began anew');
  }
  return said;
}

describe('a call that fails while a run is written', () => {
  test(
    'costs nothing that was acknowledged, whichever it is',
    async () => {
      const faults = sites.flatMap((site, index): Fault[] => {
        const ways = ALL ? WAYS : [WAYS[index % WAYS.length] ?? WAYS[0]];
        return ways.map((way) => ({ site, ...way }));
      });
      await sufferAll(faults);
    },
    TIMEOUT_MS,
  );

  test(
    'costs nothing either where it is the last one before the process is killed',
    async () => {
      const killed = sites.filter((_, index) => index % STRIDE === 0);
      await sufferAll(killed.map((site) => ({ site, fault: 'signal=SIGKILL', again: false })));
    },
    TIMEOUT_MS,
  );
});

describe('a disk that is full from the middle of a run on', () => {
  test('is told as full for as long as it is, and the run goes on by itself when there is room', async () => {
    const root = join(scratch, 'case', 'reports');
    const acknowledged = new Map<string, string>();
    const middle = sites.find(({ path }) => path.endsWith('-00000002/journal/00000006.json'));
    if (middle === undefined) throw new Error('no such entry of the journal');
    driver.order({ root, again: true, pauseAt: middle.step });
    expect(await heard(driver, acknowledged)).toEqual({ what: 'paused', step: middle.step });
    const before = filesIn(root).kept;
    const full = ['-e', 'inject=link,mkdir:error=ENOSPC'];
    const tracing = await trace(driver.thread, join(scratch, 'log'), ['link', 'mkdir'], full);
    driver.goOn();
    for (let times = 0; times < 3; times += 1)
      expect(await heard(driver, acknowledged)).toEqual({ what: 'refused', code: 'full' });
    expect(filesIn(root).kept).toEqual(before);
    const refused = await tracing.stop();
    expect(refused.filter(({ injected }) => injected).length).toBeGreaterThanOrEqual(3);
    let said = await heard(driver, acknowledged);
    // What was on its way when there was room again.
    while (said.what === 'refused') said = await heard(driver, acknowledged);
    expect(said).toEqual({ what: 'passed', step: middle.step });
    expect(await heard(driver, acknowledged)).toEqual(WRITTEN);
    expect(expectWhole(root, acknowledged)).toEqual(whole);
    rmSync(join(scratch, 'case'), { recursive: true });
  });
});

async function sufferAll(faults: readonly Fault[]): Promise<void> {
  for (const each of faults) {
    const { site, fault, again } = each;
    try {
      await suffer(each);
    } catch (cause) {
      const how = again ? 'tried again' : 'begun anew';
      const where = `${site.call} ${site.nth} of step ${site.step}, ${site.path}`;
      throw new Error(`${fault} in ${where}, ${how}`, { cause });
    }
  }
  const calls = [...new Set(faults.map(({ site }) => site.call))];
  const told = calls
    .map((call) => `${faults.filter(({ site }) => site.call === call).length} ${call}`)
    .join(', ');
  process.stderr.write(`fault injection: ${faults.length} cases over ${sites.length} calls (${told})\n`);
}
