import { access } from 'node:fs/promises';

import {
  DefaultLogger,
  NativeConnection,
  Runtime,
  Worker,
  type LogLevel,
  type WorkerOptions as NamedWorkerOptions,
} from '@temporalio/worker';

import { createActivities, type StartWatchClock } from '../activities/index.js';
import type { Config } from '../src/config.js';
import { createWiring } from '../src/wiring.js';
import { deploymentNameOf, taskQueueName } from '../workflows/messages.js';
import { BUNDLE } from './bundle.js';
import { redacting } from './redacting.js';

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
  readonly log: (level: LogLevel, message: string) => void;
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
  installLogger(log);
  const connection = await NativeConnection.connect({ address, ...config.temporal.connection });
  try {
    const workers = await createWorkers({ config, bundle, set, watchClock, shutdownGraceMs }, connection);
    const stop = (): void =>
      workers.filter((worker) => worker.getState() === 'RUNNING').forEach((worker) => worker.shutdown());
    signal.addEventListener('abort', stop, { once: true });
    const running = Promise.all(workers.map((worker) => worker.run()));
    if (signal.aborted) stop();
    onReady();
    await running;
  } finally {
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

async function createWorkers(
  {
    config,
    bundle,
    set,
    watchClock,
    shutdownGraceMs,
  }: Pick<WorkerOptions, 'config' | 'set' | 'watchClock'> & { bundle: string; shutdownGraceMs: number },
  connection: NativeConnection,
): Promise<readonly Worker[]> {
  const { dependencies } = createWiring(config, set);
  const queues = createActivities(dependencies, watchClock);
  const interceptors = { activity: [redacting(dependencies)] };
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
      maxCachedWorkflows: 500,
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

/** The queues of watch, rollback and evidence have activities only. */
const EXPECTED = /^No workflows registered/;

let installed = false;

/**
 * Temporal's own log lines go where the caller's go, those of its native side too: left alone, that one prints to stdout,
 * among the documents. The runtime takes one logger a process.
 */
function installLogger(log: WorkerOptions['log']): void {
  if (installed) return;
  installed = true;
  Runtime.install({
    logger: new DefaultLogger('WARN', ({ level, message, meta }) => {
      if (!EXPECTED.test(message)) log(level, lineOf(message, meta));
    }),
    telemetryOptions: { logging: { filter: { core: 'WARN', other: 'ERROR' }, forward: {} } },
  });
}

function lineOf(message: string, meta: unknown): string {
  const about =
    typeof meta === 'object' && meta !== null && 'activityType' in meta
      ? ` (${String(meta.activityType)})`
      : '';
  return `${message}${about}`;
}
