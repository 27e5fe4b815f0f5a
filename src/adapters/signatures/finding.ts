import type { LineProblemCode } from './line-problems.js';

export type PolicyFindingCode =
  | LineProblemCode
  | 'file_too_large'
  | 'key_listed_twice'
  | 'key_shared'
  | 'cert_authority'
  | 'krl_empty'
  | 'krl_unreadable'
  | 'krl_revokes_nothing'
  | 'krl_revokes_listed_key'
  | 'approver_without_key'
  | 'person_without_key'
  | 'principal_not_named'
  | 'nobody_able'
  | 'too_few_voters';

export interface PolicyFinding {
  readonly severity: 'error' | 'warning';
  readonly code: PolicyFindingCode;
  readonly file: string;
  /** Undefined where it is about the whole file. */
  readonly line: number | undefined;
  /** One line: what, and what to do. */
  readonly message: string;
}

export interface PolicyToLint {
  readonly allowedSigners: Uint8Array;
  /** Undefined where the runbook names no list of revoked keys. */
  readonly revoked: Uint8Array | undefined;
  /** Whom the runbook names, by what they may do. Approvers decide, requesters start, all others order (control). */
  readonly names: Readonly<Record<string, readonly string[]>> & {
    readonly approvers: readonly string[];
    readonly requesters: readonly string[];
  };
  /** Of distinct approvers. */
  readonly required: number;
  /** Without signatures nothing can be decided on such a target. */
  readonly protected: boolean;
  /** ms since the epoch: keys are looked at as of then. */
  readonly at: number;
  /** For the findings, as a person knows them. */
  readonly files: {
    readonly runbook: string;
    readonly allowedSigners: string;
    readonly revoked: string | undefined;
  };
}

/** Makes a finding about one file. */
export type Find = (
  severity: PolicyFinding['severity'],
  code: PolicyFindingCode,
  line: number | undefined,
  message: string,
) => PolicyFinding;

export function aboutFile(file: string): Find {
  return (severity, code, line, message) => ({ severity, code, file, line, message });
}
