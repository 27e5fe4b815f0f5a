// A process that writes runs as a worker does: an order a line on stdin, and on stdout, a JSON line each, what came of it:
//   ready {thread, pid}           every call to the file system is made by this one thread (with UV_THREADPOOL_SIZE=1)
//   paused {step}                 it goes on when a line comes
//   passed {step}                 the step that it paused at is done
//   kept {folder, path, sha256, at}   it was told that this is durable; when, in ms of the machine's monotonic clock
//   refused {code}                by the evidence's own error; the step is tried again where the order says so and waiting can help
//   ended {how}                   `written`, or `refused`: it stopped at what was refused
// It lives until stdin ends. What is no EvidenceError ends it: that is a bug.
//
// An order: {root, from, until, again, pauseAt}. The target's runs, from 1; until 0 never ends.
// With the argument `unsynced` nothing is flushed: a store that trusts the cache, which a power cut has to find out. With
// `repeatable` the random names are counted, so that all processes write the same bytes through files of known names.
import crypto from 'node:crypto';
import fs, { writeSync } from 'node:fs';
import { access, readlink } from 'node:fs/promises';
import { syncBuiltinESMExports } from 'node:module';
import { basename } from 'node:path';
import { createInterface } from 'node:readline';

const options = process.argv.slice(2);
const counted = { order: 0, drawn: 0 };
if (options.includes('repeatable')) countRandomNames();
if (options.includes('unsynced')) trustTheCache();

const { sha256 } = await import('../../../dist/src/adapters/canonical.js');
const { EvidenceError } = await import('../../../dist/src/adapters/evidence/evidence-error.js');
const { createFileStore } = await import('../../../dist/src/adapters/evidence/file-store.js');
const { RunEvidence } = await import('../../../dist/src/adapters/evidence/run-evidence.js');
const { loadWrittenRunbook, nameOf, stepsOf } = await import('./whole-run.mjs');

const PAUSE_MS = 20;

// On the main thread, and never by a stream: the line is out before the next call to the file system begins.
const say = (what, told) => writeSync(1, `${JSON.stringify({ what, ...told })}\n`);

const loaded = await loadWrittenRunbook();
const lines = createInterface({ input: process.stdin })[Symbol.asyncIterator]();
say('ready', { thread: Number(basename(await readlink('/proc/thread-self'))), pid: process.pid });
for (let line = await lines.next(); line.done !== true; line = await lines.next()) {
  counted.order += 1;
  counted.drawn = 0;
  say('ended', { how: await written(JSON.parse(line.value)) });
}

function tell(folder, path, digest) {
  say('kept', { folder, path, sha256: digest, at: Number(process.hrtime.bigint()) / 1e6 });
}

/** Each order finds the state of a new process: all of it is in the store and in what reads it. */
async function written({ root, from, until, again, pauseAt }) {
  const kept = createFileStore(root);
  const store = {
    ...kept,
    put: async (folder, path, bytes) => {
      const put = await kept.put(folder, path, bytes);
      tell(folder, path, put.sha256);
      return put;
    },
  };
  const evidence = new RunEvidence(store);
  let step = 0;
  const last = until === 0 ? Infinity : until;
  for (let n = from; n <= last; n += 1) {
    // A target's first run is a short one: the one before the run that matters.
    for (const write of stepsOf(evidence, loaded, n, n === 1 ? 'short' : 'whole')) {
      step += 1;
      if (pauseAt === 'every') await seenByTracers(step);
      if (pauseAt === step) {
        say('paused', { step });
        await lines.next();
      }
      if ((await carriedOut(write, again)) === 'refused') return 'refused';
      if (pauseAt === step) say('passed', { step });
      if (pauseAt === 'every') await seenByTracers(0);
    }
    if ((await carriedOut(() => tellSealed(kept, n), again)) === 'refused') return 'refused';
  }
  return 'written';
}

/** What sealing promises, also where it finds the work of a process that was lost. */
async function tellSealed(kept, n) {
  const head = `t/${String(n).padStart(8, '0')}.json`;
  for (const [folder, path] of [
    [nameOf(n).folder, 'manifest.json'],
    ['heads', head],
  ])
    tell(folder, path, sha256(await kept.get(folder, path)));
}

async function carriedOut(write, again) {
  for (;;) {
    try {
      await write();
      return 'written';
    } catch (error) {
      if (!(error instanceof EvidenceError)) throw error;
      say('refused', { code: error.code });
      if (!again || !error.retryable) return 'refused';
      await new Promise((resolve) => setTimeout(resolve, PAUSE_MS));
    }
  }
}

/** A call that stands in a trace where the step begins; 0 where it has ended. */
async function seenByTracers(step) {
  await access(`/step/${step}`).catch(() => undefined);
}

function countRandomNames() {
  crypto.randomBytes = (size) => {
    const bytes = Buffer.alloc(size);
    // A request's bits stay the same; a file that is not finished has a name of its own.
    if (size === 8) {
      counted.drawn += 1;
      bytes.writeUInt32BE(counted.order, 0);
      bytes.writeUInt32BE(counted.drawn, 4);
    }
    return bytes;
  };
  syncBuiltinESMExports();
}

function trustTheCache() {
  fs.fsync = (_, done) => process.nextTick(done, null);
  const { open } = fs;
  fs.open = (path, flags, ...rest) => open(path, flags & ~fs.constants.O_SYNC, ...rest);
}
