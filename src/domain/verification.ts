/** What a verifier can find, in the order in which it looks. docs/reference/verification.md says what each means. */
export const FINDINGS = [
  'run_unsealed',
  'manifest_malformed',
  'manifest_not_canonical',
  'manifest_other_run',
  'attestation_missing',
  'attestation_malformed',
  'attestation_wrong_type',
  'signer_unknown',
  'signer_outside_validity',
  'attestation_signature_invalid',
  'attestation_subject_mismatch',
  'file_not_regular',
  'file_missing',
  'file_changed',
  'file_extra',
  'journal_torn',
  'journal_malformed',
  'journal_not_canonical',
  'journal_other_run',
  'journal_gap',
  'journal_chain_broken',
  'journal_head_mismatch',
  'journal_fork',
  'journal_truncated',
  'anchor_mismatch',
  'anchor_absent',
  'subject_evidence_mismatch',
  'decision_subject_mismatch',
  'decision_replayed',
  'decision_after_deadline',
  'decision_signature_invalid',
  'approver_not_allowed_at_time',
  'approver_key_revoked',
  'requester_voted',
  'quorum_not_met',
  'verdict_differs',
  'redaction_count_mismatch',
  'previous_run_missing',
  'previous_run_mismatch',
] as const;
export type FindingCode = (typeof FINDINGS)[number];

export interface Finding {
  readonly code: FindingCode;
  /** A path in the run's folder, or what it is about. */
  readonly where: string;
  /** One line, for a person. */
  readonly detail: string;
}

/** Nothing outside the folder vouches for it: it may have been replaced as a whole. The only finding that fails nothing. */
export function isWarning({ code }: Finding): boolean {
  return code === 'anchor_absent';
}

/** In the verifier's order, each once. */
export function inFindingOrder(findings: readonly Finding[]): readonly Finding[] {
  const key = ({ code, where, detail }: Finding): string => JSON.stringify([code, where, detail]);
  return [...new Map(findings.map((finding) => [key(finding), finding])).values()].toSorted(
    (a, b) => FINDINGS.indexOf(a.code) - FINDINGS.indexOf(b.code) || (a.where < b.where ? -1 : 1),
  );
}
