// How soon repeated failing is acted on, and what a day of watching costs Temporal's history.
import { mkdtemp, readdir, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';

import { readConfig } from '../dist/src/config.js';
import { openRehearsal } from '../dist/src/rehearsal/rehearsal.js';
import { scenarioNamed } from '../dist/src/rehearsal/scenarios.js';
import { withOneGate } from './one-gate.mjs';
import { approve, folderOf, newTarget, readJson, spread, start, until, withWorker } from './promotions.mjs';

const INTERVAL_MS = 2_000;
const LIMIT = 2;
const RUNS = 5;
const root = join(import.meta.dirname, '..');

export async function run() {
  const lateMs = [];
  for (let n = 0; n < RUNS; n += 1) lateMs.push(await rollBackOnce());
  process.stdout.write(
    `first failing answer to rollback verified, less interval × ${LIMIT - 1}: ${spread(lateMs, 0)} ms\n`,
  );
  await watchADay();
}

/** Tau's whole runbook against the stand-in, which fails right after the promotion. */
async function rollBackOnce() {
  const folder = await mkdtemp(join(tmpdir(), 'promote-bench-'));
  const rehearsal = await openRehearsal({
    scenario: scenarioNamed('failing-after-promotion'),
    folder: join(folder, 'rehearsal'),
    nodePath: process.execPath,
    agentScript: join(root, 'dist', 'src', 'rehearsal', 'tau-coding-agent.js'),
    shippedRunbook: join(root, 'runbooks', 'operator-readiness.yaml'),
    overrides: { watchIntervalMs: INTERVAL_MS, watchWindowMs: 60_000 },
  });
  try {
    const environment = {
      PATH: process.env.PATH,
      HOME: folder,
      PROMOTE_TASK_QUEUE: 'bench',
      ...rehearsal.environment,
      TAU_PROMOTION_APPROVERS: 'approver@bench',
    };
    const config = {
      ...(await readConfig({ cwd: folder, environment })),
      runbookFor: () => rehearsal.runbookFile,
    };
    return await withWorker(config, async (client) => {
      const target = newTarget();
      const handle = await start(client, config, target, rehearsal.commit);
      await approve(handle);
      const { end } = await handle.result();
      if (end !== 'rolled-back') throw new Error(`it ended ${end}`);
      return lateness(await folderOf(config, target));
    });
  } finally {
    await rehearsal.close();
    await rm(folder, { recursive: true, force: true });
  }
}

/** From the evidence alone: when the first failing answer came, and when the rollback was verified. */
async function lateness(folder) {
  const samples = await Promise.all(
    (await readdir(join(folder, 'watch'))).sort().map((name) => readJson(folder, 'watch', name)),
  );
  const failing = samples.find(({ grade }) => grade === 'failing').gates.find((gate) => gate.failing);
  const answeredAt = Date.parse(failing.askedAt) + failing.durationMs;
  const names = (await readdir(join(folder, 'journal'))).sort();
  const entries = await Promise.all(names.map((name) => readJson(folder, 'journal', name)));
  const verified = entries.find(
    ({ kind, body }) => kind === 'rollback-tried' && body.unverified.length === 0,
  );
  return Date.parse(verified.at) - answeredAt - INTERVAL_MS * (LIMIT - 1);
}

/** A watch's clock whose time passes at once. */
function atOnce(scheduledAt) {
  let now = scheduledAt;
  return { now: () => now, until: async (dueAt) => void (now = Math.max(now, dueAt)) };
}

/** A calm day at 15 s. */
async function watchADay() {
  await withOneGate({ window: '24h', interval: '15s' }, (config, addTarget) =>
    withWorker(
      config,
      async (client) => {
        const target = newTarget();
        await addTarget(target);
        const handle = await start(client, config, target, 'a'.repeat(40));
        await approve(handle);
        const before = await historyOf((await until(handle, ({ watch }) => watch !== undefined)) && handle);
        const { end } = await handle.result();
        const after = await historyOf(handle);
        const samples = (await readdir(join(await folderOf(config, target), 'watch'))).length;
        process.stdout.write(
          `a watch of 24 h at 15 s ended ${end}: ${samples} samples, ${after.events} events, ${after.bytes} bytes of history (${before.events} events, ${before.bytes} bytes before it)\n`,
        );
      },
      { watchClock: atOnce },
    ),
  );
}

async function historyOf(handle) {
  const { raw } = await handle.describe();
  const { historyLength, historySizeBytes } = raw.workflowExecutionInfo;
  return { events: Number(historyLength), bytes: Number(historySizeBytes) };
}
