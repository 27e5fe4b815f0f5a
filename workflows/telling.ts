import { log, metricMeter } from '@temporalio/workflow';

import type { Json } from '../src/domain/canonical-json.js';
import type { PromotionInput } from '../src/domain/messages.js';
import { isEnd, type End, type Phase } from '../src/domain/phase.js';
import { sampleDueBy } from '../src/domain/watch.js';
import type { Run } from './run.js';

/**
 * What those see who look after the pipeline: lines in the worker's log, and figures. Neither is a command: nothing of it is in
 * a history, and a replay says and counts nothing. Codes and names alone; what people typed is not for a log.
 */

/** A time that no clock reaches: this watch is over, whoever sampled it last. Seconds since the epoch. */
const NEVER = 1e12;

/** Once for each phase that it enters. */
export function tellPhase(run: Run): void {
  const { phase, toldPhase: before } = run;
  if (phase === before) return;
  run.toldPhase = phase;
  const { target } = run.input;
  const { trigger } = run.move.state;
  log.info('phase', { run: run.admitted.run, phase, before, trigger });
  tellWatch(run, before);
  if (isEnd(phase)) return;
  count('promote_phase_entered_total', 'Phases that promotions entered', { target, phase });
  if (phase === 'rolling-back' && before !== 'rollback-failed')
    count('promote_rollbacks_total', 'Rollbacks that were declared', {
      target,
      trigger: trigger ?? 'requested',
    });
}

/** When the first sample must have been taken: also where no worker ever takes it. */
function tellWatch(run: Run, before: Phase | End | undefined): void {
  const { phase, plan, move } = run;
  const { watch } = move.state;
  if (phase === 'watching' && watch !== undefined)
    setSampleDue(run, sampleDueBy(plan, watch.nextAt - plan.watch.intervalMs) / 1_000);
  // A run that was taken over may have been watched by whoever it was taken from.
  else if (before === 'watching' || (before === undefined && phase === 'rolling-back'))
    setSampleDue(run, NEVER);
}

/** Before its end is sealed, which may wait for the store, and only then told. */
export function tellWatchOver(run: Run): void {
  if (run.toldPhase === 'watching') setSampleDue(run, NEVER);
}

function setSampleDue({ input, admitted }: Run, seconds: number): void {
  metricMeter
    .createGauge(
      'promote_watch_sample_due_timestamp_seconds',
      'float',
      '',
      'When at the latest the next sample of a watch must have been taken',
    )
    .set(seconds, { target: input.target, run: admitted.run });
}

/** Once for each promotion; also for one that was not admitted, which has no run. */
export function tellEnd({ target }: Pick<PromotionInput, 'target'>, run: string, end: End): void {
  log.info('ended', { run, end });
  count('promote_ended_total', 'Promotions that ended', { target, end });
}

/** Beyond so many records that wait for the store, that is told: fewer are on their way at any time. */
const OWED_TOLD = 8;

/** An entry of the journal, as it is queued. */
export function tellEntry(run: Run, kind: string, body: Json, owed: number): void {
  const fields = { run: run.admitted.run, phase: run.phase, ...codesOf(body) };
  if (owed >= OWED_TOLD) log.warn('records are owed', { ...fields, kind, owed });
  log.info(kind, fields);
  if (kind === 'approved' || kind === 'rejected' || kind === 'expired') tellWait(run, kind);
  if (kind === 'faulted')
    count('promote_faults_total', 'Promotions in which our own machinery failed', {
      target: run.input.target,
    });
}

function tellWait({ ballot, plan, input }: Run, outcome: string): void {
  if (ballot === undefined) return;
  const askedAt = ballot.expiresAt - plan.approval.expiresMs;
  metricMeter
    .createHistogram('promote_approval_wait_seconds', 'float', '', 'From asking for approval to its outcome')
    .record(Math.max(0, Date.now() - askedAt) / 1_000, { target: input.target, outcome });
}

/** Words of ours and names out of the runbook. Left out: reasons, comments, details, and what answers say. */
const CODES = [
  'round',
  'epoch',
  'step',
  'repair',
  'code',
  'effect',
  'verified',
  'attempt',
  'attempts',
  'by',
  'verdict',
  'identity',
  'action',
  'subject',
  'trigger',
  'recorded',
  'missing',
  'done',
  'end',
] as const;

function codesOf(body: Json): Readonly<Record<string, Json>> {
  if (typeof body !== 'object' || body === null || Array.isArray(body)) return {};
  const given = new Map<string, Json>(Object.entries(body));
  return Object.fromEntries(
    CODES.flatMap((name) => {
      const value = given.get(name);
      return value === undefined || value === null ? [] : [[name, value]];
    }),
  );
}

function count(name: string, description: string, tags: Readonly<Record<string, string>>): void {
  metricMeter.createCounter(name, '', description).add(1, tags);
}
