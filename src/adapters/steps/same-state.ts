import { readFile, stat } from 'node:fs/promises';
import { resolve } from 'node:path';
import { setTimeout as sleep } from 'node:timers/promises';

import type { RollbackStep } from '../../contracts/runbook-steps.js';
import { startDeadline } from '../deadline.js';
import { askGate } from '../gates/ask.js';
import { parseJsonBody } from '../json-body.js';
import { valueAtPointer } from '../../readers/json-pointer.js';
import type { Asking } from '../probe.js';
import type { LoadedRunbook } from '../runbook/load.js';

/**
 * Whether a rollback command's working directory is that of the system that the gate asks. Tau's stop in another directory
 * succeeds and stops nothing, so this has to be known before it runs.
 */
export type SameState =
  | { readonly kind: 'same' }
  /** Both sides were read, and they differ: the command would act on something else. */
  | { readonly kind: 'different'; readonly detail: string }
  /** One side gave nothing to compare: neither proof nor disproof. */
  | { readonly kind: 'unknown'; readonly detail: string };

type Comparison = NonNullable<RollbackStep['requires']>['same'][number];

const MAX_FILE_BYTES = 1024 * 1024;
/** A start or stop between reading the file and the answer looks like a difference, once. */
const LOOKS = 3;
const BETWEEN_LOOKS_MS = 150;

/**
 * Compares all of a step's values; the first that is not the same is told. A step that compares nothing is the same.
 *
 * @param limitMs for one look at one gate, where that is less than the gate's own deadline
 * @throws the reason of `asking.signal`
 */
export async function sameState(
  loaded: LoadedRunbook,
  step: RollbackStep,
  asking: Asking,
  limitMs: number,
): Promise<SameState> {
  const directory = step.command?.workingDirectory ?? '.';
  for (const comparison of step.requires?.same ?? []) {
    const found = await compare(loaded, directory, comparison, asking, limitMs);
    if (found.kind !== 'same') return found;
  }
  return { kind: 'same' };
}

async function compare(
  loaded: LoadedRunbook,
  directory: string,
  comparison: Comparison,
  asking: Asking,
  limitMs: number,
): Promise<SameState> {
  for (let look = 1; ; look += 1) {
    const found = await lookOnce(loaded, directory, comparison, asking, limitMs);
    if (found.kind !== 'different' || look === LOOKS) return found;
    await sleep(BETWEEN_LOOKS_MS, undefined, { signal: asking.signal });
  }
}

async function lookOnce(
  loaded: LoadedRunbook,
  directory: string,
  { file, at, gate, as }: Comparison,
  asking: Asking,
  limitMs: number,
): Promise<SameState> {
  const path = resolve(directory, file);
  const ours = await readValue(path, at);
  if ('problem' in ours) return unknown(`${path}: ${ours.problem}`);
  const theirs = await answeredValue(loaded, gate, as, asking, limitMs);
  if ('problem' in theirs) return unknown(`${gate}: ${theirs.problem}`);
  if (ours.value === theirs.value) return { kind: 'same' };
  return {
    kind: 'different',
    detail: `${directory} is not the working directory of the system that ${gate} asks: ${at} in ${file} is ${ours.value}, but ${as} in its answer is ${theirs.value}`,
  };
}

type Read = { readonly value: string } | { readonly problem: string };

async function readValue(path: string, pointer: string): Promise<Read> {
  let bytes: Uint8Array;
  try {
    const { size } = await stat(path);
    if (size > MAX_FILE_BYTES) return { problem: `larger than ${MAX_FILE_BYTES} bytes` };
    bytes = await readFile(path);
  } catch {
    return { problem: 'can not be read' };
  }
  return telling(bytes, pointer);
}

async function answeredValue(
  loaded: LoadedRunbook,
  gate: string,
  pointer: string,
  asking: Asking,
  limitMs: number,
): Promise<Read> {
  const limit = startDeadline(limitMs, asking.signal);
  try {
    const { result, files } = await askGate(loaded, gate, { ...asking, signal: limit.signal });
    if (result.kind !== 'answered') return { problem: `gives no answer (${result.reasonCodes.join(', ')})` };
    return telling(files[0]?.bytes ?? new Uint8Array(), pointer);
  } catch (error) {
    if (!limit.passed() || asking.signal.aborted) throw error;
    return { problem: `gives no answer within ${limitMs} ms` };
  } finally {
    limit.clear();
  }
}

/** A value that every system has before anything happened to it (0, an empty text) would be the same everywhere. */
function telling(bytes: Uint8Array, pointer: string): Read {
  const json = parseJsonBody(bytes);
  if (json.kind === 'malformed') return { problem: json.detail };
  const value = valueAtPointer(json.value, pointer);
  if (typeof value === 'number' && Number.isSafeInteger(value) && value !== 0)
    return { value: String(value) };
  if (typeof value === 'string' && value !== '' && value.length <= 256)
    return { value: JSON.stringify(value) };
  return { problem: `${pointer} is no text or whole number that tells one system from another` };
}

function unknown(detail: string): SameState {
  return { kind: 'unknown', detail };
}
