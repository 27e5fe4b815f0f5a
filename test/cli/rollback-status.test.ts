// Proves what `status` says of a rollback, before it and after it failed, from what Temporal and the worker told.
import { describe, expect, it } from 'vitest';

import { createOutput } from '../../src/cli/output.js';
import { statusLines } from '../../src/cli/render.js';
import { statusDocument } from '../../src/cli/status-document.js';
import type { PromotionStatus } from '../../src/client.js';
import type { RollbackStepView } from '../../src/domain/messages.js';
import type { Phase, End } from '../../src/domain/phase.js';

const PLANNED: readonly RollbackStepView[] = [
  { step: 'gateway-stop', does: 'runs its command, until gateway-status says hold', tried: null, byHand: [] },
  { step: 'deployment-revert', does: 'reverts what was promoted', tried: null, byHand: [] },
];
const LONG = `cd /srv/tau && tau-coding-agent ${'--with-a-long-argument '.repeat(40)}--end`;
const FAILED: readonly RollbackStepView[] = [
  {
    step: 'gateway-stop',
    does: 'runs its command, until gateway-status says hold',
    tried: { attempt: 1, verified: false, code: 'wrong_directory', detail: 'elsewhere\u001B[2J' },
    byHand: [LONG],
  },
  {
    step: 'deployment-revert',
    does: 'reverts what was promoted',
    tried: { attempt: 1, verified: true, code: 'revert_on_branch', detail: 'production is at abc' },
    byHand: [],
  },
];

function statusIn(phase: Phase | End, rollback: readonly RollbackStepView[]): PromotionStatus {
  const open = !['rolled-back', 'stopped'].includes(phase);
  return {
    target: 'site',
    workflowId: 'promotion/site',
    runId: 'first',
    execution: open ? 'RUNNING' : 'COMPLETED',
    startedAt: new Date(0),
    memo: {
      target: 'site',
      commit: 'a'.repeat(40),
      run: 'run',
      requester: 'r@example.org',
      phase,
      reason: '',
      trigger: null,
      digest: null,
      deadline: null,
      evidence: 'folder',
      gates: [],
      concerns: [],
    },
    view: undefined,
    rollback,
    workerAnswers: false,
    blocked: undefined,
    untold: undefined,
  };
}

function linesOf(status: PromotionStatus): readonly string[] {
  const shown = statusDocument(status, (folder) => folder);
  return statusLines(createOutput(false), status, shown, 0);
}

const ORDER = 'promote rollback site --reason …';

describe('status', () => {
  it.each(['validating', 'awaiting-approval', 'promoting', 'watching'] as const)(
    'says while %s what a rollback would do, also without a worker',
    (phase) => {
      const status = statusIn(phase, PLANNED);
      expect(linesOf(status).join('\n')).toContain(
        'gateway-stop runs its command, until gateway-status says hold',
      );
      expect(linesOf(status).join('\n')).toContain('deployment-revert reverts what was promoted');
      expect(statusDocument(status, String).rollback.steps).toEqual(PLANNED);
    },
  );

  it.each([
    ['awaiting-approval', null],
    ['promoting', ORDER],
    ['watching', ORDER],
    ['rolling-back', null],
    ['rolled-back', null],
  ] as const)('while %s gives the command that rolls back: %s', (phase, order) => {
    const status = statusIn(phase, PLANNED);
    expect(statusDocument(status, String).rollback.order).toBe(order);
    expect(linesOf(status).some((line) => line.includes(`${ORDER} does it now`))).toBe(order !== null);
  });

  it('says after a failed rollback what each step said and, whole, what is left to do by hand', () => {
    const status = statusIn('rollback-failed', FAILED);
    const lines = linesOf(status);
    expect(lines).toContainEqual(
      expect.stringContaining('gateway-stop: failed: wrong_directory: elsewhere [2J'),
    );
    expect(lines).toContainEqual(expect.stringContaining('deployment-revert: verified: revert_on_branch'));
    expect(lines.filter((line) => line.includes('by hand'))).toEqual([`  by hand    ${LONG}`]);
    expect(statusDocument(status, String).rollback).toEqual({ order: null, steps: FAILED });
  });
});
