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
