import { randomBytes } from 'node:crypto';

import type { Stage } from './stage.js';

/** A signal as anybody can send it who reaches Temporal: any name, any bytes, whatever they say of their encoding. */
export async function sendRawSignal(
  { client, handle }: Pick<Stage, 'client' | 'handle'>,
  signalName: string,
  encoding: string | undefined,
  data: string,
): Promise<void> {
  const metadata = encoding === undefined ? {} : { encoding: Buffer.from(encoding) };
  await client.workflowService.signalWorkflowExecution({
    namespace: 'default',
    workflowExecution: { workflowId: handle.workflowId },
    signalName,
    input: { payloads: [{ metadata, data: Buffer.from(data) }] },
    requestId: randomBytes(8).toString('hex'),
  });
}
