import type { Stage } from './stage.js';

/** One history of a promotion. */
export interface ChainedRun {
  readonly runId: string;
  readonly events: number;
  readonly bytes: number;
}

/** Every history of a stage's promotion, oldest first: those before the last were continued as new. */
export async function runsOf({ client, handle }: Stage): Promise<readonly ChainedRun[]> {
  const runs: ChainedRun[] = [];
  let { runId }: { runId: string | undefined } = await firstOf({ client, handle });
  while (runId !== undefined) {
    const { raw } = await client.workflow.getHandle(handle.workflowId, runId).describe();
    const info = raw.workflowExecutionInfo;
    runs.push({
      runId,
      events: Number(info?.historyLength ?? 0),
      bytes: Number(info?.historySizeBytes ?? 0),
    });
    runId = await nextOf({ client, handle }, runId);
  }
  return runs;
}

type Chained = Pick<Stage, 'client' | 'handle'>;

async function firstOf({ handle }: Chained): Promise<{ readonly runId: string }> {
  const { raw, runId } = await handle.describe();
  return { runId: raw.workflowExecutionInfo?.firstRunId ?? runId };
}

async function nextOf({ client, handle }: Chained, runId: string): Promise<string | undefined> {
  const { history } = await client.workflowService.getWorkflowExecutionHistoryReverse({
    namespace: 'default',
    execution: { workflowId: handle.workflowId, runId },
    maximumPageSize: 1,
  });
  const last = history?.events?.[0]?.workflowExecutionContinuedAsNewEventAttributes;
  return last?.newExecutionRunId ?? undefined;
}
