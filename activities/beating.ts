import { Context } from '@temporalio/activity';

import type * as deadlines from '../src/adapters/deadline.js';

const BEAT_MS = 1_000;

/**
 * Runs work that may last, with a heartbeat a second: a lost worker is noticed within seconds, and a cancelled attempt
 * stops before its successor acts.
 *
 * @param work is given the attempt's cancellation
 */
export async function beating<Output>(work: (signal: AbortSignal) => Promise<Output>): Promise<Output> {
  const context = Context.current();
  const beat = setInterval(() => context.heartbeat(), BEAT_MS);
  try {
    return await work(context.cancellationSignal);
  } finally {
    clearInterval(beat);
  }
}

/** As `beating`, and over after the step's own deadline: undefined then, so that Temporal never has to cut it. */
export async function beatingUntil<Output>(
  startDeadline: typeof deadlines.startDeadline,
  deadlineMs: number,
  work: (signal: AbortSignal) => Promise<Output>,
): Promise<Output | undefined> {
  return beating(async (cancelled) => {
    const deadline = startDeadline(deadlineMs, cancelled);
    try {
      // What does not listen to the signal, such as a store that hangs, is left behind.
      return await Promise.race([work(deadline.signal), aborted(deadline.signal)]);
    } catch (error) {
      if (deadline.passed() && !cancelled.aborted) return undefined;
      throw error;
    } finally {
      deadline.clear();
    }
  });
}

async function aborted(signal: AbortSignal): Promise<never> {
  return new Promise((_, reject) => {
    signal.addEventListener('abort', () => reject(new Error('the time is over')), { once: true });
  });
}
