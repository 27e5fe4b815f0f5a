import { readdir, readFile, writeFile } from 'node:fs/promises';
import { basename, join } from 'node:path';
import { gunzipSync, gzipSync } from 'node:zlib';

import { historyFromJSON, historyToJSON, type History } from '@temporalio/common/lib/proto-utils.js';

const FOLDER = join(import.meta.dirname, 'histories');
const SUFFIX = '.json.gz';

/** What one history may take of the repository, zipped. */
export const MAX_BYTES = 60_000;

export async function recordedNames(): Promise<readonly string[]> {
  const files = await readdir(FOLDER);
  return files.map((file) => basename(file, SUFFIX)).sort();
}

/** @returns undefined where none is recorded yet */
export async function readHistory(name: string): Promise<History | undefined> {
  try {
    return parsed(gunzipSync(await readFile(pathOf(name))));
  } catch (error) {
    if (error instanceof Error && 'code' in error && error.code === 'ENOENT') return undefined;
    throw error;
  }
}

/** Overwrites; who calls it says what was there. */
export async function writeHistory(name: string, history: History): Promise<number> {
  const zipped = gzipSync(historyToJSON(history), { level: 9 });
  if (zipped.byteLength > MAX_BYTES)
    throw new Error(`the history of ${name} has ${zipped.byteLength} bytes, zipped: at most ${MAX_BYTES}`);
  await writeFile(pathOf(name), zipped);
  return zipped.byteLength;
}

/** The workflow ID is the lock, and the workflow checks it: a replay under another one goes another way. */
export function workflowIdOf(history: History): string {
  const id = history.events?.[0]?.workflowExecutionStartedEventAttributes?.workflowId;
  if (!id) throw new Error('a history that names no workflow');
  return id;
}

function pathOf(name: string): string {
  return join(FOLDER, `${name}${SUFFIX}`);
}

function parsed(bytes: Uint8Array): History {
  const json: unknown = JSON.parse(new TextDecoder().decode(bytes));
  return historyFromJSON(json);
}

/** Before the histories of each manner of writing them, oldest first: they are kept, for promotions of then may still be open. */
const MANNERS = ['', 'joined-', 'sparing-', 'terse-'] as const;

/** What the histories of a case are called. */
export function namesOf(name: string): readonly string[] {
  return MANNERS.map((manner) => `${manner}${name}`);
}

/** What the history of a case is called as it is recorded now. */
export function nameNow(name: string): string {
  return `terse-${name}`;
}
