// First rounds of real promotions on a real server: from the first gate's scheduling to the round's last answer.
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { Client, Connection } from '@temporalio/client';

import { findOrStartEngine } from '../dist/src/engine/engine.js';
import { createEnvironmentRemote } from '../dist/src/rehearsal/environment-remote.js';
import { SEARCH_ATTRIBUTES } from '../dist/workflows/messages.js';
import { runWorker } from '../dist/worker/main.js';

export async function measureWorkflowRounds(base, folder, rounds) {
  const engine = await findOrStartEngine({
    dataDir: base.dataDir,
    cacheDir: base.cacheDir,
    address: undefined,
    executable: undefined,
    port: undefined,
    timeSkipping: false,
    inMemory: true,
    searchAttributes: SEARCH_ATTRIBUTES,
    env: { PATH: process.env.PATH },
    say: () => {},
  });
  const remote = await createEnvironmentRemote(join(folder, 'remote.git'), false);
  const environment = {
    ...base.environment,
    TAU_PROMOTION_REMOTE: remote.repository,
    TAU_PROMOTION_BRANCH: remote.branch,
  };
  const config = { ...base, environment, taskQueue: 'bench' };
  const stop = new AbortController();
  let running = Promise.resolve();
  await new Promise((onReady, failed) => {
    running = runWorker({ config, address: engine.address, signal: stop.signal, onReady, log: () => {} });
    running.catch(failed);
  });
  const connection = await Connection.connect({ address: engine.address });
  const client = new Client({ connection });
  const ratios = [];
  for (let n = 0; n <= rounds; n += 1) {
    const target = `bench-${n}`;
    const handle = await client.workflow.start('promotion', {
      workflowId: `promotion/${target}`,
      taskQueue: 'bench',
      args: [{ target, commit: remote.commit, requester: 'requester@bench', reason: 'bench' }],
    });
    while ((await handle.query('view').catch(() => undefined))?.approval === undefined)
      await new Promise(setImmediate);
    if (n > 0) ratios.push((await roundMs(handle)) / (await slowestMs(config.evidenceDir, target)));
    await handle.terminate('measured');
  }
  stop.abort();
  await running;
  await connection.close();
  await engine.stop();
  return ratios;
}

async function roundMs(handle) {
  const { events } = await handle.fetchHistory();
  const ofRound = new Set();
  let first = Infinity;
  let last = 0;
  for (const {
    eventId,
    eventTime,
    activityTaskScheduledEventAttributes: scheduled,
    activityTaskCompletedEventAttributes: completed,
  } of events) {
    const at = Number(eventTime.seconds) * 1000 + eventTime.nanos / 1e6;
    if (['askGate', 'deriveGate'].includes(scheduled?.activityType?.name)) {
      ofRound.add(String(eventId));
      first = Math.min(first, at);
    }
    if (ofRound.has(String(completed?.scheduledEventId))) last = Math.max(last, at);
  }
  return last - first;
}

async function slowestMs(evidenceDir, target) {
  const folder = (await readdir(evidenceDir)).find((name) => name.includes(`-${target}-`));
  const round = join(evidenceDir, folder, 'validation-1');
  const outcomes = (await readdir(round)).filter((name) => name.endsWith('.outcome.json'));
  const durations = await Promise.all(
    outcomes.map(async (name) => JSON.parse(await readFile(join(round, name), 'utf8')).durationMs),
  );
  return Math.max(...durations);
}
