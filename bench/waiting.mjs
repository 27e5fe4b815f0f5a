// Many promotions that wait for approval on one worker: memory of worker and server, as the last one comes to wait and without the
// worker's garbage, what people wait for then, and the time to decide all; over as many of the least workflow, waiting for a signal.
import { Client, Connection } from '@temporalio/client';

import { connectClient } from '../dist/src/client.js';
import { GO_ON } from './least/messages.mjs';
import { shapeOf } from './least/shape.mjs';
import { approvalOf, withManyTargets } from './many-targets.mjs';
import { collectGarbageOf, cpuMsOf, memoryOf, withFileServer, withWorkerProcess } from './processes.mjs';
import { promoteOne, startLeast, startOne, waiting } from './promoting.mjs';
import { spread } from './promotions.mjs';

const COUNTS = (process.env.BENCH_COUNTS ?? '1000,10000').split(',').map(Number);
/** Deciding all takes as long as starting all: left out for the largest where time is short. */
const DECIDED = Number(process.env.BENCH_DECIDED ?? 10_000);
const AT_ONCE = 50;
const ASKED = 20;

export async function run() {
  const shape = await aShape();
  for (const count of COUNTS) {
    const figures = {};
    for (const kind of ['ours', 'least'])
      figures[kind] = await withFileServer((server) =>
        withManyTargets((many) => measure(kind, count, server, many, shape)),
      );
    for (const when of Object.keys(figures.ours)) {
      const [ours, least] = [figures.ours[when], figures.least[when]];
      const over = (part) =>
        `${megabytes(part(ours))} over ${megabytes(part(least))}: ${(part(ours) / part(least)).toFixed(2)}`;
      say(
        `${count} waiting, over the least workflow, ${when}: worker and server ${over(({ worker, server }) => worker + server)}; ` +
          `the worker ${over(({ worker }) => worker)}; the server ${over(({ server }) => server)}`,
      );
    }
  }
}

/** Of a promotion that goes through: what the least workflow repeats. */
function aShape() {
  return withFileServer(({ address }) =>
    withManyTargets(({ folder, environment }) =>
      withWorkerProcess({ kind: 'ours', address, folder, environment, taskQueue: 'ours' }, async () => {
        const connection = await Connection.connect({ address });
        const handle = await promoteOne(new Client({ connection }), folder);
        const { events } = await handle.fetchHistory();
        await connection.close();
        return shapeOf(events);
      }),
    ),
  );
}

async function measure(kind, count, { address, pids }, { folder, environment }, shape) {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection });
  const settings = { kind, address, folder, environment, taskQueue: kind };
  const figures = await withWorkerProcess(settings, async (worker) => {
    const all = [worker.pid, ...pids()];
    const [beganAt, cpuBefore] = [performance.now(), cpuMsOf(all)];
    const handles = await each(count, () =>
      kind === 'ours' ? startOurs(client) : startLeast(client, shape),
    );
    const took = performance.now() - beganAt;
    const memory = () => ({ worker: memoryOf([worker.pid]), server: memoryOf(pids()) });
    const seen = { 'as the last comes to wait': memory() };
    say(
      `${kind}: ${count} wait after ${(took / 1_000).toFixed(0)} s, ${((cpuMsOf(all) - cpuBefore) / count).toFixed(0)} ms CPU each`,
    );
    // When Node collects of its own accord is chance: within a minute, or not at all while nothing happens.
    await collectGarbageOf(worker);
    seen["without the worker's garbage"] = memory();
    if (kind === 'ours') await asked(address, handles);
    if (count <= DECIDED) {
      const decidedAt = performance.now();
      await each(count, async (n) => {
        if (kind === 'least') await handles[n].signal(GO_ON);
        else await decide(handles[n], folder);
        await handles[n].result();
      });
      say(
        `${kind}: all ${count} decided and ended in ${((performance.now() - decidedAt) / 1_000).toFixed(0)} s`,
      );
    }
    return seen;
  });
  await connection.close();
  return figures;
}

async function startOurs(client) {
  const handle = await startOne(client);
  await waiting(handle);
  return handle;
}

async function decide(handle, folder) {
  const { run } = await waiting(handle);
  const { accepted, reason } = await handle.executeUpdate('decide', {
    args: [await approvalOf(folder, run)],
  });
  if (!accepted) throw new Error(`refused: ${reason}`);
}

/** What people ask for meanwhile. */
async function asked(address, handles) {
  const client = await connectClient({ address, namespace: 'default', connection: {}, taskQueue: 'ours' });
  const timed = async (ask) => {
    const took = [];
    for (let n = 0; n < ASKED; n += 1) {
      const beganAt = performance.now();
      await ask(n);
      took.push(performance.now() - beganAt);
    }
    return spread(took, 0);
  };
  const step = Math.floor(handles.length / ASKED);
  const target = (n) => handles[n * step].workflowId.slice('promotion/'.length);
  say(`list of 100: ${await timed(() => client.list({ limit: 100 }))} ms`);
  say(`list of all: ${await timed(() => client.list({ limit: 100_000 }))} ms`);
  say(`status of one: ${await timed((n) => client.status(target(n)))} ms`);
  await client.close();
}

async function each(count, one) {
  const results = [];
  let next = 0;
  const runner = async () => {
    while (next < count) {
      const n = next;
      next += 1;
      results[n] = await one(n);
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runner));
  return results;
}

function megabytes(bytes) {
  return `${(bytes / 1e6).toFixed(0)} MB`;
}

function say(line) {
  process.stdout.write(`${line}\n`);
}
