import type { WorkflowExecutionInfo, WorkflowExecutionStatusName } from '@temporalio/client';

import { PROMOTION, ROLLBACK } from '../../workflows/messages.js';
import { CALL_TIMEOUT_MS, type TemporalServer } from './connection.js';
import { COMMIT, DEADLINE, PHASE, REQUESTER, TARGET, TRIGGER } from './search-attributes.js';

/** A line of `list`, from search attributes alone. */
export interface ListedPromotion {
  readonly target: string;
  readonly commit: string;
  readonly phase: string;
  readonly requester: string;
  readonly trigger: string | undefined;
  readonly deadline: Date | undefined;
  readonly execution: WorkflowExecutionStatusName;
  readonly workflowId: string;
  readonly runId: string;
  readonly startedAt: Date;
  readonly closedAt: Date | undefined;
}

export interface ListOptions {
  readonly open: boolean;
  readonly limit: number;
  /** Only what awaits a decision of this name. */
  readonly waitingFor?: string | undefined;
}

/** Newest first. Asks the visibility store alone, so it costs the same with thousands open. */
export async function list(
  server: TemporalServer,
  { open, limit, waitingFor }: ListOptions,
): Promise<readonly ListedPromotion[]> {
  const query = [
    `WorkflowType IN ("${PROMOTION}", "${ROLLBACK}")`,
    ...(open ? ['ExecutionStatus = "Running"'] : []),
    ...(waitingFor === undefined ? [] : ['PromotionPhase = "awaiting-approval"']),
  ].join(' AND ');
  return server.call(CALL_TIMEOUT_MS, async () => {
    const found: ListedPromotion[] = [];
    for await (const info of server.client.list({ query, pageSize: Math.min(limit, 1_000) })) {
      if (waitingFor !== undefined && !waitsFor(info, waitingFor)) continue;
      found.push(listed(info));
      if (found.length >= limit) break;
    }
    return found;
  });
}

function listed(info: WorkflowExecutionInfo): ListedPromotion {
  const attributes = info.typedSearchAttributes;
  return {
    target: attributes.get(TARGET) ?? info.workflowId,
    commit: attributes.get(COMMIT) ?? '',
    phase: attributes.get(PHASE) ?? '',
    requester: attributes.get(REQUESTER) ?? '',
    trigger: attributes.get(TRIGGER) ?? undefined,
    deadline: attributes.get(DEADLINE) ?? undefined,
    execution: info.status.name,
    workflowId: info.workflowId,
    runId: info.raw.firstRunId || info.runId,
    startedAt: info.startTime,
    closedAt: info.closeTime,
  };
}

/** The names stand in the memo, which comes with the list. */
function waitsFor({ memo }: WorkflowExecutionInfo, name: string): boolean {
  const promotion: unknown = memo?.['promotion'];
  if (typeof promotion !== 'object' || promotion === null || !('waitingFor' in promotion)) return false;
  return Array.isArray(promotion.waitingFor) && promotion.waitingFor.includes(name);
}
