import { ApplicationFailure, CancelledFailure, Context, log } from '@temporalio/activity';

import type { AttestationErrorCode } from '../src/adapters/attestation/error.js';
import type { CanonicalErrorCode } from '../src/adapters/canonical.js';
import type { EvidenceErrorCode } from '../src/adapters/evidence/evidence-error.js';
import type { GitErrorCode } from '../src/adapters/git/error.js';
import type { RedactionErrorCode } from '../src/adapters/redaction.js';
import type { SignatureErrorCode } from '../src/adapters/signatures/error.js';
import type { InputErrorCode } from '../src/contracts/input-error.js';
import type { OwnReasonCode } from '../src/domain/reason-codes/catalogue.js';
import type { MalformedStatement } from '../src/domain/statement.js';

/** Errors of ours, by name: their classes stay on the other side, and Node's own codes are none of ours. */
const OURS = new Set([
  'EvidenceError',
  'GitError',
  'InputError',
  'RedactionError',
  'CanonicalError',
  'MalformedStatement',
  'SignatureError',
  'AttestationError',
]);

type OurCode =
  | CanonicalErrorCode
  | EvidenceErrorCode
  | GitErrorCode
  | InputErrorCode
  | MalformedStatement['code']
  | RedactionErrorCode
  | CheckingErrorCode
  | AttestationErrorCode;

/** Of signatures: nothing is signed on a worker. */
type CheckingErrorCode = Extract<SignatureErrorCode, 'io' | `ssh_keygen_${string}`>;

interface Coded extends Error {
  readonly code: OurCode;
  readonly retryable?: boolean;
}

/** Codes that another attempt can mend: space is freed, the disk comes back, the remote answers again. */
const RETRYABLE: ReadonlySet<OurCode> = new Set([
  'full',
  'unavailable',
  'remote_unreachable',
  'git_timeout',
  'disk_full',
  'cancelled',
]);

const INTERNAL: OwnReasonCode = 'internal_error';

/** What these codes are called outside the store. */
const RENAMED = {
  conflict: 'evidence_conflict',
  full: 'evidence_full',
  unavailable: 'evidence_unavailable',
} as const satisfies Partial<Record<EvidenceErrorCode, OwnReasonCode>>;

function outside(code: OurCode): OwnReasonCode {
  return code === 'conflict' || code === 'full' || code === 'unavailable' ? RENAMED[code] : code;
}

/**
 * The one border between our errors and Temporal's: a code becomes the failure's type. An error without a code is a bug of
 * ours: it is not repeated, and its text stays on the worker. What goes over the border, worker/redacting.ts redacts.
 *
 * @param redact for the worker's log
 */
export function atBorder<Input, Output>(
  redact: (text: string) => string,
  activity: (input: Input) => Promise<Output>,
): (input: Input) => Promise<Output> {
  return async (input) => {
    if (!Context.current().info.inWorkflow)
      throw ApplicationFailure.nonRetryable('this runs within a workflow only', 'not_in_workflow');
    try {
      return await activity(input);
    } catch (error) {
      if (error instanceof CancelledFailure) throw error;
      // Cut short by a shutdown or a cancellation, whatever it says: no outcome, so another worker goes on.
      if (Context.current().cancellationSignal.aborted)
        throw ApplicationFailure.retryable('the attempt was cut short', 'cancelled');
      const failure = failureOf(error);
      if (failure.type === INTERNAL && error instanceof Error)
        log.error(redact(error.stack ?? error.message));
      throw failure;
    }
  };
}

export function failureOf(error: unknown): ApplicationFailure {
  if (error instanceof ApplicationFailure) return error;
  if (!isCoded(error)) {
    const name = error instanceof Error ? error.name : 'unknown';
    return ApplicationFailure.create({
      message: `internal error (${name}): see the worker's log`,
      type: INTERNAL,
      nonRetryable: true,
    });
  }
  const retryable = error.retryable ?? RETRYABLE.has(error.code);
  return ApplicationFailure.create({
    message: error.message,
    type: outside(error.code),
    nonRetryable: !retryable,
  });
}

function isCoded(error: unknown): error is Coded {
  return error instanceof Error && OURS.has(error.name) && 'code' in error && typeof error.code === 'string';
}
