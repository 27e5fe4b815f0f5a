/**
 * - `conflict`: other bytes stand under the name already
 * - `journal_fork`: another history of the run wrote that entry of the journal
 * - `full`: no space or quota left
 * - `unavailable`: the store is out of reach or refuses us
 * - `not_regular`: a link, folder or device stands where a file or folder of ours should
 * - `outside_root`: a link leads out of the store
 * - `bad_name`: not a name for a run or a file
 */
export type EvidenceErrorCode =
  'conflict' | 'journal_fork' | 'full' | 'unavailable' | 'not_regular' | 'outside_root' | 'bad_name';

const RETRYABLE: ReadonlySet<EvidenceErrorCode> = new Set(['full', 'unavailable']);

/** Evidence could not be written or read. */
export class EvidenceError extends Error {
  override readonly name = 'EvidenceError';
  readonly code: EvidenceErrorCode;

  constructor(code: EvidenceErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }

  /** Whether waiting can help: space is freed, the disk comes back. */
  get retryable(): boolean {
    return RETRYABLE.has(this.code);
  }
}

/** The one place where errors of the file system become ours. An EvidenceError stays what it is. */
export function toEvidenceError(cause: unknown, what: string): EvidenceError {
  if (cause instanceof EvidenceError) return cause;
  const errno = cause instanceof Error && 'code' in cause ? String(cause.code) : 'unknown error';
  return new EvidenceError(BY_ERRNO[errno] ?? 'unavailable', `${what}: ${errno}`, { cause });
}

const BY_ERRNO: Readonly<Record<string, EvidenceErrorCode>> = {
  ENOSPC: 'full',
  EDQUOT: 'full',
  EFBIG: 'full',
  ELOOP: 'not_regular',
  EMLINK: 'not_regular',
  EISDIR: 'not_regular',
  ENOTDIR: 'not_regular',
  ENXIO: 'not_regular',
  ENAMETOOLONG: 'bad_name',
};
