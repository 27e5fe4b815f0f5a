import { CompleteAsyncError } from '@temporalio/activity';
import { ApplicationFailure, CancelledFailure, ensureApplicationFailure } from '@temporalio/common';

import { redactedData, type Guard } from './redacted-data.js';

/** Deeper causes are left out: nothing of ours has so many, and a chain that is a ring has no end. */
const MAX_CAUSES = 8;

/**
 * What an activity threw, without secrets: message, stack, details and the whole chain of causes. Type and repeatability
 * stay. It is made anew, since a failure that came from Temporal itself is written as it came, whatever is changed in it.
 */
export function redactedFailure(thrown: unknown, guard: Guard): unknown {
  try {
    // Nothing of it is written.
    if (thrown instanceof CompleteAsyncError) return thrown;
    if (thrown instanceof CancelledFailure) return cancelled(thrown, guard, 0);
    return application(ensureApplicationFailure(thrown), guard, 0);
  } catch {
    return ApplicationFailure.nonRetryable('an error that could not be read', 'internal_error');
  }
}

function application(error: ApplicationFailure, guard: Guard, depth: number): ApplicationFailure {
  // oxlint-disable-next-line typescript/no-unsafe-assignment -- the SDK's type of a delay comes from a package without types here
  const { type, nonRetryable, details, nextRetryDelay, category } = error;
  const failure = new ApplicationFailure(
    guard.redact(error.message),
    typeof type === 'string' ? guard.redact(type) : type,
    nonRetryable,
    detailsOf(details, guard),
    causeOf(error.cause, guard, depth),
    nextRetryDelay,
    category,
  );
  return withStack(failure, error, guard);
}

function cancelled(error: CancelledFailure, guard: Guard, depth: number): CancelledFailure {
  const details = detailsOf(error.details, guard);
  const cause = causeOf(error.cause, guard, depth);
  return withStack(new CancelledFailure(guard.redact(error.message), details, cause), error, guard);
}

/** A cause that is no failure of Temporal's has neither type nor details in history. */
function causeOf(cause: unknown, guard: Guard, depth: number): Error | undefined {
  if (cause === undefined || cause === null || depth >= MAX_CAUSES) return undefined;
  if (cause instanceof ApplicationFailure) return application(cause, guard, depth + 1);
  if (cause instanceof CancelledFailure) return cancelled(cause, guard, depth + 1);
  if (!(cause instanceof Error))
    return new Error(typeof cause === 'string' ? guard.redact(cause) : 'a cause that is no error');
  const deeper = causeOf(cause.cause, guard, depth + 1);
  const message = guard.redact(cause.message);
  return withStack(
    deeper === undefined ? new Error(message) : new Error(message, { cause: deeper }),
    cause,
    guard,
  );
}

function detailsOf(details: unknown[] | null | undefined, guard: Guard): unknown[] {
  return (details ?? []).map((detail) => redactedData(detail, guard));
}

function withStack<Failure extends Error>(failure: Failure, { stack }: Error, guard: Guard): Failure {
  failure.stack = guard.redact(stack ?? '');
  return failure;
}
