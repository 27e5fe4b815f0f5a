import { MAX_POLICY_BYTES, parseAllowedSigners, type SignersLine } from './allowed-signers.js';
import {
  aboutFile,
  type Find,
  type PolicyFinding,
  type PolicyFindingCode,
  type PolicyToLint,
} from './finding.js';
import { lintPeople } from './lint-people.js';
import { lintRevoked } from './lint-revoked.js';
import type { SshKeygenSettings } from './ssh-keygen.js';

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
  const keyed = lines.filter(({ fingerprint }) => fingerprint !== undefined);
  const about = lines.flatMap((line) => [
    ...line.problems.map(({ code, text }) => signers('error', code, line.line, text)),
    ...lintLine(line, keyed, policy, signers),
  ]);
  return [...about, ...(await lintRevoked(policy, lines, settings)), ...lintPeople(policy, lines)];
}

/** What only shows beside other lines or the runbook. */
function lintLine(
  line: SignersLine,
  keyed: readonly SignersLine[],
  { names }: PolicyToLint,
  find: Find,
): readonly PolicyFinding[] {
  if (line.fingerprint === undefined && line.problems.some(({ code }) => NAME_UNCLEAR.has(code))) return [];
  const earlier = keyed.filter((other) => other.line < line.line && hasKeyOf(other, line));
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
