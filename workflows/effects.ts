import { CancellationScope, condition, sleep } from '@temporalio/workflow';

import { CUT_OFF_MS } from '../src/domain/attempts.js';
import { overridesOf, overrideText } from '../src/domain/override.js';
import type { Effect } from '../src/domain/effect.js';
import type { PromotionEvent } from '../src/domain/event.js';
import type { GateResult } from '../src/domain/verdict.js';
import { segmentLength } from '../src/domain/watch.js';
import {
  evidenceActivities,
  lookBackActivities,
  preflightActivities,
  promotionActivities,
  watchActivities,
  withDeadline,
} from './activity-options.js';
import { codeOf } from './failure-code.js';
import type { Orders } from './orders.js';
import type { Run } from './run.js';
import { publish } from './visibility.js';

/** One effect of the rules. */
export type Doing<Kind extends Effect['do']> = Extract<Effect, { do: Kind }>;

/** What each effect of the rules does in the world, and the event that comes of it. */

export async function checkPrerequisites(run: Run): Promise<PromotionEvent> {
  const overrides = overridesOf(run.plan);
  const otherwise = overrides.map(overrideText).join(', ');
  const text = `opened ${run.admitted.run}${otherwise === '' ? '' : `, overridden: ${otherwise}`}`;
  const body = {
    target: run.input.target,
    ...(otherwise === '' ? {} : { overrides: overrides.map(overrideText) }),
  };
  // Whoever orders something names an entry, so there is one soon.
  if (run.joined) run.journal.owe('run.opened', text, body);
  else await run.journal.append('run.opened', text, body);
  const { prerequisitesDeadlineMs } = run.admitted;
  const { problems } = await withDeadline(prerequisitesDeadlineMs).checkPrerequisites({
    run: run.admitted.run,
  });
  return { type: 'prerequisites-checked', problems };
}

export async function askRound(run: Run, { round }: Doing<'ask-round'>): Promise<PromotionEvent> {
  return { type: 'round-closed', round, results: await askGates(run, round) };
}

/** All gates are asked at the same time; what is derived follows from the same round's answers and asks nothing again. */
async function askGates(run: Run, round: string): Promise<readonly GateResult[]> {
  if (!run.joined) return askEachGate(run, round);
  run.gates = await withDeadline(slowestGateMs(run)).askRound({ run: run.admitted.run, round });
  return run.gates;
}

function slowestGateMs({ plan }: Run): number {
  return Math.max(...plan.gates.map(({ deadlineMs }) => deadlineMs));
}

/** As earlier versions ask: an activity a gate. */
async function askEachGate(run: Run, round: string): Promise<readonly GateResult[]> {
  const id = run.admitted.run;
  const asked = await Promise.all(
    run.plan.gates
      .filter(({ derivedFrom }) => derivedFrom.length === 0)
      .map(({ id: gate, deadlineMs }) => withDeadline(deadlineMs).askGate({ run: id, round, gate })),
  );
  const derived = await Promise.all(
    run.plan.gates
      .filter(({ derivedFrom }) => derivedFrom.length > 0)
      .map(({ id: gate }) => evidenceActivities().deriveGate({ run: id, round, gate })),
  );
  const results = [...asked, ...derived];
  run.gates = run.plan.gates.flatMap(({ id: gate }) => results.filter((result) => result.gate === gate));
  return run.gates;
}

/** One repair after the other, in runbook order; a person's deadline that elapsed counts as attempted. */
export async function remediate(
  run: Run,
  { round, repairs }: Doing<'remediate'>,
  orders: Orders,
): Promise<PromotionEvent> {
  if (run.joined) await recorded(run);
  try {
    for (const { repair, manual, deadlineMs, gates } of repairs) {
      const serves = gates.join(', ');
      if (manual !== undefined) {
        run.manual = { repair, text: manual, gates, endsAt: Date.now() + deadlineMs };
        await run.journal.append(
          'manual-repair-awaited',
          `waiting for a person to repair ${serves}: ${manual}`,
          {
            round,
            repair,
            gates: [...gates],
            deadlineMs,
            manual,
          },
        );
        const done = await orders.remediated(deadlineMs);
        run.manual = undefined;
        await run.journal.append(
          'manual-repair-ended',
          done ? `remediated: ${repair}` : `the time for a manual repair elapsed: ${repair}`,
          { round, repair, done },
        );
      } else {
        const outcome = await withDeadline(deadlineMs).repair({ run: run.admitted.run, round, step: repair });
        const often = outcome.attempts > 1 ? ` after ${outcome.attempts} attempts` : '';
        await run.journal.append('repaired', `${repair} for ${serves}: ${outcome.code}${often}`, {
          round,
          repair,
          gates: [...gates],
          code: outcome.code,
          attempts: outcome.attempts,
        });
      }
    }
  } finally {
    run.manual = undefined;
    orders.endRemediation();
  }
  return { type: 'remediation-done', attempted: [...new Set(repairs.flatMap(({ gates }) => gates))] };
}

export async function preflight(run: Run, { round }: Doing<'preflight'>): Promise<PromotionEvent> {
  const [results, checked] = await Promise.all([
    askGates(run, round),
    preflightActivities.checkRollback({ run: run.admitted.run, at: round }),
  ]);
  return { type: 'preflight-closed', round, results, notRollbackable: checked.problems };
}

/** All that led here stands in the journal, and is told. An order cuts in. */
async function recorded(run: Run): Promise<void> {
  await Promise.race([run.journal.flush(), CancellationScope.current().cancelRequested]);
  publish(run);
}

/**
 * All that led to the first step stands in the journal, and is told. An order comes first. Another history of this run may have
 * written it otherwise, and may have ended well since: only what nobody looks after any more is rolled back.
 *
 * @returns what happened instead
 */
async function recordedFirst(run: Run, step: string, orders: Orders): Promise<PromotionEvent | undefined> {
  const written = run.journal.flush().then(() => 'written' as const);
  try {
    for (;;) {
      const came = await Promise.race([written, condition(() => orders.pending)]);
      const ordered = orders.take();
      if (ordered !== undefined) return ordered;
      if (came === 'written') break;
    }
  } catch (error) {
    const code = codeOf(error);
    return (await promotedBefore(run))
      ? { type: 'faulted', code, promotedBefore: true }
      : { type: 'step-failed', step, code, effect: 'none' };
  }
  publish(run);
  return undefined;
}

/**
 * Intent first, then the step; it is never cut short, so that a rollback never overtakes it. Once a step before it has
 * promoted, this one no longer waits for the journal.
 */
export async function promote(run: Run, { step }: Doing<'promote'>, orders: Orders): Promise<PromotionEvent> {
  run.journal.owe('step-started', `promoting: ${step}`, { step });
  const isFirst = run.move.state.steps.length === 1;
  if (isFirst && run.joined) {
    const other = await recordedFirst(run, step, orders);
    if (other !== undefined) return other;
  } else if (isFirst) await run.journal.flush();
  const ordered = orders.take();
  if (ordered !== undefined) return ordered;
  const planned = run.plan.promotion.find(({ id }) => id === step);
  if (planned === undefined) return { type: 'step-failed', step, code: 'unknown_step', effect: 'none' };
  const overAt = Date.now() + planned.deadlineMs;
  try {
    const outcome = await promotionActivities(planned).promoteStep({ run: run.admitted.run, step });
    return outcome.done
      ? { type: 'step-promoted', step, at: Date.now() }
      : { type: 'step-failed', step, code: outcome.code, effect: outcome.effect };
  } catch (error) {
    // A worker that is only cut off from here may still be at it: its deadline ends it, or the next try's heartbeat, and then
    // the rollback comes.
    await sleep(Math.max(CUT_OFF_MS, overAt - Date.now()));
    return { type: 'step-failed', step, code: codeOf(error), effect: 'possible' };
  }
}

/** While nothing changes a segment takes several samples; in a failing or unreachable streak each is one of its own. */
export async function watch(run: Run, { watch: state }: Doing<'watch'>): Promise<PromotionEvent> {
  const { intervalMs } = run.plan.watch;
  const count = segmentLength(state);
  const segment = await watchActivities(count * (intervalMs + slowestGateMs(run))).watchSegment({
    run: run.admitted.run,
    from: state.samples + 1,
    count,
    last: state.last ?? 'pass',
    nextAt: state.nextAt,
    endsAt: state.endsAt,
  });
  if (segment.results.length > 0) run.gates = segment.results;
  return { type: 'sampled', samples: segment.samples, recorded: segment.recorded };
}

/**
 * Our machinery failed for good. Before promoting, the store is asked whether another history of this run promoted (a
 * workflow reset): what nobody watches any more is rolled back. No answer counts as yes.
 */
export async function faulted(run: Run, error: unknown): Promise<PromotionEvent> {
  const code = codeOf(error);
  if (run.move.state.steps.length > 0) return { type: 'faulted', code, promotedBefore: true };
  return { type: 'faulted', code, promotedBefore: await promotedBefore(run) };
}

/** Whether another history of this run promoted, and nobody saw it to its end. */
async function promotedBefore(run: Run): Promise<boolean> {
  try {
    return (await lookBackActivities().promotionBegun({ run: run.admitted.run })).begun;
  } catch {
    return true;
  }
}
