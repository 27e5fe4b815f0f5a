import type { ClientError } from '../client.js';
import { InputError } from '../contracts/input-error.js';
import type { EngineError } from '../engine/engine.js';
import { EXIT, exitOfClientError, exitOfEngineError, type ExitCode } from './exit-codes.js';

/** Ctrl-C or a stop from outside, after which everything was cleaned up. */
export class Interrupted extends Error {
  readonly code = 'interrupted';
  constructor(message: string) {
    super(message);
    this.name = 'Interrupted';
  }
}

/** `promote readiness` reads no settings, so that no option of other commands may stand before it. */
export class ReadinessNotFirst extends Error {
  readonly code = 'readiness_not_first';
  constructor() {
    super('put readiness first: `promote readiness …`, without --settings and --as, which it does not take');
    this.name = 'ReadinessNotFirst';
  }
}

export interface Told {
  /** For stderr, without `promote: `. */
  readonly lines: readonly string[];
  readonly exitCode: ExitCode;
}

/** What a person is told of an error; undefined for our own bugs, which show their stack. */
export function tell(error: unknown): Told | undefined {
  if (error instanceof InputError) return { lines: error.problems, exitCode: EXIT.badInput };
  if (error instanceof Interrupted) return { lines: [error.message], exitCode: EXIT.interrupted };
  // As the validator ends on bad usage: it has no 2.
  if (error instanceof ReadinessNotFirst) return { lines: [error.message], exitCode: EXIT.held };
  if (!(error instanceof Error)) return undefined;
  const one = (exitCode: ExitCode): Told => ({
    lines: [error.message.replaceAll(/\s*\n\s*/g, ' ')],
    exitCode,
  });
  // By name, because telling an error must not load what threw it.
  if (isNamed<ClientError>(error, 'ClientError')) return one(exitOfClientError(error.code));
  if (isNamed<EngineError>(error, 'EngineError')) return one(exitOfEngineError(error.code));
  if (
    [
      'AttestationError',
      'EvidenceError',
      'UnreadableEvidence',
      'RehearsalError',
      'SightError',
      'SignatureError',
    ].includes(error.name)
  )
    return one(EXIT.badInput);
  // The worker's own connection and its first call to the server.
  if (error.name === 'TransportError') return one(EXIT.outOfReach);
  return undefined;
}

function isNamed<E extends Error>(error: Error, name: E['name']): error is E {
  return error.name === name && 'code' in error;
}
