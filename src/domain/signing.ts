/** What a signature can be for. A signature for one is none for another. docs/reference/signatures.md */
export const NAMESPACES = [
  'promotion-start.v1',
  'promotion-decision.v1',
  'promotion-control.v1',
  'promotion-vouch.v1',
] as const;

export type Namespace = (typeof NAMESPACES)[number];

/** Why a signature does not stand for the one who is said to have made it. */
export type SignatureRefusal =
  | 'signature_missing'
  | 'signature_malformed'
  | 'signature_invalid'
  | 'signature_other_namespace'
  | 'key_unlisted'
  | 'key_of_another_name'
  | 'key_other_namespace'
  | 'key_not_yet_valid'
  | 'key_expired'
  | 'key_revoked'
  | 'key_too_weak'
  | 'key_not_touched'
  | 'key_user_not_verified'
  | 'signature_refused';

/** How a name is vouched for: by nothing but itself, or by a signature that its listed key made. */
export type Identity = 'asserted' | 'signed';

/** A signer can backdate; what a worker receives was signed just before. */
export const SIGNED_WITHIN_MS = 300_000;

/** @param receivedAt ms since the epoch, by the worker's clock */
export function isSignedNow(at: string, receivedAt: number): boolean {
  return Math.abs(receivedAt - Date.parse(at)) <= SIGNED_WITHIN_MS;
}
