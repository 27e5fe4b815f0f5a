import { msToTs } from '@temporalio/common/lib/time.js';

import { CALL_TIMEOUT_MS, type TemporalServer } from './connection.js';

/**
 * Has the namespace keep closed runs at least that long; longer stays.
 * @throws ClientError where this user may not
 */
export async function ensureRetention(server: TemporalServer, leastMs: number): Promise<void> {
  const { namespace } = server;
  const { workflowService } = server.connection;
  await server.call(CALL_TIMEOUT_MS, async () => {
    const { config } = await workflowService.describeNamespace({ namespace });
    if (Number(config?.workflowExecutionRetentionTtl?.seconds ?? 0) * 1_000 >= leastMs) return;
    await workflowService.updateNamespace({
      namespace,
      config: { workflowExecutionRetentionTtl: msToTs(leastMs) },
    });
  });
}
