// First rounds of real promotions on a real server: from the first gate's scheduling to the round's last answer.
import { readdir } from 'node:fs/promises';
import { join } from 'node:path';

import { createEnvironmentRemote } from '../dist/src/rehearsal/environment-remote.js';
import { folderOf, newTarget, readJson, start, until, withWorker } from './promotions.mjs';

export async function measureWorkflowRounds(base, folder, rounds) {
  const remote = await createEnvironmentRemote(join(folder, 'remote.git'), false);
  const environment = {
    ...base.environment,
    TAU_PROMOTION_REMOTE: remote.repository,
    TAU_PROMOTION_BRANCH: remote.branch,
  };
  const config = { ...base, environment, taskQueue: 'bench' };
  return withWorker(config, async (client) => {
    const ratios = [];
    for (let n = 0; n <= rounds; n += 1) {
      const target = newTarget();
      const handle = await start(client, config, target, remote.commit);
      await until(handle, ({ approval }) => approval !== undefined);
      if (n > 0) ratios.push((await roundMs(handle)) / (await slowestMs(config, target)));
      await handle.terminate('measured');
    }
    return ratios;
  });
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

async function slowestMs(config, target) {
  const round = join(await folderOf(config, target), 'validation-1');
  const outcomes = (await readdir(round)).filter((name) => name.endsWith('.outcome.json'));
  const durations = await Promise.all(outcomes.map(async (name) => (await readJson(round, name)).durationMs));
  return Math.max(...durations);
}
