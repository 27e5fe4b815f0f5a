import type { Namespace } from '../../domain/signing.js';
import { distinctVoters } from '../../domain/voters.js';
import { edgesOf, type SignersLine } from './allowed-signers.js';
import { aboutFile, type PolicyFinding, type PolicyToLint } from './finding.js';
import { fitsPrincipals } from './principals.js';

/** Whether those whom the runbook names can do what it names them for, and are enough. */
export function lintPeople(policy: PolicyToLint, lines: readonly SignersLine[]): readonly PolicyFinding[] {
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
  const nobody = policy.protected ? Object.entries(names) : [];
  for (const [role, people] of nobody) {
    const namespace = namespaceOf(role);
    if (
      role !== 'approvers' &&
      people.length > 0 &&
      people.every((person) => without.get(person)?.has(namespace))
    )
      findings.push(
        aboutFile(files.runbook)(
          'error',
          'nobody_able',
          undefined,
          `${role}: nobody who may has a key for namespaces="${namespace}": on a protected target nobody could, so add it to a line`,
        ),
      );
  }
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
