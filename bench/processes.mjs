// Servers and workers in processes of their own, and what they use.
import { fork } from 'node:child_process';
import { once } from 'node:events';
import { readFileSync } from 'node:fs';
import { mkdtemp, rm, writeFile } from 'node:fs/promises';
import { homedir, tmpdir } from 'node:os';
import { dirname, join } from 'node:path';

import { bundleWorkflowCode, DefaultLogger } from '@temporalio/worker';

import { findOrStartEngine } from '../dist/src/engine/engine.js';
import { SEARCH_ATTRIBUTES } from '../dist/workflows/messages.js';

/** A development server with its state in a file; `use` is given its address and processes. */
export async function withFileServer(use) {
  const folder = await mkdtemp(join(tmpdir(), 'promote-bench-'));
  const engine = await findOrStartEngine({
    dataDir: folder,
    cacheDir: join(homedir(), '.cache', 'promote'),
    address: undefined,
    executable: undefined,
    port: undefined,
    timeSkipping: false,
    inMemory: false,
    searchAttributes: SEARCH_ATTRIBUTES,
    env: { PATH: process.env.PATH },
    say: () => {},
  });
  try {
    return await use({ address: engine.address, pids: () => [engine.pid] });
  } finally {
    await engine.stop();
    await rm(folder, { recursive: true, force: true });
  }
}

/** What the image has malloc do; for both kinds. */
const MALLOC = Object.fromEntries(
  [...readFileSync(join(import.meta.dirname, '../Dockerfile'), 'utf8').matchAll(/\b(MALLOC_\w+)=(\d+)/g)].map(
    ([, name, value]) => [name, value],
  ),
);
if (Object.keys(MALLOC).length === 0) throw new Error('the Dockerfile says nothing of malloc');

/** A worker of one kind; `use` is given its process. */
export async function withWorkerProcess(settings, use) {
  // Ours is part of the build. To bundle in the worker's process would count as its memory.
  const bundle = settings.kind === 'least' ? await leastBundle() : undefined;
  const worker = fork(
    join(import.meta.dirname, 'worker-process.mjs'),
    [JSON.stringify({ ...settings, bundle })],
    { stdio: ['ignore', 'ignore', 'inherit', 'ipc'], env: { ...process.env, ...MALLOC } },
  );
  const ended = once(worker, 'exit');
  try {
    await answerOf(worker);
    return await use(worker);
  } finally {
    if (worker.connected) worker.disconnect();
    await ended;
    if (bundle !== undefined) await rm(dirname(bundle), { recursive: true });
  }
}

/** Of all threads of a worker's process. */
export async function collectGarbageOf(worker) {
  const answer = answerOf(worker);
  worker.send('collect');
  const { collected } = await answer;
  // The main thread's, and the one's that runs workflows.
  if (collected !== 2) throw new Error(`garbage of ${collected} threads was collected`);
}

async function answerOf(worker) {
  const done = new AbortController();
  const { signal } = done;
  try {
    return await Promise.race([
      once(worker, 'message', { signal }).then(([answer]) => answer),
      once(worker, 'exit', { signal }).then(([code]) => {
        throw new Error(`the worker ended with ${code}`);
      }),
    ]);
  } finally {
    done.abort();
  }
}

/** A file with the least workflow's bundle, with the modules shared as ours are (worker/bundle.ts), in a folder of its own. */
async function leastBundle() {
  const workflowsPath = join(import.meta.dirname, 'least', 'workflow.mjs');
  const { code } = await bundleWorkflowCode({
    workflowsPath,
    preloadModules: [join(import.meta.dirname, '../dist/workflows/stack-traces.js'), workflowsPath],
    logger: new DefaultLogger('ERROR'),
  });
  const bundle = join(await mkdtemp(join(tmpdir(), 'promote-bench-')), 'least.js');
  await writeFile(bundle, code);
  return bundle;
}

/** Processes with those that they started; of PostgreSQL one a connection. proc(5), children. */
export function withChildren(pids) {
  return pids.flatMap((pid) => [
    pid,
    ...readFileSync(`/proc/${pid}/task/${pid}/children`, 'utf8').split(' ').filter(Boolean).map(Number),
  ]);
}

const TICK_MS = 10;

/** User and system time that a process used, with that of its ended children; ms. proc(5), fields 14 to 17. */
export function cpuMsOf(pids) {
  return pids.reduce((sum, pid) => {
    const stat = statOf(pid);
    // One that ended since is in what its parent used.
    if (stat === undefined) return sum;
    const fields = stat.slice(stat.lastIndexOf(')') + 2).split(' ');
    return sum + fields.slice(11, 15).reduce((ticks, field) => ticks + Number(field), 0) * TICK_MS;
  }, 0);
}

function statOf(pid) {
  try {
    return readFileSync(`/proc/${pid}/stat`, 'utf8');
  } catch (error) {
    if (error.code === 'ENOENT' || error.code === 'ESRCH') return undefined;
    throw error;
  }
}

/** Resident memory, bytes. proc(5), VmRSS. */
export function memoryOf(pids) {
  return pids.reduce((sum, pid) => {
    const [, kilobytes = 0] = /VmRSS:\s+(\d+) kB/.exec(readFileSync(`/proc/${pid}/status`, 'utf8')) ?? [];
    return sum + Number(kilobytes) * 1_024;
  }, 0);
}
