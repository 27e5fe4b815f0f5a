import type { MetricMeter } from '@temporalio/common';
import type { Logger, NativeConnection, Worker } from '@temporalio/worker';

import type { Config } from '../../src/config.js';
import { taskQueueName } from '../../workflows/messages.js';
import { serveHealth } from './health.js';
import { countOpenPromotions } from './open-promotions.js';
import { watchReach } from './reach.js';

export interface SightOptions {
  readonly config: Config;
  readonly connection: NativeConnection;
  readonly meter: MetricMeter;
  readonly log: Logger;
  /** It takes no more work. */
  readonly signal: AbortSignal;
}

/** How this worker shows itself to whoever looks after it. */
export interface Sight {
  /** From now on it is ready, while these run and the server answers. */
  readonly watch: (workers: readonly Worker[]) => void;
  readonly close: () => Promise<void>;
}

/**
 * Opens the health endpoint and begins to count, as far as the settings want it.
 * @throws SightError where it can't listen
 */
export async function openSight({ config, connection, meter, log, signal }: SightOptions): Promise<Sight> {
  const { metricsAddress, healthAddress } = config;
  const { namespace } = config.temporal;
  const taskQueue = taskQueueName(config.taskQueue, 'main');
  let workers: readonly Worker[] = [];
  const ends: (() => void | Promise<void>)[] = [];

  if (healthAddress !== undefined) {
    const reach = watchReach(connection);
    ends.push(reach.stop);
    const notLive = (): string | undefined => (signal.aborted ? undefined : ended(workers));
    const notReady = (): string | undefined => {
      if (signal.aborted) return 'it is shutting down';
      return workers.length === 0 ? 'it is starting' : (notRunning(workers) ?? reach.problem());
    };
    ends.push(await serveHealth(healthAddress, { notLive, notReady }));
  }
  return {
    watch: (running) => {
      workers = running;
      log.info('worker ready', { queue: taskQueue, namespace });
      const tellEnd = (): void => void log.info('worker ends', { queue: taskQueue });
      signal.addEventListener('abort', tellEnd, { once: true });
      if (metricsAddress !== undefined)
        ends.push(countOpenPromotions({ connection, namespace, taskQueues: config.taskQueues, log, meter }));
    },
    close: async () => {
      for (const end of ends.splice(0).toReversed()) await end();
    },
  };
}

/** A worker that ended by itself does nothing more; the process is to be started again. */
function ended(workers: readonly Worker[]): string | undefined {
  const of = workers.find((worker) => ['FAILED', 'STOPPED'].includes(worker.getState()));
  return of === undefined ? undefined : stateOf(of);
}

function notRunning(workers: readonly Worker[]): string | undefined {
  const idle = workers.find((worker) => worker.getState() !== 'RUNNING');
  return idle === undefined ? undefined : stateOf(idle);
}

function stateOf(worker: Worker): string {
  return `the worker of ${worker.options.taskQueue} is ${worker.getState().toLowerCase()}`;
}
