import { mkdir, readFile, rm } from 'node:fs/promises';
import { join } from 'node:path';
import { z } from 'zod';
import { replaceFile } from './durable-file.js';
import { EngineError, reasonOf, systemCode } from './error.js';
import type { EngineOptions } from './options.js';
import { LOOPBACK } from './ports.js';
import { commandLineOf, isAlive } from './process-identity.js';
import { becomesReady } from './ready.js';

/** A server that runs but is slow to answer gets this long; a second one on the same file would damage its state. */
const ANSWER_TIMEOUT_MS = 15_000;

const serverRecord = z.strictObject({
  schema: z.literal(1),
  pid: z.int().positive(),
  port: z.int().min(1).max(65_535),
  startedAt: z.iso.datetime(),
  executable: z.string(),
});
export type ServerRecord = z.infer<typeof serverRecord>;

export interface RunningServer extends ServerRecord {
  readonly address: string;
}

/** The files of an own server; the folder is made, for this user alone, when it is missing. */
export async function engineFiles(dataDir: string) {
  const folder = join(dataDir, 'temporal');
  await mkdir(folder, { recursive: true, mode: 0o700 }).catch((error: unknown) => {
    throw new EngineError(
      'state_unreadable',
      `the folder ${folder} cannot be made: ${reasonOf(error)}`,
      error,
    );
  });
  return {
    state: join(folder, 'temporal.db'),
    log: join(folder, 'server.log'),
    record: join(folder, 'engine.json'),
    lock: join(folder, 'engine.lock'),
  };
}

/**
 * The server that runs from this data folder, once it answers, or undefined where the record is missing or stale.
 * The process must be a development server on exactly this state file: an id or a port may be somebody else's by now.
 * @throws {EngineError} `not_ready` when its process lives but does not answer; `state_unreadable` for a record of
 * another version
 */
export async function findRunning(
  options: Pick<EngineOptions, 'dataDir' | 'say'>,
  answerTimeoutMs = ANSWER_TIMEOUT_MS,
): Promise<RunningServer | undefined> {
  const files = await engineFiles(options.dataDir);
  const record = await readRecord(files.record);
  if (record === undefined) return undefined;
  if (!(await isOurs(record.pid, files.state))) {
    options.say(`The record of process ${record.pid} in ${files.record} is stale; it is left aside.`);
    return undefined;
  }
  let gone = false;
  const ready = await becomesReady(record.port, answerTimeoutMs, () => (gone = !isAlive(record.pid)));
  if (ready) return { ...record, address: `${LOOPBACK}:${record.port}` };
  if (gone) return undefined;
  throw new EngineError(
    'not_ready',
    `the Temporal server of ${options.dataDir} (process ${record.pid}, port ${record.port}) runs but does not answer: ` +
      `see ${files.log}, or end it with "kill ${record.pid}" and try again`,
  );
}

/** Says where a started server is, for others to find. */
export function writeRecord(path: string, record: ServerRecord): Promise<void> {
  return replaceFile(path, `${JSON.stringify(record)}\n`);
}

/** Takes a record away if it is still this process's: a successor's stays. */
export async function removeRecord(path: string, pid: number): Promise<void> {
  const record = await readRecord(path).catch(() => undefined);
  if (record?.pid === pid) await rm(path, { force: true });
}

async function readRecord(path: string): Promise<ServerRecord | undefined> {
  const text = await readFile(path, 'utf8').catch((error: unknown) => {
    if (systemCode(error) === 'ENOENT') return undefined;
    throw new EngineError('state_unreadable', `${path} cannot be read: ${reasonOf(error)}`, error);
  });
  if (text === undefined) return undefined;
  try {
    return serverRecord.parse(JSON.parse(text));
  } catch (error) {
    // Not treated as stale: a server of another version of this program may run on the state file.
    throw new EngineError(
      'state_unreadable',
      `${path} is not a record that this version knows: if no Temporal server runs from its folder, delete it`,
      error,
    );
  }
}

async function isOurs(pid: number, stateFile: string): Promise<boolean> {
  if (!isAlive(pid)) return false;
  const commandLine = await commandLineOf(pid);
  return commandLine !== undefined && commandLine.includes('start-dev') && commandLine.includes(stateFile);
}
