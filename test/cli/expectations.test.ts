// Proves how options become overrides. Which of them a runbook takes is the rules' (test/domain/override.test.ts).
import { Command } from 'commander';
import { describe, expect, it } from 'vitest';

import { addExpectations, parseExpectations, type ExpectFlags } from '../../src/cli/expectations.js';
import type { ExpectationOverride } from '../../src/domain/override.js';

function parsed(...args: readonly string[]): readonly ExpectationOverride[] {
  const command = addExpectations(new Command('any'));
  command.parse(args, { from: 'user' });
  return parseExpectations(command.opts<ExpectFlags>());
}

describe('an expectation of a command line', () => {
  it.each<[sentence: string, args: readonly string[], overrides: readonly ExpectationOverride[]]>([
    ['not given is none', [], []],
    [
      'of the sparse mode, as the runbook writes it',
      ['--expect-operator-health-state', 'failing', '--expect-operator-rollout-gate', 'hold'],
      [{ gate: 'readiness:operator', health: 'failing', rolloutGate: 'hold' }],
    ],
    [
      'of a health alone leaves the gate to the runbook',
      ['--expect-gateway-health-state', 'degraded'],
      [{ gate: 'readiness:gateway', health: 'degraded', rolloutGate: null }],
    ],
    [
      'of all three gates',
      ['--expect-rollout-gate', 'pass'],
      ['gateway', 'cortex', 'operator'].map((part) => ({
        gate: `readiness:${part}`,
        health: null,
        rolloutGate: 'pass',
      })),
    ],
    [
      'of one part goes before that of all three',
      ['--expect-cortex-rollout-gate', 'hold', '--expect-rollout-gate', 'pass'],
      [
        { gate: 'readiness:gateway', health: null, rolloutGate: 'pass' },
        { gate: 'readiness:cortex', health: null, rolloutGate: 'hold' },
        { gate: 'readiness:operator', health: null, rolloutGate: 'pass' },
      ],
    ],
    [
      'of any gates, several times',
      ['--expect', 'deployment-status=failing/hold', '--expect', 'web=degraded/pass'],
      [
        { gate: 'deployment-status', health: 'failing', rolloutGate: 'hold' },
        { gate: 'web', health: 'degraded', rolloutGate: 'pass' },
      ],
    ],
  ])('%s', (_, args, overrides) => {
    expect(parsed(...args)).toEqual(overrides);
  });

  it.each([
    '',
    'g',
    'g=',
    'g=failing',
    'g=failing/',
    '=failing/hold',
    'g=failing/hold/x',
    'G=failing/hold',
    'a b=failing/hold',
  ])('that reads %j is refused', (text) => {
    expect(() => parsed('--expect', text)).toThrow(/write GATE=HEALTH\/GATE/);
  });
});
