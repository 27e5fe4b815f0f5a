import { join } from 'node:path';

import { NativeConnection, Worker } from '@temporalio/worker';

import { createActivities } from '../../activities/index.js';
import { createWiring } from '../../src/wiring.js';
import { taskQueueName, type QueueRole } from '../../workflows/messages.js';
import { root, type Stage } from '../support/stage.js';

/** Serves a stage with workers that keep no workflow between two of its tasks: each task replays it from the start. */
export async function withCachelessWorker(stage: Stage, play: () => Promise<void>): Promise<void> {
  const queues = createActivities(createWiring(stage.config).dependencies);
  const connection = await NativeConnection.connect({ address: stage.address });
  try {
    const roles: readonly QueueRole[] = ['main', 'evidence', 'watch', 'rollback'];
    const workers = await Promise.all(
      roles.map((role) =>
        Worker.create({
          connection,
          taskQueue: taskQueueName(stage.config.taskQueue, role),
          activities: queues[role],
          ...(role === 'main'
            ? {
                workflowBundle: { codePath: join(root, 'dist/worker/workflow-bundle.js') },
                maxCachedWorkflows: 0,
              }
            : {}),
        }),
      ),
    );
    const [first, ...others] = workers;
    if (first === undefined) throw new Error('no worker');
    const served = others.reduce<() => Promise<void>>((inner, worker) => () => worker.runUntil(inner), play);
    await first.runUntil(served);
  } finally {
    await connection.close();
  }
}
