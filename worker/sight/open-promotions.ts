import type { MetricMeter } from '@temporalio/common';
import type { Logger, NativeConnection } from '@temporalio/worker';

import { PHASES } from '../../src/domain/phase.js';
import { PROMOTION, ROLLBACK } from '../../workflows/messages.js';

const EVERY_MS = 30_000;
const ANSWER_MS = 10_000;
/** An approval that has less time left is about to expire. */
const SOON_MS = 2 * 60 * 60 * 1_000;

export interface Counting {
  readonly connection: Pick<NativeConnection, 'withDeadline' | 'workflowService'>;
  readonly namespace: string;
  /** Of the workflows, of every site: where a site has no worker left, others count for it. */
  readonly taskQueues: readonly string[];
  readonly log: Logger;
  readonly meter: MetricMeter;
}

/**
 * Counts on the server, every 30 s, how many promotions are open in each phase: what a worker knows by itself is gone with
 * it. Every worker of a queue gives the same figures.
 *
 * @returns what ends it
 */
export function countOpenPromotions(counting: Counting): () => void {
  const { meter } = counting;
  const open = meter.createGauge('promote_open_promotions', 'int', '', 'Promotions that are open, by phase');
  const expiring = meter.createGauge(
    'promote_approvals_expiring',
    'int',
    '',
    'Promotions whose approval expires within two hours',
  );
  const countedAt = meter.createGauge(
    'promote_open_promotions_counted_timestamp_seconds',
    'float',
    '',
    'When open promotions were last counted',
  );
  let failed = false;
  const count = async (): Promise<void> => {
    try {
      for (const phase of PHASES) open.set(await ask(counting, `PromotionPhase = "${phase}"`), { phase });
      const soon = new Date(Date.now() + SOON_MS).toISOString();
      expiring.set(
        await ask(counting, `PromotionPhase = "awaiting-approval" AND PromotionDeadline < "${soon}"`),
      );
      countedAt.set(Date.now() / 1_000);
      failed = false;
    } catch (error) {
      // Once: the age of the last count says how long it goes on.
      if (!failed) counting.log.warn('open promotions could not be counted', { error });
      failed = true;
    }
  };
  let counted = count();
  const timer = setInterval(() => void (counted = counted.then(count)), EVERY_MS);
  return () => clearInterval(timer);
}

async function ask({ connection, namespace, taskQueues }: Counting, which: string): Promise<number> {
  const queues = taskQueues.map((queue) => `"${queue}"`).join(', ');
  const types = `WorkflowType IN ("${PROMOTION}", "${ROLLBACK}")`;
  const query = `${types} AND ExecutionStatus = "Running" AND TaskQueue IN (${queues}) AND ${which}`;
  const { count } = await connection.withDeadline(Date.now() + ANSWER_MS, () =>
    connection.workflowService.countWorkflowExecutions({ namespace, query }),
  );
  return Number(count);
}
