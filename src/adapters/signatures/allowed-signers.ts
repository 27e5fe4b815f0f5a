import type { Edge } from '../../domain/voters.js';
import { problem, problemsOf, type LineProblem } from './line-problems.js';
import { parseSignersTime } from './signers-time.js';
import { KeyNotTaken, parsePublicKey, type PublicKey } from './public-key.js';
import { NotOfTheFormat } from './wire.js';

/** Largest `allowed_signers` that is read. */
export const MAX_POLICY_BYTES = 256 * 1024;

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
    problems: problemsOf(read, key, zoneless),
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
