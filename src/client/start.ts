import type { WorkflowStartOptions } from '@temporalio/client';
import { WorkflowExecutionAlreadyStartedError } from '@temporalio/common';

import { memoAtStart } from '../domain/memo.js';
import type { PromotionInput } from '../domain/messages.js';
import { PROMOTION, promotionId, WORKFLOW_TASK_TIMEOUT } from '../../workflows/messages.js';
import type { promotion } from '../../workflows/promotion.js';
import { CALL_TIMEOUT_MS, type TemporalServer } from './connection.js';
import { ClientError, unknownOutcome } from './errors.js';
import { memoOf } from './memo.js';
import { COMMIT, PHASE, REQUESTER, TARGET } from './search-attributes.js';

/** On PostgreSQL a longer value made the run vanish from `list`. */
const CLIP = 255;

export interface Started {
  readonly workflowId: string;
  readonly runId: string;
}

/**
 * Says early what start would say; start itself is the lock.
 * @throws ClientError `already_running`
 */
export async function refuseIfOpen(server: TemporalServer, target: string): Promise<void> {
  const open = await server.describe(promotionId(target), target).then(
    ({ status }) => status.name === 'RUNNING',
    (error: unknown) => {
      if (error instanceof ClientError && error.code === 'not_found') return false;
      throw error;
    },
  );
  if (open) throw await alreadyRunning(server, target);
}

/**
 * Starts the promotion; Temporal is the lock, so a target has at most one that is open.
 * @throws ClientError `already_running`, with the running one's commit, requester and phase; `unknown_outcome`
 */
export async function start(server: TemporalServer, input: PromotionInput): Promise<Started> {
  try {
    const handle = await server.within(CALL_TIMEOUT_MS, () =>
      server.client.start<typeof promotion>(PROMOTION, {
        ...startOptions(input),
        args: [input],
        taskQueue: server.taskQueue,
      }),
    );
    return { workflowId: handle.workflowId, runId: handle.firstExecutionRunId };
  } catch (error) {
    if (error instanceof WorkflowExecutionAlreadyStartedError)
      throw await alreadyRunning(server, input.target, error);
    const translated = server.translate(error);
    throw translated.code === 'unreachable'
      ? unknownOutcome(`whether the promotion into ${input.target} was started`, error)
      : translated;
  }
}

/** How a promotion is started, whichever its task queue. What `list` and `status` see stands there before any worker took it up. */
export function startOptions(input: PromotionInput) {
  return {
    workflowId: promotionId(input.target),
    workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
    workflowIdConflictPolicy: 'FAIL',
    workflowIdReusePolicy: 'ALLOW_DUPLICATE',
    memo: { promotion: memoAtStart(input) },
    typedSearchAttributes: [
      { key: TARGET, value: input.target.slice(0, CLIP) },
      { key: COMMIT, value: input.commit.slice(0, CLIP) },
      { key: REQUESTER, value: input.requester.slice(0, CLIP) },
      { key: PHASE, value: 'validating' },
    ],
  } as const satisfies Partial<WorkflowStartOptions>;
}

async function alreadyRunning(server: TemporalServer, target: string, cause?: unknown): Promise<ClientError> {
  const running = await server.describe(promotionId(target), target).then(
    (description) => memoOf(description, target),
    () => undefined,
  );
  const what =
    running === undefined
      ? ''
      : ` of commit ${running.commit}, requested by ${running.requester}, which is ${running.phase}`;
  return new ClientError(
    'already_running',
    `${target} already has an open promotion${what}: follow it with \`promote follow ${target}\``,
    cause,
  );
}
