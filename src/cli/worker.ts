import type { Config } from '../config.js';
import type { Context } from './context.js';
import { SIGNALS_TO_A_SERVICE, untilStopped } from './stop-signal.js';
import { EXIT, type ExitCode } from './exit-codes.js';
import { plain, writeError, type Output } from './output.js';
import {
  addSearchAttributes,
  openEngine,
  scheduleReconcile,
  withClientAt,
  type Endpoint,
} from './temporal.js';

/** Each step has a deadline of its own; a second signal ends the worker at once. */
const UNTIL_IT_IS_OVER_MS = 24 * 60 * 60_000;

/** Runs the workflows and their activities until SIGINT or SIGTERM. */
export async function worker({ config, output: spoken }: Context): Promise<ExitCode> {
  const output = config.log.form === 'json' ? await logged(config, spoken) : spoken;
  const signal = untilStopped(SIGNALS_TO_A_SERVICE);
  const { engine, endpoint } = await openEngine(config, output.note);
  try {
    await withClientAt(endpoint, config, (client) => scheduleReconcile(client, output.note));
    await runInProcess({
      config,
      endpoint,
      output,
      signal,
      shutdownGraceMs: UNTIL_IT_IS_OVER_MS,
      onReady: () => {
        const { address, namespace } = endpoint;
        output.document({ address, namespace, taskQueue: config.taskQueue, origin: engine.origin });
        output.say(`Temporal: ${engine.origin}`);
        output.say(
          `working on the task queue ${config.taskQueue} at ${address}, namespace ${namespace}; Ctrl-C ends it`,
        );
      },
    });
  } finally {
    await engine.stop();
  }
  return EXIT.done;
}

/** What is said for people goes into the log, where a machine reads that. */
async function logged(config: Config, output: Output): Promise<Output> {
  const [{ createLog }, { redactorOf }] = await Promise.all([
    import('../../worker/log.js'),
    import('../wiring.js'),
  ]);
  const redact = redactorOf(config.environment);
  const log = createLog({ log: config.log, redact, write: (_level, line) => writeError(line) });
  const say = (line: string): void => void log.info(line);
  return { ...output, say, note: say };
}

/** A worker in this process, with Temporal's settings replaced by those of the server that was found. */
export async function runInProcess(options: {
  readonly config: Config;
  readonly endpoint: Endpoint;
  readonly output: Output;
  readonly signal: AbortSignal;
  readonly shutdownGraceMs?: number;
  readonly onReady: () => void;
  /** Variables of the runbook, for a rehearsal alone. */
  readonly set?: Readonly<Record<string, string>>;
}): Promise<void> {
  const { config, endpoint, output, signal, onReady, set, shutdownGraceMs } = options;
  await withClientAt(endpoint, config, (client) => addSearchAttributes(client, output.note));
  const { runWorker } = await import('../../worker/main.js');
  await runWorker({
    config: { ...config, temporal: endpoint },
    address: endpoint.address,
    signal,
    shutdownGraceMs,
    onReady,
    set,
    log: (level, line) =>
      config.log.form === 'json'
        ? writeError(line)
        : output.note(`worker: ${level.toLowerCase()}: ${plain(line)}`),
  });
}
