import { describe, expect, it } from 'vitest';

import { causesOf, concernsOf, type Cause, type Ownership } from '../../src/domain/ownership.js';
import { tauPlan } from '../support/plans.js';

// To whom a reason code belongs: to those that name it; else to those of its gate or step; else to those for everything.

const none = { gates: [], codes: [], steps: [] };
const OWNERSHIP: Ownership = {
  owners: [
    {
      ...none,
      name: 'gateway-team',
      contact: '#gateway',
      gates: ['gateway'],
      codes: ['gateway:*', 'service_stopped'],
    },
    { ...none, name: 'release-team', contact: undefined, gates: ['gateway', 'summary'], steps: ['revert'] },
    { ...none, name: 'everyone', contact: undefined },
  ],
  relatedRunbooks: [
    { ...none, path: 'gateway.md', gates: ['gateway'] },
    { ...none, path: 'revert.md', steps: ['revert'] },
  ],
};

const gate = (id: string, code: string): Cause => ({ kind: 'gate', id, code });
const step = (id: string, code: string): Cause => ({ kind: 'step', id, code });

const cases: readonly (readonly [string, Cause, owners: readonly string[], related: readonly string[]])[] = [
  ['a code that is named', gate('gateway', 'service_stopped'), ['gateway-team (#gateway)'], ['gateway.md']],
  [
    'a code whose beginning is named, at another gate',
    gate('summary', 'gateway:x'),
    ['gateway-team (#gateway)'],
    [],
  ],
  [
    'a code that nobody names, of a gate with two owners',
    gate('gateway', 'http_cut'),
    ['gateway-team (#gateway)', 'release-team'],
    ['gateway.md'],
  ],
  [
    'a code that only begins like one that is named',
    gate('summary', 'service_stopped_twice'),
    ['release-team'],
    [],
  ],
  ['a step', step('revert', 'push_rejected'), ['release-team'], ['revert.md']],
  ['a step that is called like a gate', step('gateway', 'unreachable'), ['everyone'], []],
  ['what nobody names', gate('cortex', 'cortex_ready'), ['everyone'], []],
];

describe('a reason code belongs', () => {
  it.each(cases)('%s', (_, cause, owners, relatedRunbooks) => {
    expect(concernsOf(OWNERSHIP, [cause])).toEqual([{ ...cause, owners, relatedRunbooks }]);
  });

  it('to nobody where the runbook names nobody', () => {
    expect(concernsOf({ owners: [], relatedRunbooks: [] }, [gate('a', 'b')])).toEqual([
      { ...gate('a', 'b'), owners: [], relatedRunbooks: [] },
    ]);
  });

  it('once, however often it is told, and to no more than a person reads', () => {
    const many = Array.from({ length: 50 }, (_, at) => gate('gateway', `code_${at % 40}`));
    const concerns = concernsOf(OWNERSHIP, many);
    expect(concerns).toHaveLength(32);
    expect(new Set(concerns.map(({ code }) => code)).size).toBe(32);
  });
});

describe('what holds a promotion up', () => {
  it('is each unproven step first, then every code of each gate that holds', () => {
    const held = { gate: 'gateway', verdict: 'hold', reasonCodes: ['a', 'b'] };
    const passed = { gate: 'cortex', verdict: 'pass', reasonCodes: ['cortex_ready'] };
    const overridden = { gate: 'operator', verdict: 'overridden', reasonCodes: ['expectation_overridden'] };
    expect(
      causesOf([passed, overridden, held], ['stop: unreachable: connect: refused', 'revert: git_timeout']),
    ).toEqual([
      step('stop', 'unreachable'),
      step('revert', 'git_timeout'),
      gate('gateway', 'a'),
      gate('gateway', 'b'),
    ]);
  });
});

describe('Tau’s owners', () => {
  const tau: readonly (readonly [Cause, string, string])[] = [
    [gate('gateway-status', 'service_stopped'), 'crates/tau-gateway', 'docs/guides/gateway-ops.md'],
    [
      gate('cortex-status', 'cortex_observer_events_missing'),
      'crates/tau-gateway',
      'docs/guides/gateway-ops.md',
    ],
    [
      gate('operator-summary', 'deployment:case_processing_failed'),
      'crates/tau-deployment',
      'docs/guides/deployment-ops.md',
    ],
    [
      gate('readiness', 'operator:deployment:case_processing_failed'),
      'crates/tau-deployment',
      'docs/guides/deployment-ops.md',
    ],
    [
      gate('operator-summary', 'voice:state_unavailable'),
      'crates/tau-coding-agent',
      'docs/guides/operator-control-summary.md',
    ],
    [gate('deployment-status', 'command_failed'), 'crates/tau-deployment', 'docs/guides/deployment-ops.md'],
    [step('gateway-stop', 'not_in_effect'), 'crates/tau-gateway', 'docs/guides/gateway-ops.md'],
    [step('deployment-revert', 'push_rejected'), 'crates/tau-deployment', 'docs/guides/deployment-ops.md'],
  ];
  it.each(tau)('$id: $code', (cause, owner, related) => {
    expect(concernsOf(tauPlan().ownership, [cause])).toEqual([
      { ...cause, owners: [owner], relatedRunbooks: [related] },
    ]);
  });
});
