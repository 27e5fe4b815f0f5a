import type { NativeConnection } from '@temporalio/worker';

const EVERY_MS = 2_000;
const ANSWER_MS = 2_000;
/** Two questions may go unanswered. */
const LATELY_MS = 7_000;

/** When the Temporal server last answered this worker. */
export interface Reach {
  /** Why it counts as out of reach, in one line, or undefined where it answered lately. */
  readonly problem: () => string | undefined;
  readonly stop: () => void;
}

/** Asks the server over and over whether it is there. Costs it nothing: it looks nothing up for the answer. */
export function watchReach(connection: Pick<NativeConnection, 'withDeadline' | 'workflowService'>): Reach {
  let answeredAt = performance.now();
  let asking = false;
  const ask = async (): Promise<void> => {
    if (asking) return;
    asking = true;
    try {
      await connection.withDeadline(Date.now() + ANSWER_MS, () =>
        connection.workflowService.getSystemInfo({}),
      );
      answeredAt = performance.now();
    } catch {
      // The age of the last answer says it.
    } finally {
      asking = false;
    }
  };
  const timer = setInterval(() => void ask(), EVERY_MS);
  return {
    problem: () => {
      const silentMs = performance.now() - answeredAt;
      return silentMs <= LATELY_MS
        ? undefined
        : `the Temporal server has not answered for ${Math.round(silentMs / 1_000)} s`;
    },
    stop: () => clearInterval(timer),
  };
}
