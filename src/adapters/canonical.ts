import { createHash } from 'node:crypto';
import canonicalize from 'canonicalize';

export type Digest = `sha256:${string}`;

export type CanonicalErrorCode =
  | 'lone_surrogate'
  | 'hidden_character'
  | 'not_an_integer'
  | 'not_plain_data'
  | 'too_deep'
  | 'not_json'
  | 'not_canonical';

/** The value has no canonical form that we sign, or the bytes are not one. A bug or a forgery, never a passing fault. */
export class CanonicalError extends Error {
  override readonly name = 'CanonicalError';
  readonly code: CanonicalErrorCode;

  constructor(code: CanonicalErrorCode, path: string, options?: ErrorOptions) {
    super(`${code} at ${path}`, options);
    this.code = code;
  }
}

/** As deep as an answer may be (json-body.ts): stringify and canonicalize are recursive. */
const MAX_DEPTH = 64;

/**
 * RFC 8785 bytes of plain data: UTF-8, no trailing newline.
 *
 * Stricter than the RFC (docs/reference/evidence.md, "Canonical JSON"): numbers are safe integers; strings and keys are
 * well formed; nothing that serializing would drop or empty in silence (undefined, functions, Map, Date, class
 * instances, holes, getters).
 * Throws CanonicalError.
 */
export function canonicalBytes(value: unknown): Uint8Array {
  checkPlain(value, '$', 0, undefined);
  return serialized(value);
}

/**
 * canonicalBytes for what people sign: control characters (U+0000–001F) and characters that reorder text
 * (U+202A–202E, U+2066–2069) are refused too, so that what is shown is what is signed. Throws CanonicalError.
 */
export function statementBytes(value: unknown): Uint8Array {
  checkPlain(value, '$', 0, HIDDEN);
  return serialized(value);
}

/**
 * The value of canonical bytes. Parse, canonicalize, compare: that refuses duplicate keys, other spellings and
 * whitespace. Throws CanonicalError.
 */
export function parseCanonical(bytes: Uint8Array): unknown {
  let value: unknown;
  try {
    value = JSON.parse(new TextDecoder('utf-8', { fatal: true, ignoreBOM: true }).decode(bytes));
  } catch (cause) {
    throw new CanonicalError('not_json', '$', { cause });
  }
  if (Buffer.compare(canonicalBytes(value), bytes) !== 0) throw new CanonicalError('not_canonical', '$');
  return value;
}

/** Plain sha256, as for files and manifests. */
export function sha256(bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(bytes).digest('hex')}`;
}

/** `"sha256:" + hex(sha256(domain + "\n" + bytes))`: a digest of one kind of record never equals one of another. */
export function digest(domain: string, bytes: Uint8Array): Digest {
  return `sha256:${createHash('sha256').update(`${domain}\n`).update(bytes).digest('hex')}`;
}

// The package is CommonJS whose types say `export default`; what Node hands over is the function itself.
// oxlint-disable-next-line typescript/no-unsafe-type-assertion -- see above; the vectors in the tests prove it
const serialize = canonicalize as unknown as (value: unknown) => string | undefined;

// oxlint-disable-next-line eslint/no-control-regex -- control characters are what it looks for
const HIDDEN = /[\u0000-\u001f\u202a-\u202e\u2066-\u2069]/u;

function serialized(value: unknown): Uint8Array {
  const text = serialize(value);
  if (text === undefined) throw new CanonicalError('not_plain_data', '$');
  return Buffer.from(text, 'utf8');
}

function checkPlain(value: unknown, path: string, depth: number, hidden: RegExp | undefined): void {
  if (value === null || typeof value === 'boolean') return;
  if (typeof value === 'string') {
    checkText(value, path, hidden);
    return;
  }
  if (typeof value === 'number') {
    if (!Number.isSafeInteger(value)) throw new CanonicalError('not_an_integer', path);
    return;
  }
  if (typeof value !== 'object') throw new CanonicalError('not_plain_data', path);
  // Before walking on: a cycle ends here too.
  if (depth >= MAX_DEPTH) throw new CanonicalError('too_deep', path);
  const prototype: unknown = Object.getPrototypeOf(value);
  const keys = Reflect.ownKeys(value);
  if (Array.isArray(value)) {
    // One key an element, and `length`: neither holes nor extras.
    if (prototype !== Array.prototype || keys.length !== value.length + 1) {
      throw new CanonicalError('not_plain_data', path);
    }
  } else if (prototype !== Object.prototype && prototype !== null) {
    throw new CanonicalError('not_plain_data', path);
  }
  for (const key of keys) {
    if (Array.isArray(value) && key === 'length') continue;
    if (typeof key !== 'string') throw new CanonicalError('not_plain_data', path);
    checkText(key, path, hidden);
    const member = Object.getOwnPropertyDescriptor(value, key);
    if (member === undefined || !('value' in member) || member.enumerable !== true) {
      throw new CanonicalError('not_plain_data', `${path}.${key}`);
    }
    checkPlain(member.value, `${path}.${key}`, depth + 1, hidden);
  }
}

function checkText(text: string, path: string, hidden: RegExp | undefined): void {
  if (LONE_SURROGATE.test(text)) throw new CanonicalError('lone_surrogate', path);
  if (hidden?.test(text) === true) throw new CanonicalError('hidden_character', path);
}

/** With the `u` flag a surrogate matches only where it has no partner. `isWellFormed` is not in ES2023's library. */
const LONE_SURROGATE = /\p{Surrogate}/u;
