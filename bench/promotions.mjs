// Real promotions on a real server, with a worker in this process: what several benches stand on.
import { randomBytes } from 'node:crypto';
import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';

import { statementText } from '../dist/src/domain/statement.js';
import { findOrStartEngine } from '../dist/src/engine/engine.js';
import { SEARCH_ATTRIBUTES } from '../dist/workflows/messages.js';
import { runWorker } from '../dist/worker/main.js';

/** A server in memory, a worker with these settings, and a client; `use` is given the client, and all end after it. */
export async function withWorker(config, use, options = {}) {
  const engine = await findOrStartEngine({
    dataDir: config.dataDir,
    cacheDir: config.cacheDir,
    address: undefined,
    executable: undefined,
    port: undefined,
    timeSkipping: false,
    inMemory: true,
    searchAttributes: SEARCH_ATTRIBUTES,
    env: { PATH: process.env.PATH },
    say: () => {},
  });
  const stop = new AbortController();
  let running = Promise.resolve();
  await new Promise((onReady, failed) => {
    const { address } = engine;
    running = runWorker({ ...options, config, address, signal: stop.signal, onReady, log: () => {} });
    running.catch(failed);
  });
  const connection = await Connection.connect({ address: engine.address });
  try {
    return await use(new Client({ connection }));
  } finally {
    stop.abort();
    await running;
    await connection.close();
    await engine.stop();
  }
}

export async function start(client, config, target, commit) {
  return client.workflow.start('promotion', {
    workflowId: `promotion/${target}`,
    taskQueue: config.taskQueue,
    workflowTaskTimeout: '5s',
    args: [{ target, commit, requester: 'requester@bench', reason: 'bench' }],
  });
}

/** Asks until the view fulfils the condition. */
export async function until(handle, condition, everyMs = 20) {
  for (;;) {
    const seen = await handle.query('view').catch(() => undefined);
    if (seen !== undefined && condition(seen)) return seen;
    await new Promise((resolve) => setTimeout(resolve, everyMs));
  }
}

export async function approve(handle) {
  const { approval, run, deployment, target } = await until(handle, (seen) => seen.approval !== undefined);
  await say(handle, 'decide', {
    ...common(deployment, target, run),
    type: 'promotion-decision.v1',
    by: 'approver@bench',
    subject: approval.digest,
    request: approval.request,
    verdict: 'approve',
    comment: '',
  });
}

export async function order(handle, action) {
  const { run, deployment, target, head } = await until(handle, (seen) => seen.head.seq > 0);
  await say(handle, 'control', {
    ...common(deployment, target, run),
    type: 'promotion-control.v1',
    by: 'approver@bench',
    action,
    head: { seq: head.seq, digest: head.digest },
    reason: 'bench',
  });
}

function common(deployment, target, run) {
  return { v: 1, deployment, target, run, at: new Date().toISOString() };
}

async function say(handle, name, statement) {
  const args = [{ statement: statementText(statement), signature: null }];
  const { accepted, reason } = await handle.executeUpdate(name, { args });
  if (!accepted) throw new Error(`${name} was refused: ${reason}`);
}

export function newTarget() {
  return `bench-${randomBytes(4).toString('hex')}`;
}

export async function folderOf(config, target) {
  const name = (await readdir(config.evidenceDir)).find((folder) => folder.includes(`-${target}-`));
  return join(config.evidenceDir, name);
}

export async function readJson(...path) {
  return JSON.parse(await readFile(join(...path), 'utf8'));
}

/** Least, median and most. */
export function spread(figures, digits) {
  const sorted = figures.toSorted((a, b) => a - b);
  const shown = [sorted[0], sorted[Math.floor(sorted.length / 2)], sorted.at(-1)];
  const texts = shown.map((figure) => figure.toFixed(digits)).join(' / ');
  return `${texts} (least / median / most of ${figures.length})`;
}
