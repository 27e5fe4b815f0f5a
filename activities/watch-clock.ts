import { sleep } from '@temporalio/activity';

/** What a watch's segment tells the time by; ms since the epoch. */
export interface WatchClock {
  now(): number;
  /** Returns at that time or after; throws where the attempt is cancelled. */
  until(dueAt: number): Promise<void>;
}

/** @param scheduledAt when the server scheduled this attempt, by its clock */
export type StartWatchClock = (scheduledAt: number) => WatchClock;

/**
 * The server's time, counted on from when it scheduled this attempt: a worker whose clock is ahead shortens no window. Time
 * in which no worker took the attempt does not pass here; the next segment's first sample is late by it, and the rules add it
 * to the window.
 */
export const serverClock: StartWatchClock = (scheduledAt) => {
  const offsetMs = Date.now() - scheduledAt;
  const now = (): number => Date.now() - offsetMs;
  return { now, until: (dueAt) => sleep(Math.max(0, dueAt - now())) };
};
