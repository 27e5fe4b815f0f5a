import { existsSync } from 'node:fs';
import { join } from 'node:path';

import type { Health, RolloutGate } from '../domain/posture.js';
import {
  isObject,
  listIn,
  numberIn,
  objectIn,
  readStateFile,
  readTextFile,
  type JsonObject,
} from './state-files.js';

export interface TransportHealth {
  readonly updated_unix_ms: number;
  readonly cycle_duration_ms: number;
  readonly queue_depth: number;
  readonly active_runs: number;
  readonly failure_streak: number;
  readonly last_cycle_discovered: number;
  readonly last_cycle_processed: number;
  readonly last_cycle_completed: number;
  readonly last_cycle_failed: number;
  readonly last_cycle_duplicates: number;
}

/** One of Tau's transports (deployment, voice, …) as its folder under `.tau` tells it. */
export interface TransportState {
  readonly state: JsonObject;
  readonly health: TransportHealth;
  /** Reason codes of each cycle in the log, oldest first. */
  readonly cycles: readonly (readonly string[])[];
  readonly logPresent: boolean;
}

export const LOG_FILE = 'runtime-events.jsonl';

/** @returns the problem's name where the state file can't be used */
export function readTransport(folder: string): TransportState | 'missing' | 'unparsable' {
  const file = readStateFile(join(folder, 'state.json'));
  if (file.kind !== 'present') return file.kind;
  const log = readTextFile(join(folder, LOG_FILE)) ?? '';
  return {
    state: file.content,
    health: transportHealth(objectIn(file.content, 'health')),
    cycles: log
      .split('\n')
      .filter((line) => line !== '')
      .map(reasonCodesOf),
    logPresent: existsSync(join(folder, LOG_FILE)),
  };
}

function reasonCodesOf(line: string): readonly string[] {
  const cycle: unknown = JSON.parse(line);
  return isObject(cycle) ? listIn(cycle, 'reason_codes').filter((code) => typeof code === 'string') : [];
}

/** A counter that was never written is 0. */
export function transportHealth(counters: JsonObject | Partial<TransportHealth>): TransportHealth {
  const written: JsonObject = { ...counters };
  return {
    updated_unix_ms: numberIn(written, 'updated_unix_ms'),
    cycle_duration_ms: numberIn(written, 'cycle_duration_ms'),
    queue_depth: numberIn(written, 'queue_depth'),
    active_runs: numberIn(written, 'active_runs'),
    failure_streak: numberIn(written, 'failure_streak'),
    last_cycle_discovered: numberIn(written, 'last_cycle_discovered'),
    last_cycle_processed: numberIn(written, 'last_cycle_processed'),
    last_cycle_completed: numberIn(written, 'last_cycle_completed'),
    last_cycle_failed: numberIn(written, 'last_cycle_failed'),
    last_cycle_duplicates: numberIn(written, 'last_cycle_duplicates'),
  };
}

export interface TransportPosture {
  readonly health: Health;
  readonly gate: RolloutGate;
  readonly reason: string;
  readonly recommendation: string;
}

export const NO_ACTION = 'no immediate action required';

/** "failure_streak >= 3 failing; failure_streak > 0 or last_cycle_failed > 0 degraded; else healthy". */
export function postureOf({
  failure_streak: streak,
  last_cycle_failed: failed,
}: TransportHealth): TransportPosture {
  if (streak >= 3)
    return {
      health: 'failing',
      gate: 'hold',
      reason: `transport failures are sustained (failure_streak=${streak})`,
      recommendation: 'check bridge credentials/connectivity and restart the transport worker',
    };
  if (streak > 0 || failed > 0)
    return {
      health: 'degraded',
      gate: 'hold',
      reason: `recent transport failures observed (failure_streak=${streak}, last_cycle_failed=${failed})`,
      recommendation: 'inspect bridge logs and watch the next poll cycle',
    };
  return {
    health: 'healthy',
    gate: 'pass',
    reason: 'no recent transport failures observed',
    recommendation: NO_ACTION,
  };
}

/** How often each text occurs, in the order of the texts. */
export function countsOf(texts: readonly string[]): Record<string, number> {
  const counts: Record<string, number> = {};
  for (const text of [...texts].sort()) counts[text] = (counts[text] ?? 0) + 1;
  return counts;
}
