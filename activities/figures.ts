import { Context, log, metricMeter } from '@temporalio/activity';

import type { Plan } from '../src/domain/plan.js';
import type { GateResult } from '../src/domain/verdict.js';
import { sampleDueBy, type Sample } from '../src/domain/watch.js';

/** Notes one answer of a gate: its verdict, and how long it took to come to it. */
export function noteVerdict(...args: Parameters<typeof tellVerdict>): void {
  harmless(() => tellVerdict(...args));
}

/** No figure is worth a step: whatever the meter does, nothing fails because of it. */
export function harmless(tell: () => void): void {
  try {
    tell();
  } catch {
    // It is missing in the figures, and that is all.
  }
}

function tellVerdict(target: string, { gate, verdict, kind, health, reasonCodes }: GateResult): void {
  metricMeter
    .createCounter('promote_gate_verdicts_total', '', 'Verdicts of gates')
    .add(1, { target, gate, verdict });
  const fields = { gate, verdict, kind, health, reasonCodes: [...reasonCodes] };
  // A watch asks all gates every few seconds: what passes there is no news.
  if (verdict === 'pass' && Context.current().info.activityType === 'watchSegment') log.debug('gate', fields);
  else log.info('gate', fields);
}

/** Has a gate asked and notes how long that took, whatever came of it. */
export async function timed<Asked>(target: string, gate: string, ask: () => Promise<Asked>): Promise<Asked> {
  const from = performance.now();
  try {
    return await ask();
  } finally {
    harmless(() =>
      metricMeter
        .createHistogram('promote_gate_seconds', 'float', '', 'From asking a gate to its answer')
        .record((performance.now() - from) / 1_000, { target, gate }),
    );
  }
}

export interface NotedSample {
  readonly target: string;
  readonly run: string;
  readonly plan: Plan;
  readonly sample: Sample;
  readonly recorded: boolean;
}

/**
 * Notes a sample of a watch: its grade, when it was taken, and when at the latest the next one must be. A worker that dies leaves
 * that time behind, and it passes.
 */
export function noteSample(noted: NotedSample): void {
  harmless(() => tellSample(noted));
}

function tellSample({ target, run, plan, sample, recorded }: NotedSample): void {
  const { at, grade } = sample;
  metricMeter
    .createCounter('promote_watch_samples_total', '', 'Samples of watches, by grade')
    .add(1, { target, grade });
  const gauge = (name: string, description: string, ms: number): void =>
    metricMeter.createGauge(name, 'float', '', description).set(ms / 1_000, { target, run });
  gauge('promote_watch_sampled_timestamp_seconds', 'When a watch took its newest sample', at);
  gauge(
    'promote_watch_sample_due_timestamp_seconds',
    'When at the latest the next sample of a watch must have been taken',
    sampleDueBy(plan, at),
  );
  if (recorded) return;
  metricMeter
    .createCounter('promote_watch_samples_unrecorded_total', '', 'Samples that could not be kept')
    .add(1, { target });
  log.warn('a sample could not be recorded', { sample: sample.n, grade });
}
