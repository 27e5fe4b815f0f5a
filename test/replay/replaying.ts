import { join } from 'node:path';

import type { History } from '@temporalio/common/lib/proto-utils.js';
import { Worker, type ReplayResult } from '@temporalio/worker';

import { root } from '../support/stage.js';
import { workflowIdOf } from './histories.js';

/** Replays histories on the prebuilt bundle, one after the other in one worker; `error` says which it can't go on with. */
export async function replay(histories: readonly History[]): Promise<readonly ReplayResult[]> {
  const results: ReplayResult[] = [];
  const iterable = histories.map((history) => ({ history, workflowId: workflowIdOf(history) }));
  const options = { workflowBundle: { codePath: join(root, 'dist/worker/workflow-bundle.js') } };
  for await (const result of Worker.runReplayHistories(options, iterable)) results.push(result);
  return results;
}
