import { codeOf, GRPC, reasonOf } from './grpc.js';
import { CALL_TIMEOUT_MS, type TemporalServer } from './connection.js';
import { ClientError } from './errors.js';

/**
 * Has the workers of one build take over every promotion, and those of all other builds get nothing more.
 *
 * @throws ClientError `refused` where no worker of that build polls, or not on all queues
 */
export async function useBuild(
  server: TemporalServer,
  deploymentName: string,
  buildId: string,
  identity: string,
): Promise<void> {
  const { workflowService } = server.connection;
  try {
    await server.within(CALL_TIMEOUT_MS, () =>
      workflowService.setWorkerDeploymentCurrentVersion({
        namespace: server.namespace,
        deploymentName,
        buildId,
        identity,
        ignoreMissingTaskQueues: false,
      }),
    );
  } catch (error) {
    const code = codeOf(error);
    if (code === GRPC.NOT_FOUND || code === GRPC.FAILED_PRECONDITION)
      throw new ClientError(
        'refused',
        `promotions stay with the build that they are with: ${reasonOf(error)}: start workers with PROMOTE_BUILD_ID=${buildId} first, and see that they poll`,
        error,
      );
    throw server.translate(error);
  }
}
