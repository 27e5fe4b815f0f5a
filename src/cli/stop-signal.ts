/** What ends us: Ctrl-C, Ctrl-\, a closed terminal. Commands run in groups of their own, which none of them reaches. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;
type Signal = (typeof SIGNALS)[number];

/** A server or worker may have been started with `nohup`: hearing SIGHUP would undo that. */
export const SIGNALS_TO_A_SERVICE: readonly Signal[] = ['SIGINT', 'SIGTERM'];

/** An abort signal for each of these. A second one ends the process at once. */
export function untilStopped(signals: readonly Signal[] = SIGNALS): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  for (const signal of signals) process.on(signal, stop);
  return controller.signal;
}
