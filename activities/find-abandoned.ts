import { Context, getClient } from '@temporalio/activity';
import { ApplicationFailure, WorkflowNotFoundError } from '@temporalio/common';

import type { FoundRun } from '../src/domain/reconciling.js';
import { beating } from './beating.js';
import type { Dependencies } from './dependencies.js';

export interface FindRequest {
  /** This target alone. */
  readonly target: string | undefined;
  /** Looked at in any case; left out by workflows of earlier versions. */
  readonly run?: string | undefined;
}

export interface Abandoned {
  readonly runs: readonly FoundRun[];
  /** Evidence folders that could not be read, at most 50. */
  readonly unreadable: readonly string[];
}

const TOLD = 50;

/** Beyond these, Temporal is first asked once which are open: thousands may wait for an approval. */
const ASKED_EACH = 50;

/**
 * Runs whose evidence has no end, and what Temporal says of their workflows. Evidence alone is not enough: another server's
 * promotion may be open. Nor is Temporal: it forgets.
 */
export function findAbandonedWith({ pastRuns, evidence, deployment }: Dependencies) {
  return (request: FindRequest): Promise<Abandoned> =>
    beating(async () => {
      const { runs, unreadable } = await pastRuns.unendedRuns(evidence, deployment, request);
      const open = runs.length > ASKED_EACH ? await openIds() : new Set<string>();
      const found: FoundRun[] = [];
      for (const { workflow, followed, ...run } of runs) {
        const state = open.has(workflow.id) ? 'open' : await stateOf(workflow);
        // Rolling it back now would undo what came after it, so that a person has to say so.
        const told = followed && state === 'ended' ? 'unknown' : state;
        found.push({ ...run, workflowId: workflow.id, workflow: told });
      }
      const leftBehind = found.filter(
        ({ workflow, touched }) => workflow === 'ended' || (touched && workflow === 'unknown'),
      );
      return { runs: leftBehind, unreadable: unreadable.slice(0, TOLD) };
    });
}

type Client = ReturnType<typeof getClient>;
type Described = Awaited<ReturnType<ReturnType<Client['workflow']['getHandle']>['describe']>>;

async function openIds(): Promise<ReadonlySet<string>> {
  const query = `ExecutionStatus = "Running" AND TaskQueue = "${Context.current().info.taskQueue}"`;
  return asking(async (client) => {
    const ids = new Set<string>();
    for await (const { workflowId } of client.workflow.list({ query, pageSize: 1_000 })) ids.add(workflowId);
    return ids;
  });
}

const ENDED_FROM_OUTSIDE: readonly string[] = ['TERMINATED', 'FAILED', 'TIMED_OUT', 'CANCELLED'];

/** An open workflow of the ID is the lock, whichever run it is; a closed one must be this run's own, on this very queue. */
async function stateOf({
  id,
  firstExecutionRunId,
}: {
  readonly id: string;
  readonly firstExecutionRunId: string;
}): Promise<FoundRun['workflow']> {
  return asking(async (client) => {
    const latest = await describe(client, id);
    if (latest === undefined) return 'unknown';
    if (latest.status.name === 'RUNNING' || latest.status.name === 'PAUSED') return 'open';
    const own = isOf(latest, firstExecutionRunId)
      ? latest
      : await lastOfChain(client, id, firstExecutionRunId);
    if (own?.taskQueue !== Context.current().info.taskQueue) return 'unknown';
    return ENDED_FROM_OUTSIDE.includes(own.status.name) ? 'ended' : 'unknown';
  });
}

function isOf({ raw }: Described, firstExecutionRunId: string): boolean {
  return raw.workflowExecutionInfo?.firstRunId === firstExecutionRunId;
}

const LOOKED_THROUGH = 100;

/** The newest run of a chain that others followed under the same ID. */
async function lastOfChain(
  client: Client,
  id: string,
  firstExecutionRunId: string,
): Promise<Described | undefined> {
  let looked = 0;
  for await (const { runId } of client.workflow.list({ query: `WorkflowId = "${id}"`, pageSize: 20 })) {
    const found = await describe(client, id, runId);
    if (found !== undefined && isOf(found, firstExecutionRunId)) return found;
    looked += 1;
    if (looked >= LOOKED_THROUGH) break;
  }
  return undefined;
}

async function describe(client: Client, id: string, runId?: string): Promise<Described | undefined> {
  try {
    return await client.workflow.getHandle(id, runId).describe();
  } catch (error) {
    if (error instanceof WorkflowNotFoundError) return undefined;
    throw error;
  }
}

/** A server that does not answer now is asked again by another attempt. */
async function asking<Answer>(ask: (client: Client) => Promise<Answer>): Promise<Answer> {
  try {
    return await ask(getClient());
  } catch (cause) {
    const why = cause instanceof Error ? cause.message.split('\n')[0] : '';
    throw ApplicationFailure.create({
      message: `Temporal does not say what is open: ${why ?? ''}`,
      type: 'temporal_unreachable',
    });
  }
}
