import { access } from 'node:fs/promises';

import { noopMetricMeter, type MetricMeter } from '@temporalio/common';
import {
  NativeConnection,
  Worker,
  type LogLevel,
  type WorkerOptions as NamedWorkerOptions,
} from '@temporalio/worker';

import { createActivities, type Dependencies, type StartWatchClock } from '../activities/index.js';
import type { Config } from '../src/config.js';
import { createWiring } from '../src/wiring.js';
import { deploymentNameOf, taskQueueName } from '../workflows/messages.js';
import { BUNDLE } from './bundle.js';
import { createLog } from './log.js';
import { redacting } from './redacting.js';
import { noteEvidenceWrite } from './sight/evidence-writes.js';
import { installRuntime } from './sight/runtime.js';
import { openSight } from './sight/sight.js';
import { tellingActivities } from './sight/telling-activities.js';

export interface WorkerOptions {
  readonly config: Config;
  /** host:port of the Temporal server */
  readonly address: string;
  /** Ends the worker gracefully. */
  readonly signal: AbortSignal;
  /** Variables of the runbook, for a rehearsal's worker alone. */
  readonly set?: Readonly<Record<string, string>> | undefined;
  /** Path of the workflows' bundle; the built one where it is left out. */
  readonly bundle?: string | undefined;
  /** What a watch tells the time by; the server's clock where it is left out. */
  readonly watchClock?: StartWatchClock | undefined;
  /**
   * How long what it began may take once it is asked to end; what is cut short then, another worker begins again. Watches, which any
   * worker goes on with at once, are not waited for.
   */
  readonly shutdownGraceMs?: number | undefined;
  /** Called once it polls. */
  readonly onReady: () => void;
  /** Takes a line of the log, without secrets: JSON or words, as `config.log` says. */
  readonly log: (level: LogLevel, line: string) => void;
}

/**
 * Runs the workflows and all activities until the signal: a queue of its own each for watch, rollback, evidence and notifications,
 * so that a rollback never waits behind a watch, nor anything behind whoever does not take a notification.
 *
 * @throws where the bundle is missing or the server is out of reach
 */
export async function runWorker({
  config,
  address,
  signal,
  onReady,
  log,
  bundle = BUNDLE,
  set,
  watchClock,
  shutdownGraceMs = 5_000,
}: WorkerOptions): Promise<void> {
  await access(bundle).catch((cause: unknown) => {
    throw new Error('the workflow bundle is missing: run `npm run setup`', { cause });
  });
  let meter: MetricMeter = noopMetricMeter;
  const { dependencies } = createWiring(config, set, (write) => noteEvidenceWrite(meter, write));
  const logger = createLog({ log: config.log, redact: dependencies.redact, write: log });
  meter = installRuntime(logger, config);
  const connection = await NativeConnection.connect({ address, ...config.temporal.connection });
  const sight = await openSight({ config, connection, meter, log: logger, signal }).catch(
    closing(connection),
  );
  try {
    const workers = await createWorkers(
      { config, bundle, dependencies, watchClock, shutdownGraceMs },
      connection,
    );
    const stop = (): void =>
      workers.filter((worker) => worker.getState() === 'RUNNING').forEach((worker) => worker.shutdown());
    signal.addEventListener('abort', stop, { once: true });
    const running = Promise.all(workers.map((worker) => worker.run()));
    if (signal.aborted) stop();
    sight.watch(workers);
    onReady();
    await running;
  } finally {
    await sight.close();
    await connection.close();
  }
}

/** Work that lasts, and that any other worker goes on with where this one stopped. */
const HANDED_ON = '1s';

/**
 * A build of its own name takes promotions over once it is made the current one, and carries on those of earlier builds: what
 * changed in the workflow since is told apart in it. docs/how-to/upgrade-workers.md
 */
function versioning(config: Config): Pick<NamedWorkerOptions, 'workerDeploymentOptions'> {
  const { buildId } = config;
  if (buildId === undefined) return {};
  return {
    workerDeploymentOptions: {
      version: { deploymentName: deploymentNameOf(config), buildId },
      useWorkerVersioning: true,
      defaultVersioningBehavior: 'AUTO_UPGRADE',
    },
  };
}

function closing(connection: NativeConnection): (error: unknown) => Promise<never> {
  return async (error) => {
    await connection.close();
    throw error;
  };
}

async function createWorkers(
  {
    config,
    bundle,
    dependencies,
    watchClock,
    shutdownGraceMs,
  }: Pick<WorkerOptions, 'config' | 'watchClock'> & {
    readonly bundle: string;
    readonly dependencies: Dependencies;
    readonly shutdownGraceMs: number;
  },
  connection: NativeConnection,
): Promise<readonly Worker[]> {
  const queues = createActivities(dependencies, watchClock);
  const interceptors = { activity: [tellingActivities, redacting(dependencies)] };
  const common = {
    connection,
    namespace: config.temporal.namespace,
    interceptors,
    // Workers of one process: a watch's samples may take every slot of their own queue and no other's.
    maxConcurrentActivityTaskExecutions: 100,
    shutdownGraceTime: shutdownGraceMs,
    ...versioning(config),
    // Heartbeats go out as they come: at the default the last one may be 2.4 of the 3 allowed seconds old.
    maxHeartbeatThrottleInterval: '500ms',
    defaultHeartbeatThrottleInterval: '500ms',
  } as const;
  return Promise.all([
    Worker.create({
      ...common,
      taskQueue: taskQueueName(config.taskQueue, 'main'),
      workflowBundle: { codePath: bundle },
      activities: queues.main,
      // A killed worker's workflow tasks go on within seconds.
      stickyQueueScheduleToStartTimeout: '1s',
      // Twice what it watches at the same time. Whoever waits for people is read again once they decide.
      maxCachedWorkflows: 200,
    }),
    Worker.create({
      ...common,
      taskQueue: taskQueueName(config.taskQueue, 'evidence'),
      activities: queues.evidence,
    }),
    Worker.create({
      ...common,
      taskQueue: taskQueueName(config.taskQueue, 'watch'),
      shutdownGraceTime: HANDED_ON,
      activities: queues.watch,
    }),
    Worker.create({
      ...common,
      taskQueue: taskQueueName(config.taskQueue, 'rollback'),
      activities: queues.rollback,
    }),
    Worker.create({
      ...common,
      taskQueue: taskQueueName(config.taskQueue, 'notify'),
      shutdownGraceTime: HANDED_ON,
      activities: queues.notify,
    }),
  ]);
}
