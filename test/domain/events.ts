import type { Effect } from '../../src/domain/effect.js';
import type { PromotionEvent } from '../../src/domain/event.js';
import { begin, type Move } from '../../src/domain/move.js';
import type { Plan } from '../../src/domain/plan.js';
import { transition } from '../../src/domain/transition.js';
import type { GateResult } from '../../src/domain/verdict.js';
import type { Sample, SampleGrade } from '../../src/domain/watch.js';
import { roundOf } from '../support/plans.js';

/** Something that happens: an event that answers what the promotion was about to do. */
export type Happening = (effect: Effect) => PromotionEvent;

/** When the last promotion step was done, ms since the epoch. */
export const PROMOTED_AT = 1_000_000;

/** Where a promotion under this plan stands after all that. */
export function after(plan: Plan, ...happenings: readonly Happening[]): Move {
  return happenings.reduce(
    ({ state, effect }, happening) => transition(plan, state, happening(effect)),
    begin(plan),
  );
}

const always =
  (event: PromotionEvent): Happening =>
  () =>
    event;

export const prerequisitesMet = always({ type: 'prerequisites-checked', problems: [] });
export const prerequisitesNotMet = always({
  type: 'prerequisites-checked',
  problems: ['jq is not on PATH'],
});

/** Every gate passes but those given. */
export function round(...different: readonly GateResult[]): Happening {
  return (effect) => ({ type: 'round-closed', round: roundNameOf(effect), results: roundOf(...different) });
}

/** All the repairs that were planned were attempted, for all their gates. */
export const repairsAttempted: Happening = (effect) => ({
  type: 'remediation-done',
  attempted: effect.do === 'remediate' ? effect.repairs.flatMap(({ gates }) => gates) : [],
});

const decided =
  (type: 'approved' | 'rejected' | 'expired'): Happening =>
  (effect) => ({ type, epoch: effect.do === 'await-decision' ? effect.epoch : 0 });
export const approved = decided('approved');
export const rejected = decided('rejected');
export const expired = decided('expired');

export function preflight(...different: readonly GateResult[]): Happening {
  return (effect) => ({
    type: 'preflight-closed',
    round: roundNameOf(effect),
    results: roundOf(...different),
    notRollbackable: [],
  });
}

export const notRollbackable: Happening = (effect) => ({
  type: 'preflight-closed',
  round: roundNameOf(effect),
  results: roundOf(),
  notRollbackable: ['deployment-revert: the push would be refused'],
});

export const stepPromoted: Happening = (effect) => ({
  type: 'step-promoted',
  step: stepOf(effect),
  at: PROMOTED_AT,
});

export function stepFailed(code: string, effect: 'none' | 'possible'): Happening {
  return (doing) => ({ type: 'step-failed', step: stepOf(doing), code, effect });
}

const INTERVAL = 15_000;

/** Samples that are each taken when they are due. */
export function sampled(...grades: readonly SampleGrade[]): Happening {
  return (effect) => {
    if (effect.do !== 'watch') return { type: 'sampled', samples: [], recorded: true };
    const { samples, nextAt, endsAt } = effect.watch;
    return {
      type: 'sampled',
      samples: grades.map((grade, index) => {
        const due = nextAt + index * INTERVAL;
        return { n: samples + 1 + index, at: nextAt < endsAt ? Math.min(due, endsAt) : due, grade };
      }),
      recorded: true,
    };
  };
}

/** The window's last sample, and those that pass before it, each taken when it is due. */
export function lastSample(grade: SampleGrade, recorded = true): Happening {
  return (effect) => {
    const samples: Sample[] = [];
    if (effect.do !== 'watch') return { type: 'sampled', samples, recorded };
    const { nextAt, endsAt, samples: before } = effect.watch;
    for (let at = nextAt; at < endsAt; at += INTERVAL)
      samples.push({ n: before + samples.length + 1, at, grade: 'pass' });
    samples.push({ n: before + samples.length + 1, at: endsAt, grade });
    return { type: 'sampled', samples, recorded };
  };
}

export const rolledBack = always({ type: 'rollback-tried', unverified: [] });
export const notRolledBack = always({
  type: 'rollback-tried',
  unverified: ['gateway-stop: still_running: running'],
});
export const stillRolledBack = always({ type: 'rollback-confirmed', unverified: [] });
export const cameBack = always({
  type: 'rollback-confirmed',
  unverified: ['gateway-stop: still_running: running'],
});

export function ordered(action: 'abort' | 'rollback' | 'retry-rollback' | 'acknowledge'): Happening {
  return always({ type: 'ordered', action });
}
export const cancelled = always({ type: 'cancelled' });
export const faulted = always({ type: 'faulted', code: 'journal_fork', promotedBefore: false });
/** As after a workflow reset: another history of this run promoted. */
export const faultedAfterPromotion = always({ type: 'faulted', code: 'journal_fork', promotedBefore: true });

/** The way to where most cases begin. */
export const TO_APPROVAL: readonly Happening[] = [prerequisitesMet, round()];
export const TO_PREFLIGHT: readonly Happening[] = [...TO_APPROVAL, approved];
export const TO_PROMOTING: readonly Happening[] = [...TO_PREFLIGHT, preflight()];
export const TO_WATCHING: readonly Happening[] = [...TO_PROMOTING, stepPromoted];
export const TO_ROLLING_BACK: readonly Happening[] = [...TO_WATCHING, ordered('rollback')];
export const TO_ROLLBACK_FAILED: readonly Happening[] = [...TO_ROLLING_BACK, notRolledBack];

function roundNameOf(effect: Effect): string {
  return 'round' in effect ? effect.round : 'unasked';
}

function stepOf(effect: Effect): string {
  return effect.do === 'promote' ? effect.step : 'unbegun';
}
