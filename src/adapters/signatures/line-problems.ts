import { NAMESPACES } from '../../domain/signing.js';
import { KeyNotTaken, weaknessOf, type PublicKey } from './public-key.js';

/** What a principal looks like: the same as a name in a statement. */
export const PRINCIPAL = /^[a-z0-9][a-z0-9._@+-]{0,127}$/;

export type LineProblemCode =
  | 'line_unreadable'
  | 'namespaces_missing'
  | 'namespace_not_ours'
  | 'principal_pattern'
  | 'principal_form'
  | 'time_without_zone'
  | 'validity_empty'
  | 'key_too_weak';

export interface LineProblem {
  readonly code: LineProblemCode;
  /** What and what to do, in one line. */
  readonly text: string;
}

export function problem(code: LineProblemCode, text: string): LineProblem {
  return { code, text };
}

/** What a line says that can be read as far as its key. */
export interface LineContent {
  readonly principals: readonly string[];
  readonly namespaces: readonly string[] | undefined;
  readonly validAfter: number | undefined;
  readonly validBefore: number | undefined;
  readonly certAuthority: boolean;
}

/** The traps of a line by itself. A time in it without Z is seen where times are read. */
export function problemsOf(
  line: LineContent,
  key: PublicKey | KeyNotTaken,
  zoneless: boolean,
): readonly LineProblem[] {
  const time = zoneless
    ? [problem('time_without_zone', 'a time without Z is local to whoever verifies: write it in UTC, with Z')]
    : [];
  return [
    ...principalProblems(line),
    ...namespaceProblems(line),
    ...time,
    ...validityProblems(line),
    ...keyProblems(key),
  ];
}

function principalProblems({ principals, certAuthority }: LineContent): readonly LineProblem[] {
  if (!certAuthority && (principals.length > 1 || principals.some((name) => /[*?!]/.test(name))))
    return [
      problem(
        'principal_pattern',
        'principals are patterns to OpenSSH: write one exact name a line, without * ? ! and commas',
      ),
    ];
  const misformed = principals.find(
    (name) => !PRINCIPAL.test(certAuthority ? name.replaceAll(/[*?!]/g, 'a') : name),
  );
  if (misformed === undefined) return [];
  return [
    problem(
      'principal_form',
      'the principal can stand in no statement: write 1 to 128 of a-z 0-9 . _ @ + -, a letter or digit first',
    ),
  ];
}

function namespaceProblems({ namespaces }: LineContent): readonly LineProblem[] {
  if (namespaces === undefined)
    return [
      problem(
        'namespaces_missing',
        `the key may sign for every purpose, git commits too: write namespaces="${NAMESPACES[1]}"`,
      ),
    ];
  const known: readonly string[] = NAMESPACES;
  if (namespaces.every((name) => known.includes(name))) return [];
  return [
    problem(
      'namespace_not_ours',
      `namespaces are patterns to OpenSSH: write exact names of ${NAMESPACES.join(', ')}`,
    ),
  ];
}

function validityProblems({ validAfter, validBefore }: LineContent): readonly LineProblem[] {
  if (validAfter === undefined || validBefore === undefined || validAfter < validBefore) return [];
  return [
    problem(
      'validity_empty',
      'valid-after is not before valid-before, so OpenSSH skips the line: correct one',
    ),
  ];
}

function keyProblems(key: PublicKey | KeyNotTaken): readonly LineProblem[] {
  if (key instanceof KeyNotTaken)
    return [problem('key_too_weak', `${key.message}: list an ed25519 key instead`)];
  const weak = weaknessOf(key);
  return weak === undefined ? [] : [problem('key_too_weak', `${weak}: list an ed25519 key instead`)];
}
