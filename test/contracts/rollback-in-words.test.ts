import { describe, expect, it } from 'vitest';

import { rollbackInWords } from '../../src/contracts/rollback-in-words.js';
import type { RollbackStep } from '../../src/contracts/runbook-steps.js';

const SECRETIVE = { method: 'POST' as const, url: 'https://secretive.example.org/', headers: {} };
const COMMAND = { argv: ['secretive'], workingDirectory: '/secretive', environment: [] };

function step(more: Partial<RollbackStep>): RollbackStep {
  return { id: 'stop', repeatable: true, deadline: 1_000, ...more };
}

describe('a rollback step in words', () => {
  it.each([
    [
      step({
        command: COMMAND,
        verify: { gate: 'gateway-status', expect: { gate: 'hold', reasonCodes: ['service_stopped', 'b'] } },
      }),
      'runs its command, until gateway-status says hold (service_stopped, b)',
    ],
    [
      step({
        http: SECRETIVE,
        verify: {
          http: { ...SECRETIVE, method: 'GET' },
          answers: { status: [200, 404], values: { '/up': false } },
        },
      }),
      'sends its POST request, until its own question is answered with status 200 or 404, /up false',
    ],
    [
      step({ command: COMMAND, verify: { branch: 'site', has: 'former-tree' } }),
      'runs its command, until the branch of site has the tree that it had before',
    ],
    [
      step({ gitRevert: { step: 'site' } }),
      'reverts on the branch what site promoted, until the remote has the revert',
    ],
  ])('says %o', (given, words) => {
    expect(rollbackInWords(given)).toBe(words);
    expect(words).not.toContain('secretive');
  });
});
