import { randomBytes } from 'node:crypto';
import { join } from 'node:path';

import { ApplicationFailure, heartbeat } from '@temporalio/activity';
import { Client, Connection, WorkflowFailedError } from '@temporalio/client';
import { NativeConnection, Worker } from '@temporalio/worker';
import { expect, inject, test } from 'vitest';

import { createKnownSecrets } from '../../src/adapters/known-secrets.js';
import { redacting } from '../../worker/redacting.js';
import { exportHistory, found, spellings } from '../support/secret-search.js';
import { root } from '../support/stage.js';

/**
 * Proves on the real server that a failing activity leaves no secret in the history, with the workflow that the command line
 * asks first. Without the interceptor the same search finds it in each place.
 */
const address = inject('temporalAddress');
const SECRET = 'cAn/ary " é + \\ & space';

/** The history of a workflow whose activity tells the secret wherever it can, and then fails. */
async function historyOf(guarded: boolean) {
  const known = createKnownSecrets({ A_TOKEN: SECRET });
  const taskQueue = `redacting-${randomBytes(4).toString('hex')}`;
  const connection = await NativeConnection.connect({ address });
  const own = await Connection.connect({ address });
  try {
    const worker = await Worker.create({
      connection,
      taskQueue,
      workflowBundle: { codePath: join(root, 'dist/worker/workflow-bundle.js') },
      interceptors: {
        activity: guarded ? [redacting({ redact: known.redact, holdsSecret: known.holds })] : [],
      },
      activities: {
        admit: async (): Promise<never> => {
          heartbeat({ at: SECRET });
          const cause = Object.assign(new Error(`cause ${SECRET}`), {
            stack: `Error\n    at stack ${SECRET}`,
          });
          await Promise.reject(
            ApplicationFailure.create({
              message: `message ${SECRET}`,
              type: 'told',
              nonRetryable: true,
              details: [{ detail: SECRET }],
              cause,
            }),
          );
          throw cause;
        },
      },
    });
    const client = new Client({ connection: own });
    const handle = await worker.runUntil(async () => {
      const started = await client.workflow.start('admission', {
        taskQueue,
        workflowId: taskQueue,
        args: [{}],
      });
      await expect(started.result()).rejects.toBeInstanceOf(WorkflowFailedError);
      return started;
    });
    return await exportHistory(client, handle.workflowId, handle.firstExecutionRunId);
  } finally {
    await own.close();
    await connection.close();
  }
}

const PLACES = ['message', 'cause', 'stack'];

test('an activity that fails leaves no secret in message, stack, cause or details', async () => {
  const history = await historyOf(true);
  expect(found([history], spellings(SECRET))).toEqual([]);
  expect(found([history], ['"type": "told"', '"nonRetryable": true']).length).toBe(2);
  for (const place of PLACES) expect(history.text).toContain(`${place} [redacted:A_TOKEN]`);
});

test('without the interceptor it would be there: the search finds it in each place', async () => {
  const history = await historyOf(false);
  const [json = ''] = spellings(JSON.stringify(SECRET).slice(1, -1));
  for (const place of PLACES) expect(found([history], [`${place} ${json}`]), place).not.toEqual([]);
});
