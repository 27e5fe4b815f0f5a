// npm run test:powercut: cuts the power of a real file system while runs are written, and looks for what was acknowledged.
//
// An XFS in a file is mounted by a loop device. A process writes runs into it (test/deep/evidence-writes) and says what it was told
// is durable. At a seeded random moment `xfs_io -x -c shutdown` ends the file system: what was not flushed is gone, the log too
// unless it is flushed first (every fourth cut). Then it is mounted again, which replays its log, and every file is read: what was
// acknowledged is there, byte for byte, what was not is absent or whole, and the next process goes on in the same folder. Before
// every third cut the process is killed and another one goes on first.
//
// A control comes before: the same without a single fsync must lose something, or these cuts cut nothing.
//
// A shutdown is not as sudden as a power cut: processes live on, and an fsync that it overtakes may say yes. So each record is
// acknowledged as of when the process was told (one clock for all processes), and one told after the cut began may be absent; it is
// counted and printed. Where the proof ends: the file system loses what it had not written to its device; a device that lies about having written is
// not played. CUTS (100), SEED.
import { spawn, spawnSync } from 'node:child_process';
import { createHash } from 'node:crypto';
import {
  existsSync,
  mkdirSync,
  mkdtempSync,
  readdirSync,
  readFileSync,
  rmSync,
  truncateSync,
  writeFileSync,
} from 'node:fs';
import { tmpdir } from 'node:os';
import { join, relative } from 'node:path';
import { createInterface } from 'node:readline';
import { setTimeout as wait } from 'node:timers/promises';

const CUTS = whole('CUTS', 100);
const SEED = whole('SEED', Math.floor(Math.random() * 2 ** 31));
const CONTROL_CUTS = 5;
/** The least that mkfs.xfs makes is 300 MB; the file is sparse. */
const DISK_BYTES = 400 * 1024 * 1024;
const LONGEST_MS = 1_500;
const driver = join(import.meta.dirname, '..', 'test', 'deep', 'evidence-writes', 'driver.mjs');

refuseUnlessPossible();
const scratch = mkdtempSync(join(tmpdir(), 'promote-powercut-'));
const disk = join(scratch, 'disk');
const mounted = join(scratch, 'mounted');
const root = join(mounted, 'var', 'reports');
const below = seeded(SEED);
/** The process that writes now. */
let writing;
for (const [signal, code] of [
  ['SIGINT', 130],
  ['SIGTERM', 143],
])
  process.on(signal, () => process.exit(code));
process.on('exit', clearUp);

say(`SEED=${SEED} CUTS=${CUTS}`);
const control = await cutOften(CONTROL_CUTS, ['unsynced']);
if (control.problems.length === 0)
  fail('nothing was lost without a single fsync: these cuts cut nothing here');
say(
  `control: without fsync ${CONTROL_CUTS} cuts left ${control.problems.length} problems in ${control.acknowledged} records`,
);
const proof = await cutOften(CUTS, []);
for (const problem of proof.problems) say(problem);
say(
  `${CUTS} cuts (${proof.killed} after a kill, ${proof.flushed} with the log flushed): ${proof.acknowledged} acknowledged records, ${proof.problems.length} lost or changed; ` +
    `${proof.unacknowledged.size} files that nobody had been told of before the cut, all whole unless named above; ${proof.during} told while the cut was under way, ${proof.duringLost} of them absent; ${proof.unfinished} unfinished files; ${proof.runs} runs sealed`,
);
process.exit(proof.problems.length === 0 ? 0 : 1);

async function cutOften(cuts, options) {
  makeDisk();
  /** Digest by path of all that was ever acknowledged. */
  const acknowledged = new Map();
  const problems = [];
  const figures = {
    killed: 0,
    flushed: 0,
    during: 0,
    duringLost: 0,
    unacknowledged: new Set(),
    unfinished: 0,
    runs: 0,
  };
  run('mount', ['-o', 'loop', disk, mounted]);
  for (let cut = 1; cut <= cuts; cut += 1) {
    if (cut % 3 === 0) {
      const lost = write(acknowledged, options);
      await lost.busyFor(below(LONGEST_MS));
      await lost.kill();
      figures.killed += 1;
    }
    const writer = write(acknowledged, options);
    await writer.busyFor(below(LONGEST_MS));
    const flush = cut % 4 === 0;
    const cutAt = Number(process.hrtime.bigint()) / 1e6;
    if (flush) figures.flushed += 1;
    run('xfs_io', ['-x', '-c', flush ? 'shutdown -f' : 'shutdown', mounted]);
    // What it was told before the cut, it says before it ends; it ends by itself, since every further write is refused.
    await writer.ended();
    const during = writer.takeBack(cutAt);
    figures.during += during.size;
    run('umount', [mounted]);
    run('mount', ['-o', 'loop', disk, mounted]);
    problems.push(...lookedThrough(acknowledged, during, figures).map((problem) => `cut ${cut}: ${problem}`));
    // A store that trusts the cache tears its own files, and can't go on with them.
    if (options.length > 0) remakeDisk(acknowledged);
    else if (writer.bug !== undefined) problems.push(`cut ${cut}: ${writer.bug}`);
    if (cut % 10 === 0)
      say(`${cut} cuts, ${acknowledged.size} acknowledged records, ${problems.length} problems`);
  }
  run('umount', [mounted]);
  return { ...figures, acknowledged: options.length > 0 ? figures.seen : acknowledged.size, problems };
}

/** A process that writes runs without end, and what it says. */
function write(acknowledged, options) {
  const child = (writing = spawn(process.execPath, [driver, ...options], {
    stdio: ['pipe', 'pipe', 'inherit'],
    env: { PATH: process.env.PATH },
  }));
  const from = Math.max(
    1,
    ...[...acknowledged.keys()].map((path) => Number(/^heads\/t\/0*(\d+)\.json$/.exec(path)?.[1] ?? 1)),
  );
  child.stdin.end(`${JSON.stringify({ root, from, until: 0, again: false })}\n`);
  const writer = { bug: undefined, busyFor, kill, ended, takeBack };
  /** What this process was the first to be told, and when. */
  const own = new Map();
  let begun;
  const firstAcknowledged = new Promise((resolve) => (begun = resolve));
  const closed = new Promise((resolve) => child.once('close', (code, signal) => resolve(signal ?? code)));
  createInterface({ input: child.stdout }).on('line', (line) => {
    const said = JSON.parse(line);
    if (said.what === 'kept') {
      const path = `${said.folder}/${said.path}`;
      const before = acknowledged.get(path);
      if (before !== undefined && before !== said.sha256)
        writer.bug = `${path} was ${before} and is ${said.sha256}`;
      if (before === undefined) own.set(path, said.at);
      acknowledged.set(path, said.sha256);
      begun();
    }
    if (said.what === 'refused' && said.code !== 'unavailable') writer.bug = `refused: ${said.code}`;
  });

  async function busyFor(ms) {
    await Promise.race([firstAcknowledged, closed]);
    await wait(ms);
    if (child.exitCode !== null) writer.bug ??= 'it ended before the cut';
  }
  /** A machine without power tells nobody anything: what was told first when the cut had begun counts as not acknowledged. */
  function takeBack(cutAt) {
    const during = new Map();
    for (const [path, at] of own) {
      if (at < cutAt) continue;
      during.set(path, acknowledged.get(path));
      acknowledged.delete(path);
    }
    return during;
  }
  async function kill() {
    child.kill('SIGKILL');
    await closed;
  }
  async function ended() {
    const how = await closed;
    if (how !== 0) writer.bug ??= `ended by ${how}`;
  }
  return writer;
}

/** What is not as it was acknowledged; and files that nobody was told of have to be whole. */
function lookedThrough(acknowledged, during, figures) {
  const problems = [];
  const found = existsSync(root) ? filesIn(root) : [];
  const there = new Set(found);
  for (const [path, digest] of acknowledged) {
    if (!there.has(path)) problems.push(`${path} is lost`);
    else if (digestOf(readFileSync(join(root, path))) !== digest) problems.push(`${path} is changed`);
  }
  for (const [path, digest] of during) {
    if (!there.has(path)) figures.duringLost += 1;
    else if (digestOf(readFileSync(join(root, path))) !== digest) problems.push(`${path} is changed`);
  }
  figures.seen = (figures.seen ?? 0) + acknowledged.size;
  figures.runs = found.filter((path) => path.startsWith('heads/')).length;
  figures.unfinished = found.filter((path) => path.includes('/.tmp-')).length;
  for (const path of found) {
    if (acknowledged.has(path) || path.includes('/.tmp-')) continue;
    figures.unacknowledged.add(path);
    // The next process meets every one of them with the bytes that belong there: a torn one of another kind is a conflict then.
    if (path.endsWith('.json') && !isJson(readFileSync(join(root, path), 'utf8')))
      problems.push(`${path} is torn`);
  }
  return problems;
}

function filesIn(folder) {
  return readdirSync(folder, { recursive: true, withFileTypes: true })
    .filter((entry) => entry.isFile())
    .map((entry) => relative(folder, join(entry.parentPath, entry.name)));
}

function digestOf(bytes) {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

function isJson(text) {
  try {
    JSON.parse(text);
    return true;
  } catch {
    return false;
  }
}

function makeDisk() {
  rmSync(disk, { force: true });
  writeFileSync(disk, '');
  truncateSync(disk, DISK_BYTES);
  mkdirSync(mounted, { recursive: true });
  run('mkfs.xfs', ['-q', disk]);
}

function remakeDisk(acknowledged) {
  run('umount', [mounted]);
  makeDisk();
  run('mount', ['-o', 'loop', disk, mounted]);
  acknowledged.clear();
}

function clearUp() {
  if (writing?.exitCode === null) writing.kill('SIGKILL');
  // A process that is just ending still holds the file system.
  for (let times = 0; times < 50 && isMounted(); times += 1) {
    spawnSync('umount', [mounted], { stdio: 'ignore' });
    if (isMounted()) Atomics.wait(new Int32Array(new SharedArrayBuffer(4)), 0, 0, 100);
  }
  // Never through a mount that stayed.
  if (isMounted()) say(`left mounted: ${mounted}`);
  else rmSync(scratch, { recursive: true, force: true });
}

function isMounted() {
  return readFileSync('/proc/mounts', 'utf8').includes(` ${mounted} `);
}

function refuseUnlessPossible() {
  if (process.getuid() !== 0)
    fail('mounting a file system needs root: run it as root, on a machine that may lose it', 2);
  for (const [command, packaged] of [
    ['mkfs.xfs', 'xfsprogs'],
    ['xfs_io', 'xfsprogs'],
    ['mount', 'mount'],
  ])
    if (spawnSync(command, ['-V'], { stdio: 'ignore' }).error !== undefined)
      fail(`${command} is missing: apt-get install ${packaged}`, 2);
  if (!existsSync(join(import.meta.dirname, '..', 'dist', 'src', 'wiring.js')))
    fail('not built: npm run build', 2);
}

function run(command, args) {
  const { status, error, stderr } = spawnSync(command, args, { encoding: 'utf8' });
  if (status !== 0) fail(`${command} ${args.join(' ')}: ${error?.message ?? stderr.trim()}`);
}

function whole(name, otherwise) {
  const given = process.env[name];
  if (given === undefined) return otherwise;
  if (!/^\d{1,9}$/.test(given)) fail(`${name} is a whole number`, 2);
  return Number(given);
}

/** The same seed gives the same moments: mulberry32. */
function seeded(seed) {
  let state = seed >>> 0;
  return (limit) => {
    state = (state + 0x6d2b79f5) >>> 0;
    let mixed = state;
    mixed = Math.imul(mixed ^ (mixed >>> 15), mixed | 1);
    mixed ^= mixed + Math.imul(mixed ^ (mixed >>> 7), mixed | 61);
    return (((mixed ^ (mixed >>> 14)) >>> 0) / 2 ** 32) * limit;
  };
}

function say(line) {
  process.stdout.write(`powercut: ${line}\n`);
}

function fail(line, code = 1) {
  process.stderr.write(`powercut: ${line}\n`);
  process.exit(code);
}
