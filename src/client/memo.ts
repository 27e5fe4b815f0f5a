import type { WorkflowExecutionDescription } from '@temporalio/client';

import type { PromotionMemo, RollbackStepView } from '../domain/messages.js';
import { promotionId } from '../../workflows/messages.js';
import { ClientError } from './errors.js';

/** @throws ClientError `not_found` where it is none of ours */
export function memoOf(description: WorkflowExecutionDescription, target: string): PromotionMemo {
  const memo: unknown = description.memo?.['promotion'];
  if (isMemo(memo)) return memo;
  throw new ClientError(
    'not_found',
    `the workflow ${promotionId(target)} has no memo that this version of promote knows: another program or version started it`,
  );
}

function isMemo(memo: unknown): memo is PromotionMemo {
  if (typeof memo !== 'object' || memo === null) return false;
  const fields: Readonly<Record<string, unknown>> = { ...memo };
  if (!Array.isArray(fields['gates']) || !Array.isArray(fields['concerns'])) return false;
  return ['target', 'commit', 'run', 'requester', 'phase', 'reason', 'evidence'].every(
    (name) => typeof fields[name] === 'string',
  );
}

/** What a rollback would do, or has done: there as soon as the run has its plan, without any worker. */
export function rollbackOf({ memo }: WorkflowExecutionDescription): readonly RollbackStepView[] {
  const steps: unknown = memo?.['rollback'];
  return Array.isArray(steps) && steps.every(isRollbackStep) ? steps : [];
}

function isRollbackStep(step: unknown): step is RollbackStepView {
  if (typeof step !== 'object' || step === null || !('tried' in step)) return false;
  const fields: Readonly<Record<string, unknown>> = { ...step };
  const { tried } = fields;
  return (
    typeof fields['step'] === 'string' &&
    typeof fields['does'] === 'string' &&
    (tried === null || (typeof tried === 'object' && 'code' in tried && 'detail' in tried)) &&
    Array.isArray(fields['byHand'])
  );
}
