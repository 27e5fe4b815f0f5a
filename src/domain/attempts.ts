/** What Temporal allows an attempt of an activity beyond the deadline that the activity itself keeps, ms. */
export const GRACE_MS = 3_000;

/**
 * How long a worker may still act after Temporal gave up its attempt, ms: it learns of it by its next heartbeat, every 2.4 s,
 * or, cut off from the server, by the SDK's own timeout of about 8 s.
 */
export const CUT_OFF_MS = 10_000;
