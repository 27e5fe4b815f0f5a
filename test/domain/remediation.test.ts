import { describe, expect, it } from 'vitest';
import { MANUAL, MANUAL_TEXT, planRepairs } from '../../src/domain/remediation.js';
import {
  failing,
  holding,
  malformed,
  misconfigured,
  passing,
  roundOf,
  tauPlan,
  unreachable,
} from '../support/plans.js';

// Proves which repairs a round leads to under Tau's runbook, in which order and for which gates.

const PLAN = tauPlan();
const MINUTE = 60_000;
const manualFor = (...gates: readonly string[]) => ({
  repair: MANUAL,
  manual: MANUAL_TEXT,
  gates,
  deadlineMs: 15 * MINUTE,
});
const probeFor = (...gates: readonly string[]) => ({
  repair: 'cortex-chat-probe',
  gates,
  deadlineMs: MINUTE,
});
const startFor = (...gates: readonly string[]) => ({ repair: 'gateway-start', gates, deadlineMs: MINUTE });

describe('what is repaired', () => {
  it('is nothing where every gate passes', () => {
    expect(planRepairs(PLAN, roundOf())).toEqual([]);
  });

  it.each([
    'cortex_chat_activity_missing',
    'cortex_observer_events_stale',
    'cortex_observer_events_empty',
    'cortex_observer_events_missing',
  ])('is cortex by a chat probe for %s', (code) => {
    expect(planRepairs(PLAN, roundOf(holding('cortex-status', code)))).toEqual([probeFor('cortex-status')]);
  });

  it('is left to a person for a code that no repair helps with', () => {
    const results = roundOf(holding('cortex-status', 'cortex_observer_events_malformed'));
    expect(planRepairs(PLAN, results)).toEqual([manualFor('cortex-status')]);
  });

  it('is a gateway that was stopped, by starting it', () => {
    const results = roundOf(failing('gateway-status', 'service_stopped'));
    expect(planRepairs(PLAN, results)).toEqual([startFor('gateway-status')]);
  });

  it('is never a gateway that a rollback stopped: that is left to a person', () => {
    const results = roundOf(
      failing('gateway-status', 'service_stopped', 'stopped_by_emergency_rollback'),
      holding('operator-summary', 'gateway:service_stopped'),
    );
    expect(planRepairs(PLAN, results)).toEqual([manualFor('gateway-status', 'operator-summary')]);
  });

  it.each([
    { kind: 'unreachable', silent: unreachable },
    { kind: 'malformed', silent: malformed },
    { kind: 'misconfigured', silent: misconfigured },
  ])('is not a start where the gateway itself is $kind and did not say why it stopped', ({ silent }) => {
    const results = roundOf(silent('gateway-status'), holding('operator-summary', 'gateway:service_stopped'));
    expect(planRepairs(PLAN, results).map(({ repair }) => repair)).not.toContain('gateway-start');
  });

  it('is not a start where the gateway gave no result at all', () => {
    const results = [holding('operator-summary', 'gateway:service_stopped')];
    expect(planRepairs(PLAN, results)).toEqual([manualFor('operator-summary')]);
  });

  it('is a code of one gate only: another gate with the same code is left to a person', () => {
    const results = roundOf(holding('deployment-status', 'service_stopped'));
    expect(planRepairs(PLAN, results)).toEqual([manualFor('deployment-status')]);
  });

  it.each([
    { kind: 'unreachable', silent: unreachable },
    { kind: 'malformed', silent: malformed },
  ])('is left to a person where the gate is $kind', ({ silent }) => {
    expect(planRepairs(PLAN, roundOf(silent('deployment-status')))).toEqual([manualFor('deployment-status')]);
  });

  it('is never what is misconfigured', () => {
    const results = roundOf(misconfigured('gateway-status'), holding('deployment-status', 'stuck'));
    expect(planRepairs(PLAN, results)).toEqual([manualFor('deployment-status')]);
  });

  it('is never readiness itself, which is derived', () => {
    expect(planRepairs(PLAN, roundOf(holding('readiness'), unreachable('cortex-status')))).toEqual([
      manualFor('cortex-status'),
    ]);
    expect(planRepairs(PLAN, roundOf(holding('readiness')))).toEqual([]);
  });
});

describe('how repairs are put together', () => {
  it('one that serves several gates runs once', () => {
    const results = roundOf(
      holding('gateway-status', 'service_stopped'),
      holding('operator-summary', 'gateway:service_stopped'),
    );
    expect(planRepairs(PLAN, results)).toEqual([startFor('gateway-status', 'operator-summary')]);
  });

  it('several stand in the order of the runbook’s gates, whatever the order of the results', () => {
    const results = [
      holding('deployment-status', 'stuck'),
      holding('cortex-status', 'cortex_observer_events_stale'),
      holding('gateway-status', 'service_stopped'),
    ];
    expect(planRepairs(PLAN, results)).toEqual([
      startFor('gateway-status'),
      probeFor('cortex-status'),
      manualFor('deployment-status'),
    ]);
  });

  it('a person is asked once for all gates that nothing helps with', () => {
    const results = roundOf(
      unreachable('gateway-status'),
      holding('deployment-transport'),
      malformed('deployment-status'),
    );
    expect(planRepairs(PLAN, results)).toEqual([
      manualFor('gateway-status', 'deployment-transport', 'deployment-status'),
    ]);
  });

  it('a gate with a code that a repair helps with and one that none does is repaired, without a person', () => {
    const results = roundOf(holding('cortex-status', 'something_else', 'cortex_observer_events_stale'));
    expect(planRepairs(PLAN, results)).toEqual([probeFor('cortex-status')]);
  });

  it('a person is told what the runbook says to do for these codes, and has the time that it gives', () => {
    const manual = {
      id: 'empty-the-disk',
      manual: 'Empty /var/log of the host that holds.',
      deadlineMs: 7,
      unless: undefined,
      helps: { 'deployment-status': ['disk_full'], 'cortex-status': ['http_timeout'] },
    };
    const plan = { ...PLAN, remediation: { ...PLAN.remediation, repairs: [manual] } };
    const results = roundOf(
      unreachable('cortex-status'),
      holding('deployment-transport', 'disk_full'),
      holding('deployment-status', 'disk_full'),
    );
    expect(planRepairs(plan, results)).toEqual([
      {
        repair: 'empty-the-disk',
        manual: manual.manual,
        gates: ['cortex-status', 'deployment-status'],
        deadlineMs: 7,
      },
      manualFor('deployment-transport'),
    ]);
  });

  it('all repairs that help with a gate run for it', () => {
    const second = { id: 'second', deadlineMs: 5, unless: undefined, manual: undefined };
    const helps = { 'cortex-status': ['cortex_observer_events_stale'] };
    const plan = {
      ...PLAN,
      remediation: {
        ...PLAN.remediation,
        repairs: [...PLAN.remediation.repairs, { ...second, helps }],
      },
    };
    const results = [passing('gateway-status'), holding('cortex-status', 'cortex_observer_events_stale')];
    expect(planRepairs(plan, results)).toEqual([
      probeFor('cortex-status'),
      { repair: 'second', gates: ['cortex-status'], deadlineMs: 5 },
    ]);
  });
});
