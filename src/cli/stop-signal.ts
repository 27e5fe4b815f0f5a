/** What ends us: Ctrl-C, Ctrl-\, a closed terminal. Commands run in groups of their own, which none of them reaches. */
const SIGNALS = ['SIGINT', 'SIGTERM', 'SIGHUP', 'SIGQUIT'] as const;

/** An abort signal for each of these. A second one ends the process at once. */
export function untilStopped(): AbortSignal {
  const controller = new AbortController();
  const stop = (): void => {
    if (controller.signal.aborted) process.exit(130);
    controller.abort();
  };
  for (const signal of SIGNALS) process.on(signal, stop);
  return controller.signal;
}
