import { ActivityFailure, ApplicationFailure, TimeoutFailure } from '@temporalio/workflow';

import type { OwnReasonCode } from '../src/domain/reason-codes/catalogue.js';

/** The reason code of a failure at Temporal's border: the failure's type, never its message. */
export function codeOf(error: unknown): string {
  const cause = error instanceof ActivityFailure ? error.cause : error;
  const ours: OwnReasonCode = cause instanceof TimeoutFailure ? 'activity_timeout' : 'internal_error';
  return cause instanceof ApplicationFailure ? (cause.type ?? ours) : ours;
}
