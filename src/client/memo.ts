import type { WorkflowExecutionDescription } from '@temporalio/client';

import type { PromotionMemo, RollbackStepView } from '../domain/messages.js';
import { ENDS, PHASES } from '../domain/phase.js';
import { TRIGGERS } from '../domain/triggers.js';
import { promotionId } from '../../workflows/messages.js';
import { ClientError } from './errors.js';
import { DEADLINE, PHASE, TRIGGER } from './search-attributes.js';

type Told = Pick<WorkflowExecutionDescription, 'memo' | 'typedSearchAttributes'>;

/**
 * What Temporal was told of a promotion, newest.
 *
 * @throws ClientError `not_found` where it is none of ours
 */
export function memoOf(description: Told, target: string): PromotionMemo {
  const memo: unknown = description.memo?.['promotion'];
  if (isMemo(memo)) return withAttributes(memo, description);
  throw new ClientError(
    'not_found',
    `the workflow ${promotionId(target)} has no memo that this version of promote knows: another program or version started it`,
  );
}

/** The memo is not written again where search attributes tell all that is new. */
function withAttributes(memo: PromotionMemo, { typedSearchAttributes: attributes }: Told): PromotionMemo {
  const told = attributes.get(PHASE);
  const phase = [...PHASES, ...ENDS].find((each) => each === told);
  if (phase === undefined) return memo;
  return {
    ...memo,
    phase,
    trigger: TRIGGERS.find((each) => each === attributes.get(TRIGGER)) ?? memo.trigger,
    deadline: attributes.get(DEADLINE)?.getTime() ?? null,
    waitingFor: phase === 'awaiting-approval' ? memo.waitingFor : undefined,
  };
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
