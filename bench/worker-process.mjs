// A worker in a process of its own, so that what it uses can be told from what the bench uses. Ends with its parent. Asked to
// collect, it collects the garbage of all its threads, and answers.
import { DefaultLogger, NativeConnection, Runtime, Worker } from '@temporalio/worker';
import { once } from 'node:events';
import { Session } from 'node:inspector/promises';
import { join } from 'node:path';

const {
  kind,
  address,
  namespace = 'default',
  folder,
  environment,
  taskQueue,
  bundle,
} = JSON.parse(process.argv[2]);
const stop = new AbortController();
process.on('disconnect', () => stop.abort());
process.on('message', () => void collectGarbage().then((collected) => process.send({ collected })));

if (kind === 'ours') await ours();
else await least();
if (process.connected) process.disconnect();

async function ours() {
  // The least's process loads nothing of ours.
  const [{ readConfig }, { runWorker }] = await Promise.all([
    import('../dist/src/config.js'),
    import('../dist/worker/main.js'),
  ]);
  const config = await readConfig({ cwd: folder, environment });
  await runWorker({
    config: { ...config, taskQueue, runbookFor: () => join(folder, 'runbook.json') },
    address,
    signal: stop.signal,
    onReady: () => process.send({ ready: true }),
    log: () => {},
  });
}

/** The same queues, slots and cache. */
async function least() {
  Runtime.install({ logger: new DefaultLogger('ERROR') });
  const connection = await NativeConnection.connect({ address });
  const workflowBundle = { codePath: bundle };
  const common = {
    connection,
    namespace,
    maxConcurrentActivityTaskExecutions: 100,
    activities: { nothing: async () => ({ nothing: 'was done' }) },
  };
  const workers = await Promise.all([
    Worker.create({
      ...common,
      taskQueue,
      workflowBundle,
      stickyQueueScheduleToStartTimeout: '1s',
      maxCachedWorkflows: 200,
    }),
    ...['-evidence', '-watch', '-rollback', '-notify'].map((suffix) =>
      Worker.create({ ...common, taskQueue: `${taskQueue}${suffix}` }),
    ),
  ]);
  stop.signal.addEventListener('abort', () => workers.forEach((worker) => worker.shutdown()));
  const running = Promise.all(workers.map((worker) => worker.run()));
  process.send({ ready: true });
  await running;
  await connection.close();
}

/** Of how many threads. The others, one of which runs the workflows, are told by a session of this one (Chrome DevTools Protocol). */
async function collectGarbage() {
  const session = new Session();
  session.connect();
  const threads = [];
  session.on('NodeWorker.attachedToWorker', ({ params }) => threads.push(params.sessionId));
  await session.post('HeapProfiler.collectGarbage');
  await session.post('NodeWorker.enable', { waitForDebuggerOnStart: false });
  const message = JSON.stringify({ id: 1, method: 'HeapProfiler.collectGarbage' });
  for (const sessionId of threads) {
    const answered = once(session, 'NodeWorker.receivedMessageFromWorker');
    await session.post('NodeWorker.sendMessageToWorker', { sessionId, message });
    const [{ params }] = await answered;
    if (JSON.parse(params.message).error !== undefined) throw new Error(params.message);
  }
  session.disconnect();
  return 1 + threads.length;
}
