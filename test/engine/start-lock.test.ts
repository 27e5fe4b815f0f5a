import { mkdir, readdir, readFile, writeFile } from 'node:fs/promises';
import { spawnSync } from 'node:child_process';
import { join } from 'node:path';
import { setImmediate as turn } from 'node:timers/promises';
import { expect, it } from 'vitest';
import { runBounded } from '../../src/engine/bounded-command.js';
import { commandLineOf } from '../../src/engine/process-identity.js';
import { findRunning } from '../../src/engine/running.js';
import { withStartLock } from '../../src/engine/start-lock.js';
import { engineOptions, scratchFolder } from './scratch.js';

/** The id of a process that has ended. */
const deadPid = () => spawnSync('true').pid;

async function stateFolder(): Promise<{ dataDir: string; folder: string }> {
  const dataDir = await scratchFolder();
  await mkdir(join(dataDir, 'temporal'));
  return { dataDir, folder: join(dataDir, 'temporal') };
}

it('lets one start run at a time, also when a lock of a dead process is in the way', async () => {
  const { dataDir, folder } = await stateFolder();
  await writeFile(join(folder, 'engine.lock'), `${deadPid()} left-behind`);
  let inside = 0;
  const seen: number[] = [];
  const start = async () => {
    seen.push(++inside);
    for (let turns = 0; turns < 20; turns++) await turn();
    inside--;
  };
  await Promise.all(Array.from({ length: 8 }, () => withStartLock({ dataDir }, start)));
  expect(seen).toEqual(Array.from({ length: 8 }, () => 1));
  expect(await readdir(folder)).toEqual([]);
});

it('gives the lock back when the start fails', async () => {
  const { dataDir, folder } = await stateFolder();
  await expect(withStartLock({ dataDir }, () => Promise.reject(new Error('no')))).rejects.toThrow('no');
  expect(await readdir(folder)).toEqual([]);
});

const record = (pid: number) =>
  JSON.stringify({ schema: 1, pid, port: 1, startedAt: '2026-01-01T00:00:00.000Z', executable: '/x' });

it.each([
  ['has ended', deadPid],
  ['is another program by now', () => process.pid],
])('leaves a record aside whose process %s', async (_what, pid) => {
  const { dataDir, folder } = await stateFolder();
  await writeFile(join(folder, 'engine.json'), record(pid()));
  const options = engineOptions(dataDir);
  expect(await findRunning(options)).toBeUndefined();
  expect(options.said).toEqual([expect.stringContaining('stale')]);
});

it.each(['{"schema":2}', 'half a rec'])(
  'refuses the record %j rather than start beside an unknown server',
  async (text) => {
    const { dataDir, folder } = await stateFolder();
    await writeFile(join(folder, 'engine.json'), text);
    await expect(findRunning(engineOptions(dataDir))).rejects.toMatchObject({ code: 'state_unreadable' });
  },
);

it('says so when the data folder cannot be made', async () => {
  const { folder } = await stateFolder();
  await writeFile(join(folder, 'file'), '');
  await expect(findRunning(engineOptions(join(folder, 'file')))).rejects.toMatchObject({
    code: 'state_unreadable',
  });
});

it('kills a command at its deadline together with what it started', async () => {
  const { folder } = await stateFolder();
  const told = join(folder, 'sleeper');
  const sleeping = `sleep 61 & echo $! > ${told}; wait`;
  await expect(runBounded('/bin/sh', ['-c', sleeping], 1_000)).rejects.toThrow('longer than 1000 ms');
  const sleeper = Number(await readFile(told, 'utf8'));
  expect(sleeper).toBeGreaterThan(1);
  // The kernel ends what is killed in its own time; left alone it would sleep for longer than is waited.
  await expect.poll(() => commandLineOf(sleeper)).toBeUndefined();
});
