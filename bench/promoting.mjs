// What a promotion costs over the least workflow of its shape: CPU of worker and server, history, and what each stage takes.
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';

import { startOptions } from '../dist/src/client/start.js';
import { WORKFLOW_TASK_TIMEOUT } from '../dist/workflows/messages.js';
import { GO_ON } from './least/messages.mjs';
import { shapeOf, stagesOf, watchOf } from './least/shape.mjs';
import { approvalOf, withManyTargets } from './many-targets.mjs';
import { cpuMsOf, withChildren, withFileServer, withWorkerProcess } from './processes.mjs';
import { newTarget, spread } from './promotions.mjs';

const ROUNDS = Number(process.env.BENCH_ROUNDS ?? 3);
const EACH = Number(process.env.BENCH_EACH ?? 200);
/** A server looks at a timeout when it would have expired, which belongs to the round that set it. Most of them are 3 to 5 s. */
const EXPIRED_MS = 6_000;
/** What is measured is a worker that has been at work, whose code Node has compiled. */
const WARM_UP = 200;
const AT_ONCE = 20;
/** Each of both is asked as often how far it is. */
const POLLED_MS = 1_000;
const root = join(import.meta.dirname, '..');

/** On both; or on the one that BENCH_ON names. */
const SERVERS = { 'db file': onFile, PostgreSQL: onPostgresql };

export async function run() {
  // Started by the installation that the figures of PostgreSQL are measured on.
  const given = process.env.BENCH_SERVER;
  if (given !== undefined) return measure('PostgreSQL', serverOf(JSON.parse(given)));
  for (const [where, onServer] of Object.entries(SERVERS))
    if ((process.env.BENCH_ON ?? where) === where) await onServer();
}

function onFile() {
  return withFileServer((server) => measure('db file', { ...server, namespace: 'default' }));
}

/** Temporal's own server on PostgreSQL, as docker-compose.yml has them; what that takes is made first, minutes where it never was. */
function onPostgresql() {
  const { status } = spawnSync(process.execPath, [join(root, 'scripts/production.mjs'), 'figures'], {
    stdio: 'inherit',
    env: { ...process.env, BENCH_ON: 'PostgreSQL' },
  });
  if (status !== 0) throw new Error('there are no figures of PostgreSQL: see above');
}

function serverOf({ address, namespace, pids }) {
  return { address, namespace, pids: () => withChildren(pids) };
}

async function measure(where, { address, namespace, pids }) {
  const connection = await Connection.connect({ address });
  const client = new Client({ connection, namespace });
  await withManyTargets(async ({ folder, environment }) => {
    const settings = {
      address,
      namespace,
      folder,
      environment: { ...environment, TEMPORAL_NAMESPACE: namespace },
    };
    await withWorkerProcess({ ...settings, kind: 'ours', taskQueue: 'ours' }, (ours) =>
      withWorkerProcess({ ...settings, kind: 'least', taskQueue: 'least' }, async (least) => {
        const { results } = await used(
          ours.pid,
          () => [],
          WARM_UP,
          () => promoteOne(client, folder),
        );
        const shape = shapeOf((await results[0].fetchHistory()).events);
        const repeat = () => repeatOne(client, shape);
        await used(least.pid, () => [], WARM_UP, repeat);
        const figures = { ours: [], least: [] };
        const histories = [];
        for (let round = 0; round < ROUNDS; round += 1) {
          const promoted = await used(ours.pid, pids, EACH, () => promoteOne(client, folder));
          figures.ours.push(promoted);
          figures.least.push(await used(least.pid, pids, EACH, repeat));
          for (const handle of promoted.results.slice(0, 10)) histories.push(await sizeOf(handle));
        }
        print(where, figures, histories, shape);
      }),
    );
  });
  await connection.close();
}

async function used(worker, pids, count, one) {
  const [before, beganAt] = [[cpuMsOf([worker]), cpuMsOf(pids())], performance.now()];
  const results = [];
  let left = count;
  const runner = async () => {
    while (left > 0) {
      left -= 1;
      results.push(await one());
    }
  };
  await Promise.all(Array.from({ length: AT_ONCE }, runner));
  const seconds = (performance.now() - beganAt) / 1_000;
  await new Promise((resolve) => setTimeout(resolve, EXPIRED_MS));
  const workerMs = (cpuMsOf([worker]) - before[0]) / count;
  const serverMs = (cpuMsOf(pids()) - before[1]) / count;
  return { results, workerMs, serverMs, cpuMs: workerMs + serverMs, aSecond: count / seconds };
}

export async function startOne(client) {
  const target = newTarget();
  const input = { target, commit: 'a'.repeat(40), requester: 'requester@bench', reason: 'bench' };
  return client.workflow.start('promotion', {
    ...startOptions(input),
    taskQueue: 'ours',
    args: [input],
  });
}

export async function promoteOne(client, folder) {
  const handle = await startOne(client);
  const { run } = await waiting(handle);
  const { accepted, reason } = await handle.executeUpdate('decide', {
    args: [await approvalOf(folder, run)],
  });
  if (!accepted) throw new Error(`refused: ${reason}`);
  const { end } = await handle.result();
  if (end !== 'promoted') throw new Error(`it ended ${end}`);
  return handle;
}

/** As `promote list` sees it: of the server alone. */
export async function waiting(handle) {
  for (;;) {
    const { memo, status } = await handle.describe();
    const { phase, digest, reason } = memo?.promotion ?? {};
    if (phase === 'awaiting-approval' && digest !== null) return memo.promotion;
    if (status.name !== 'RUNNING') throw new Error(`it ended ${phase}: ${reason}`);
    await new Promise((resolve) => setTimeout(resolve, POLLED_MS));
  }
}

async function repeatOne(client, shape) {
  const handle = await startLeast(client, shape);
  await handle.signal(GO_ON);
  await handle.result();
  return handle;
}

/** As far as to the signal. */
export async function startLeast(client, shape) {
  const handle = await client.workflow.start('least', {
    workflowId: `least/${newTarget()}`,
    taskQueue: 'least',
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    args: [shape],
  });
  await waitsForSignal(handle, shape);
  return handle;
}

async function waitsForSignal(handle, shape) {
  const activities = shape.slice(0, shape.indexOf('signal')).flat().length;
  for (;;) {
    const { raw } = await handle.describe();
    const { workflowExecutionInfo: info, pendingActivities, pendingWorkflowTask } = raw;
    if (Number(info.historyLength) > 3 * activities && !pendingActivities?.length && !pendingWorkflowTask)
      return;
    await new Promise((resolve) => setTimeout(resolve, POLLED_MS));
  }
}

async function sizeOf(handle) {
  const { historyLength, raw } = await handle.describe();
  const { events } = await handle.fetchHistory();
  return {
    events: historyLength,
    bytes: Number(raw.workflowExecutionInfo.historySizeBytes),
    watch: watchOf(events),
    stages: stagesOf(events),
  };
}

function of(list, key) {
  return list.map((each) => each[key]);
}

function print(where, { ours, least }, histories, shape) {
  const say = (line) => process.stdout.write(`${where}: ${line}\n`);
  say(
    `CPU of worker and server a promotion over the least workflow's: ${spread(
      of(ours, 'cpuMs').map((cpuMs, n) => cpuMs / least[n].cpuMs),
      2,
    )}; ${spread(of(ours, 'cpuMs'), 0)} ms over ${spread(of(least, 'cpuMs'), 0)} ms`,
  );
  for (const [part, key] of [
    ['worker', 'workerMs'],
    ['server', 'serverMs'],
  ])
    say(`of it the ${part}: ${spread(of(ours, key), 0)} ms over ${spread(of(least, key), 0)} ms`);
  say(
    `promotions a second, ${AT_ONCE} at once: ${spread(of(ours, 'aSecond'), 1)}; the least ${spread(of(least, 'aSecond'), 1)}`,
  );
  const without = histories.map(({ events, bytes, watch }) => ({
    events: events - watch.events,
    bytes: bytes - watch.bytes,
  }));
  say(
    `history without its watch: ${spread(of(without, 'events'), 0)} events, ${spread(
      of(without, 'bytes').map((bytes) => bytes / 1_000),
      1,
    )} KB`,
  );
  say(
    `history with a watch of one sample: ${spread(of(histories, 'events'), 0)} events, ${spread(
      of(histories, 'bytes').map((bytes) => bytes / 1_000),
      1,
    )} KB; ${shape.filter((group) => group !== 'signal').flat().length} activities`,
  );
  for (const stage of Object.keys(histories[0].stages)) {
    const took = of(histories, 'stages')
      .flatMap(({ [stage]: ms }) => ms ?? [])
      .toSorted((a, b) => a - b);
    const at = (part) => took[Math.min(took.length - 1, Math.floor(took.length * part))].toFixed(0);
    say(`${stage}: p50 ${at(0.5)} ms, p95 ${at(0.95)} ms`);
  }
}
