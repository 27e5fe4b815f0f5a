import type { Namespace } from '../../domain/signing.js';
import { distinctVoters } from '../../domain/voters.js';
import {
  edgesOf,
  MAX_POLICY_BYTES,
  parseAllowedSigners,
  type LineProblemCode,
  type SignersLine,
} from './allowed-signers.js';
import { MAX_KRL_BYTES, readKrl } from './krl.js';
import { fitsPrincipals } from './principals.js';
import { listRevoked } from './revoked-keys.js';
import type { SshKeygenSettings } from './ssh-keygen.js';

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

/**
 * Every known trap of a signing policy, by name (docs/reference/signatures.md, "Findings"); by file, then line. With an
 * error among them no protected promotion should start.
 *
 * @throws SignatureError where ssh-keygen can't be asked which listed keys are revoked
 */
export async function lintPolicy(
  policy: PolicyToLint,
  settings: SshKeygenSettings,
): Promise<readonly PolicyFinding[]> {
  const { allowedSigners, files } = policy;
  const signers = aboutFile(files.allowedSigners);
  if (allowedSigners.byteLength > MAX_POLICY_BYTES)
    return [
      signers(
        'error',
        'file_too_large',
        undefined,
        `more than ${MAX_POLICY_BYTES} bytes: split what it lists by target`,
      ),
    ];
  const lines = parseAllowedSigners(allowedSigners);
  const about = lines.flatMap((line) => [
    ...line.problems.map(({ code, text }) => signers('error', code, line.line, text)),
    ...lintLine(line, lines, policy, signers),
  ]);
  return [...about, ...(await lintRevoked(policy, lines, settings)), ...lintPeople(policy, lines)];
}

type Find = (
  severity: PolicyFinding['severity'],
  code: PolicyFindingCode,
  line: number | undefined,
  message: string,
) => PolicyFinding;

function aboutFile(file: string): Find {
  return (severity, code, line, message) => ({ severity, code, file, line, message });
}

/** What only shows beside other lines or the runbook. */
function lintLine(
  line: SignersLine,
  lines: readonly SignersLine[],
  { names }: PolicyToLint,
  find: Find,
): readonly PolicyFinding[] {
  const earlier = lines.filter((other) => other.line < line.line && hasKeyOf(other, line));
  const sharing = (other: SignersLine): boolean =>
    other.principals.some((name) => line.principals.includes(name));
  const twice = earlier.find(sharing);
  const shared = line.certAuthority ? undefined : earlier.find((other) => !sharing(other));
  const findings: PolicyFinding[] = [];
  if (twice !== undefined)
    findings.push(
      find(
        'error',
        'key_listed_twice',
        line.line,
        `the same key for the same name as in line ${twice.line}, which voids the expiry of either: leave one line a key`,
      ),
    );
  if (shared !== undefined)
    findings.push(
      find(
        'warning',
        'key_shared',
        line.line,
        `the same key as in line ${shared.line}: both names count as one voter; give each a key of its own`,
      ),
    );
  if (line.certAuthority)
    findings.push(
      find(
        'warning',
        'cert_authority',
        line.line,
        'whoever holds this key can make a key for any name that the line fits: see that its holder is as trusted as all of them',
      ),
    );
  const known = new Set(Object.values(names).flat());
  const isPlain = !line.certAuthority && !line.problems.some(({ code }) => NAME_UNCLEAR.has(code));
  const stranger = isPlain ? line.principals.find((name) => !known.has(name)) : undefined;
  if (stranger !== undefined)
    findings.push(
      find(
        'warning',
        'principal_not_named',
        line.line,
        `the runbook names ${stranger} nowhere: correct the name, or remove the line if no old decision needs it`,
      ),
    );
  return findings;
}

const NAME_UNCLEAR: ReadonlySet<PolicyFindingCode> = new Set([
  'line_unreadable',
  'principal_pattern',
  'principal_form',
]);

function hasKeyOf(other: SignersLine, line: SignersLine): boolean {
  return (
    line.fingerprint !== undefined &&
    other.fingerprint === line.fingerprint &&
    other.certAuthority === line.certAuthority
  );
}

async function lintRevoked(
  { revoked, files }: PolicyToLint,
  lines: readonly SignersLine[],
  settings: SshKeygenSettings,
): Promise<readonly PolicyFinding[]> {
  if (revoked === undefined) return [];
  const krl = aboutFile(files.revoked ?? 'revoked keys');
  const unreadable =
    'not a list of revoked keys, so no signature is taken: make it with ssh-keygen -k -f FILE KEY.pub';
  const form = readKrl(revoked);
  switch (form) {
    case 'empty':
      return [
        krl(
          'error',
          'krl_empty',
          undefined,
          'an empty file revokes nothing: make it with ssh-keygen -k -f FILE KEY.pub',
        ),
      ];
    case 'too_large':
      return [krl('error', 'file_too_large', undefined, `more than ${MAX_KRL_BYTES} bytes: make a new list`)];
    case 'no_krl':
      return [krl('error', 'krl_unreadable', undefined, unreadable)];
    case 'revokes_nothing':
      return [
        krl(
          'warning',
          'krl_revokes_nothing',
          undefined,
          'the list revokes nothing: leave it out until it does',
        ),
      ];
    case 'krl': {
      const hit = await listRevoked(settings, revoked, lines);
      if (hit === 'unreadable') return [krl('error', 'krl_unreadable', undefined, unreadable)];
      return hit.map(({ line, principals }) =>
        aboutFile(files.allowedSigners)(
          'warning',
          'krl_revokes_listed_key',
          line,
          `the key of ${principals.join(',')} is revoked, for old decisions too: list a new key, or end it by valid-before`,
        ),
      );
    }
    default:
      return form satisfies never;
  }
}

function lintPeople(policy: PolicyToLint, lines: readonly SignersLine[]): readonly PolicyFinding[] {
  const { names, files, at } = policy;
  const signers = aboutFile(files.allowedSigners);
  const without = new Map<string, Set<string>>();
  for (const [role, people] of Object.entries(names))
    for (const person of people) {
      const namespace = namespaceOf(role);
      if (!lines.some((line) => mayBeOf(line, person, namespace, at)))
        without.set(person, (without.get(person) ?? new Set()).add(namespace));
    }
  const findings = [...without].flatMap(([person, namespaces]) =>
    [...namespaces].map((namespace) => {
      const decides = namespace === 'promotion-decision.v1';
      return signers(
        decides && policy.protected ? 'error' : 'warning',
        decides ? 'approver_without_key' : 'person_without_key',
        undefined,
        `${person} has no line that is valid now with namespaces="${namespace}": add one, or take the name out of the runbook`,
      );
    }),
  );
  const able = policy.protected
    ? names.approvers.filter((person) => without.get(person)?.has('promotion-decision.v1') !== true)
    : names.approvers;
  const voters = distinctVoters(edgesOf(lines), able);
  if (voters >= policy.required) return findings;
  return [
    ...findings,
    aboutFile(files.runbook)(
      'error',
      'too_few_voters',
      undefined,
      `${policy.required} approvals are required, and those who can decide are ${voters} distinct voters: name more, each with a key of their own`,
    ),
  ];
}

function namespaceOf(role: string): Namespace {
  switch (role) {
    case 'approvers':
      return 'promotion-decision.v1';
    case 'requesters':
      return 'promotion-start.v1';
    default:
      return 'promotion-control.v1';
  }
}

/** Under an authority everybody whom its line fits may come with a certificate. */
function mayBeOf(line: SignersLine, person: string, namespace: Namespace, at: number): boolean {
  const { principals, namespaces, validAfter, validBefore, certAuthority, problems } = line;
  return (
    problems.every(({ code }) => code === 'time_without_zone') &&
    namespaces?.includes(namespace) === true &&
    (certAuthority ? fitsPrincipals(principals, person) : principals.includes(person)) &&
    (validAfter === undefined || validAfter <= at) &&
    (validBefore === undefined || at <= validBefore)
  );
}
