import { NAMESPACES } from '../../domain/signing.js';
import type { Edge } from '../../domain/voters.js';
import { parseSignersTime } from './signers-time.js';
import { KeyNotTaken, parsePublicKey, weaknessOf, type PublicKey } from './public-key.js';
import { NotOfTheFormat } from './wire.js';

/** Largest `allowed_signers` that is read. */
export const MAX_POLICY_BYTES = 256 * 1024;

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

/** One line of `allowed_signers` that is neither empty nor a comment. */
export interface SignersLine {
  readonly line: number;
  readonly principals: readonly string[];
  /** Undefined where it names none, and so allows every one. */
  readonly namespaces: readonly string[] | undefined;
  /** ms since the epoch; from then on. */
  readonly validAfter: number | undefined;
  /** ms since the epoch; the second that begins then still counts. */
  readonly validBefore: number | undefined;
  readonly certAuthority: boolean;
  /** Undefined where the line can't be read as far as its key. */
  readonly keyType: string | undefined;
  /** `SHA256:…` */
  readonly fingerprint: string | undefined;
  /** `TYPE BASE64`, as in the file. */
  readonly key: string | undefined;
  readonly problems: readonly LineProblem[];
}

/**
 * The lines of `allowed_signers`, each with what is wrong with it. Never throws: a line that OpenSSH skips in silence is
 * one with `line_unreadable`.
 */
export function parseAllowedSigners(bytes: Uint8Array): readonly SignersLine[] {
  return Buffer.from(bytes.buffer, bytes.byteOffset, bytes.byteLength)
    .toString('utf8')
    .split('\n')
    .map((text, index) => ({ text: text.replace(/\r$/, '').trim(), line: index + 1 }))
    .filter(({ text }) => text !== '' && !text.startsWith('#'))
    .map(({ text, line }) => parseLine(text, line));
}

/** Who holds which key, for voterGroups. A key that signs certificates is nobody's own. */
export function edgesOf(lines: readonly SignersLine[]): readonly Edge[] {
  return lines.flatMap(({ principals, fingerprint, certAuthority }) =>
    fingerprint === undefined || certAuthority
      ? []
      : principals.map((principal) => ({ principal, fingerprint })),
  );
}

interface Options {
  readonly namespaces: string | undefined;
  readonly validAfter: string | undefined;
  readonly validBefore: string | undefined;
  readonly certAuthority: boolean;
}

const NO_OPTIONS: Options = {
  namespaces: undefined,
  validAfter: undefined,
  validBefore: undefined,
  certAuthority: false,
};

const LINE =
  /^(?<principals>[^\s"]+)[ \t]+(?:(?<options>(?:[^\s"]|"[^"\\]*")+)[ \t]+)?(?<type>[a-z0-9@.-]+)[ \t]+(?<blob>[A-Za-z0-9+/]+={0,2})(?:[ \t]+.*)?$/;

function parseLine(text: string, line: number): SignersLine {
  if (/[\p{Cc}\ufffd]/u.test(text.replaceAll('\t', ' ')))
    return unreadable(line, [], 'it has control characters or is not UTF-8');
  const { principals: named, options: given, type = '', blob = '' } = LINE.exec(text)?.groups ?? {};
  if (named === undefined)
    return unreadable(line, [], 'write: principal namespaces="…",valid-before="…" key-type key');
  const principals = named.split(',');
  const options = given === undefined ? NO_OPTIONS : parseOptions(given);
  if (typeof options === 'string') return unreadable(line, principals, options);
  const key = readKey(type, blob);
  if (typeof key === 'string') return unreadable(line, principals, key);
  const validAfter = parseSignersTime(options.validAfter);
  const validBefore = parseSignersTime(options.validBefore);
  if (validAfter === 'malformed' || validBefore === 'malformed')
    return unreadable(
      line,
      principals,
      'a time in it is none: write valid-before="YYYYMMDDZ" or "YYYYMMDDHHMMSSZ"',
    );
  const read = {
    line,
    principals,
    namespaces: options.namespaces?.split(','),
    validAfter: validAfter?.at,
    validBefore: validBefore?.at,
    certAuthority: options.certAuthority,
    keyType: type,
    fingerprint: key instanceof KeyNotTaken ? undefined : key.fingerprint,
    key: `${type} ${blob}`,
  };
  const zoneless = [validAfter, validBefore].some((time) => time?.zone === 'local');
  return {
    ...read,
    problems: [
      ...principalProblems(read),
      ...namespaceProblems(read),
      ...(zoneless
        ? [
            problem(
              'time_without_zone',
              'a time without Z is local to whoever verifies: write it in UTC, with Z',
            ),
          ]
        : []),
      ...validityProblems(read),
      ...keyProblems(key),
    ],
  };
}

function unreadable(line: number, principals: readonly string[], why: string): SignersLine {
  return {
    line,
    principals,
    namespaces: undefined,
    validAfter: undefined,
    validBefore: undefined,
    certAuthority: false,
    keyType: undefined,
    fingerprint: undefined,
    key: undefined,
    problems: [
      problem('line_unreadable', `OpenSSH skips this line in silence, or reads it otherwise: ${why}`),
    ],
  };
}

function problem(code: LineProblemCode, text: string): LineProblem {
  return { code, text };
}

const OPTION = /^(?:(cert-authority)|(namespaces|valid-after|valid-before)="([^"\\]+)")(?:,(?=.)|$)/;

/** Stricter than OpenSSH: lower case only, no escapes, no option twice. The reason why it is refused, else. */
function parseOptions(text: string): Options | string {
  const found = new Map<string, string>();
  for (let rest = text; rest !== '';) {
    const [whole, flag, option, value = ''] = OPTION.exec(rest) ?? [];
    const name = flag ?? option;
    if (whole === undefined || name === undefined)
      return 'its options are not of: cert-authority, namespaces="…", valid-after="…", valid-before="…"';
    if (found.has(name)) return `it has ${name} twice`;
    found.set(name, value);
    rest = rest.slice(whole.length);
  }
  return {
    namespaces: found.get('namespaces'),
    validAfter: found.get('valid-after'),
    validBefore: found.get('valid-before'),
    certAuthority: found.has('cert-authority'),
  };
}

function readKey(type: string, base64: string): PublicKey | KeyNotTaken | string {
  const blob = Buffer.from(base64, 'base64');
  if (blob.toString('base64') !== base64) return 'the base64 of its key is malformed';
  try {
    const key = parsePublicKey(blob);
    if (key.keyType !== type) return `its key is ${key.keyType}, and the line says otherwise`;
    if (key.certificate !== undefined)
      return 'it lists a certificate: list the plain key, or its authority with cert-authority';
    return key;
  } catch (error) {
    if (error instanceof KeyNotTaken) return error;
    if (error instanceof NotOfTheFormat) return `its key can not be read: ${error.message}`;
    throw error;
  }
}

type Read = Omit<SignersLine, 'problems'>;

function principalProblems({ principals, certAuthority }: Read): readonly LineProblem[] {
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

function namespaceProblems({ namespaces }: Read): readonly LineProblem[] {
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

function validityProblems({ validAfter, validBefore }: Read): readonly LineProblem[] {
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
