import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';

import {
  enteredPhase,
  isNameable,
  isTaken,
  NO_ORDERS,
  refuseHead,
  took,
  type OrdersTaken,
} from '../../src/domain/orders.js';
import { ACTIONS, PHASES, refuseAction, type Phase } from '../../src/domain/phase.js';
import type { ControlStatement } from '../../src/domain/statement.js';
import { PROPERTY_RUNS } from '../support/property-runs.js';

// Proves that an order works on what its giver saw, and once.

const head = (seq: number) => ({ seq, digest: `sha256:${String(seq).padStart(64, '0')}` });
const heads = (to: number) => Array.from({ length: to }, (_, index) => head(index + 1));
/** Phases as they were entered, each after so many entries. */
const through = (...phases: readonly (readonly [Phase, number])[]): OrdersTaken =>
  phases.reduce((orders, [phase, seq]) => enteredPhase(orders, phase, seq), NO_ORDERS);

const ORDER: ControlStatement = {
  v: 1,
  type: 'promotion-control.v1',
  deployment: 'd',
  target: 't',
  at: '2026-01-02T03:04:05.678Z',
  by: 'a',
  run: 'run-1',
  action: 'retry-rollback',
  head: head(9),
  reason: 'again',
};

describe('an order', () => {
  const FAILED = through(['promoting', 3], ['watching', 5], ['rolling-back', 7], ['rollback-failed', 9]);
  const RETRIED = enteredPhase(enteredPhase(FAILED, 'rolling-back', 11), 'rollback-failed', 13);

  it('on an entry since the phase takes it is taken, newest or not', () => {
    for (const seq of [9, 10, 11])
      expect(refuseHead(FAILED, heads(11), 'acknowledge', head(seq))).toBeUndefined();
  });

  it('on an entry of the phase before is refused', () => {
    expect(refuseHead(FAILED, heads(11), 'acknowledge', head(8))).toBe('other_head');
  });

  it('that was held back while the rollback was tried again is refused', () => {
    expect(refuseHead(RETRIED, heads(14), 'acknowledge', head(10))).toBe('other_head');
    expect(refuseHead(RETRIED, heads(14), 'acknowledge', head(13))).toBeUndefined();
  });

  it('that was given while promoting still rolls back once it is watched', () => {
    const watching = through(['awaiting-approval', 1], ['promoting', 3], ['watching', 5]);
    expect(refuseHead(watching, heads(6), 'rollback', head(3))).toBeUndefined();
    expect(refuseHead(watching, heads(6), 'rollback', head(2))).toBe('other_head');
  });

  it('without a head, or on one that is not this journal’s, is refused', () => {
    expect(refuseHead(FAILED, heads(9), 'acknowledge', undefined)).toBe('other_head');
    expect(refuseHead(FAILED, heads(9), 'acknowledge', { ...head(9), digest: head(8).digest })).toBe(
      'other_head',
    );
    expect(refuseHead(FAILED, heads(9), 'acknowledge', head(10))).toBe('other_head');
  });

  it('is taken before any phase was noted, as by a rollback that took a run over', () => {
    expect(refuseHead(NO_ORDERS, [head(4)], 'acknowledge', head(4))).toBeUndefined();
  });

  it('is taken exactly on what was recorded since the phases take it without a break', () => {
    const step = fc.tuple(fc.constantFrom(...PHASES), fc.integer({ min: 1, max: 5 }));
    const lives = fc.array(step, { minLength: 1, maxLength: 20 });
    fc.assert(
      fc.property(lives, fc.constantFrom(...ACTIONS), (steps, action) => {
        let seq = 0;
        let orders = NO_ORDERS;
        let from = Number.POSITIVE_INFINITY;
        for (const [phase, entries] of steps) {
          orders = enteredPhase(orders, phase, seq);
          if (refuseAction(action, phase) !== undefined) from = Number.POSITIVE_INFINITY;
          else from = Math.min(from, seq);
          seq += entries;
        }
        for (const { seq: at } of heads(seq))
          expect(refuseHead(orders, heads(seq), action, head(at)) === undefined).toBe(at >= from);
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  it('can name a head exactly where none that the phase takes is refused on it', () => {
    const watching = through(['awaiting-approval', 1], ['promoting', 3], ['watching', 5]);
    expect(isNameable(watching, 'watching', head(3))).toBe(true);
    expect(isNameable(watching, 'watching', head(2))).toBe(false);
    const rollingBack = enteredPhase(watching, 'rolling-back', 7);
    expect(isNameable(rollingBack, 'rolling-back', head(2))).toBe(true);
    expect(isNameable(enteredPhase(rollingBack, 'rollback-failed', 9), 'rollback-failed', head(7))).toBe(
      false,
    );
    expect(
      isNameable(through(['validating', 0], ['awaiting-approval', 4]), 'awaiting-approval', head(1)),
    ).toBe(true);
  });

  it('by the same bytes is known again; one that differs in anything is another', () => {
    const orders = took(NO_ORDERS, ORDER);
    expect(isTaken(orders, { ...ORDER })).toBe(true);
    expect(isTaken(orders, { ...ORDER, reason: 'again!' })).toBe(false);
    expect(isTaken(orders, { ...ORDER, head: head(10) })).toBe(false);
  });

  it('is remembered among the newest', () => {
    const many = Array.from({ length: 40 }, (_, index) => ({ ...ORDER, head: head(index + 1) }));
    const orders = many.reduce(took, NO_ORDERS);
    expect(many.filter((each) => isTaken(orders, each)).map((each) => each.head.seq)).toEqual(
      Array.from({ length: 16 }, (_, index) => index + 25),
    );
  });
});
