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
}

/** Newest first. Asks the visibility store alone, so it costs the same with thousands open. */
export async function list(
  server: TemporalServer,
  { open, limit }: ListOptions,
): Promise<readonly ListedPromotion[]> {
  const query = `WorkflowType IN ("${PROMOTION}", "${ROLLBACK}")${open ? ' AND ExecutionStatus = "Running"' : ''}`;
  return server.call(CALL_TIMEOUT_MS, async () => {
    const found: ListedPromotion[] = [];
    for await (const info of server.client.list({ query, pageSize: Math.min(limit, 1_000) })) {
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
