/**
 * - `attestation_malformed`: not an envelope or a statement of our form, byte for byte
 * - `attestation_wrong_type`: a payload type or a predicate that we do not write
 * - `key_not_regular`: a link, folder or device stands where the key or its folder should
 * - `key_foreign_owner`: somebody else owns the key or its folder, and may have put it there
 * - `key_not_private`: group or others may read or change it
 * - `key_other_type`: no PKCS#8 private key of Ed25519
 * - `key_unavailable`: the file system refuses
 */
export type AttestationErrorCode =
  | 'attestation_malformed'
  | 'attestation_wrong_type'
  | 'key_not_regular'
  | 'key_foreign_owner'
  | 'key_not_private'
  | 'key_other_type'
  | 'key_unavailable';

/** Evidence could not be attested, or an attestation is none. One line that holds nothing of a key. */
export class AttestationError extends Error {
  override readonly name = 'AttestationError';
  readonly code: AttestationErrorCode;

  constructor(code: AttestationErrorCode, message: string, options?: ErrorOptions) {
    super(`${code}: ${message}`, options);
    this.code = code;
  }

  /** Whether waiting can help: space is freed, the disk comes back. */
  get retryable(): boolean {
    return this.code === 'key_unavailable';
  }
}
