import { taskQueueName, type QueueRole } from '../../../workflows/messages.js';
import { judgeBuilds, judgePollers, type PolledQueue, type Poller } from '../../domain/doctor/pollers.js';
import { notChecked, wrong, type DoctorFinding } from '../../domain/doctor/finding.js';
import { CALL_TIMEOUT_MS, type TemporalServer } from '../connection.js';
import { ClientError } from '../errors.js';
import { oneLine } from '../grpc.js';

const QUEUES: readonly (readonly [QueueRole, PolledQueue['tasks']])[] = [
  ['main', 'workflows'],
  ['main', 'activities'],
  ['evidence', 'activities'],
  ['watch', 'activities'],
  ['rollback', 'activities'],
  ['notify', 'activities'],
];

/** temporal.api.enums.v1.TaskQueueType */
const TASK_QUEUE_TYPE = { workflows: 1, activities: 2 } as const;
/** temporal.api.enums.v1.WorkerVersioningMode */
const VERSIONED = 2;

/**
 * Who takes work from which of our task queues.
 *
 * @param serverNow ms since the epoch, by the server's clock as far as it is known
 */
export async function examinePollers(
  server: TemporalServer,
  serverNow: number,
): Promise<{ readonly findings: readonly DoctorFinding[]; readonly atWork: boolean }> {
  const looked = await Promise.all(
    QUEUES.map(async ([role, tasks]) => {
      const queue = taskQueueName(server.taskQueue, role);
      try {
        return await polled(server, queue, tasks, serverNow);
      } catch (error) {
        if (!(error instanceof ClientError)) throw error;
        return wrong(
          'pollers',
          `task queue ${queue} (${tasks})`,
          error.message,
          'have this identity allowed to ask, or try again',
        );
      }
    }),
  );
  const findings = looked.map((seen) => ('level' in seen ? seen : judgePollers(seen)));
  const atWork = findings.every(({ level }) => level === 'ok');
  const workflows = looked.find((seen): seen is PolledQueue => 'tasks' in seen && seen.tasks === 'workflows');
  if (workflows === undefined || findings[0]?.level !== 'ok')
    return { atWork, findings: [...findings, notChecked('worker-builds', 'workers', 'no worker is known')] };
  return { atWork, findings: [...findings, judgeBuilds(workflows)] };
}

async function polled(
  server: TemporalServer,
  queue: string,
  tasks: PolledQueue['tasks'],
  serverNow: number,
): Promise<PolledQueue> {
  const { namespace } = server;
  const { pollers, versioningInfo } = await server.call(CALL_TIMEOUT_MS, () =>
    server.connection.workflowService.describeTaskQueue({
      namespace,
      taskQueue: { name: queue },
      taskQueueType: TASK_QUEUE_TYPE[tasks],
    }),
  );
  return {
    queue,
    tasks,
    routedTo: versioningInfo?.currentDeploymentVersion?.buildId || undefined,
    pollers: pollers.map(
      ({ identity, lastAccessTime, deploymentOptions, workerVersionCapabilities }): Poller => {
        const build = deploymentOptions?.buildId || workerVersionCapabilities?.buildId;
        return {
          identity: oneLine(identity ?? ''),
          idleMs: serverNow - msOf(lastAccessTime),
          build: build ? oneLine(build) : undefined,
          versioned: Number(deploymentOptions?.workerVersioningMode) === VERSIONED,
        };
      },
    ),
  };
}

function msOf(
  time: { readonly seconds?: unknown; readonly nanos?: number | null } | null | undefined,
): number {
  return Number(time?.seconds ?? 0) * 1_000 + (time?.nanos ?? 0) / 1e6;
}
