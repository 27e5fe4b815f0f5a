import { log } from '@temporalio/activity';
import type { ActivityInterceptorsFactory } from '@temporalio/worker';

import { redactedData, type Guard } from './redacted-data.js';
import { redactedFailure } from './redacted-failure.js';

/**
 * The last line before Temporal's history: whatever an activity gives back, throws or says while it runs leaves it without
 * a secret that this worker knows. Texts are redacted where they stand: an effect that was done must not count as failed
 * because of a word in its outcome.
 */
export function redacting(guard: Guard): ActivityInterceptorsFactory {
  return (context) => {
    const beat = context.heartbeat;
    // The SDK has no interceptor for heartbeats.
    Object.assign(context, { heartbeat: (details?: unknown) => beat(redactedData(details, guard)) });
    return {
      inbound: {
        execute: async (input, next) => {
          try {
            const result = await next(input);
            const clean = redactedData(result, guard);
            if (clean !== result) log.warn('a result held a secret: it goes on without');
            return clean;
          } catch (error) {
            throw redactedFailure(error, guard);
          }
        },
      },
    };
  };
}
