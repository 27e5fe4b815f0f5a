import { canonicalJson, type Json } from './canonical-json.js';
import { ACTIONS, type Action } from './phase.js';

/** What the requester asks for: this commit, by this runbook. docs/reference/statements.md */
export interface StartStatement {
  readonly v: 1;
  readonly type: 'promotion-start.v1';
  readonly deployment: string;
  readonly target: string;
  readonly at: string;
  readonly by: string;
  readonly commit: string;
  /** Digest of the resolved runbook. */
  readonly runbook: string;
  readonly reason: string;
  /** Digest of the target's latest sealed manifest: once another run is sealed, this asks for nothing. */
  readonly previous: string | null;
  /** 128 random bits: no two runs are asked for by the same bytes. */
  readonly nonce: string;
}

/** An approver's approve or reject, on exactly one subject. */
export interface DecisionStatement {
  readonly v: 1;
  readonly type: 'promotion-decision.v1';
  readonly deployment: string;
  readonly target: string;
  readonly at: string;
  readonly by: string;
  readonly run: string;
  /** Digest of the subject. */
  readonly subject: string;
  readonly request: string;
  readonly verdict: 'approve' | 'reject';
  readonly comment: string;
}

/** A person's order to a running promotion. */
export interface ControlStatement {
  readonly v: 1;
  readonly type: 'promotion-control.v1';
  readonly deployment: string;
  readonly target: string;
  readonly at: string;
  readonly by: string;
  readonly run: string;
  readonly action: Action;
  /** Where the journal stood when it was ordered. Undefined only in histories of before there was one. */
  readonly head: StatementHead | undefined;
  readonly reason: string;
}

export interface StatementHead {
  readonly seq: number;
  readonly digest: string;
}

export type Statement = StartStatement | DecisionStatement | ControlStatement;

/** What travels: the statement's canonical JSON, so that a signature over these bytes can be checked as they came. */
export interface Submission {
  readonly statement: string;
  readonly signature: string | null;
}

/** Longest statement that is looked at, in UTF-16 code units. */
export const MAX_STATEMENT = 8_192;
const MAX_SIGNATURE = 16_384;

/** A message outside the contract; it is answered, and leaves nothing behind. */
export class MalformedStatement extends Error {
  readonly code = 'malformed_statement';
  constructor(message: string) {
    super(message);
    this.name = 'MalformedStatement';
  }
}

const TEXT = text(/^[^\p{Cc}\u202a-\u202e\u2066-\u2069]{0,2000}$/u);
const NAME = text(/^[a-z0-9][a-z0-9._@+-]{0,127}$/);
const WORD = text(/^[A-Za-z0-9:._-]{1,128}$/);
const TIME = text(/^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/);
const COMMIT = text(/^(?:[0-9a-f]{40}|[0-9a-f]{64})$/);
const DIGEST = text(/^sha256:[0-9a-f]{64}$/);
const NONCE = text(/^[0-9a-f]{32}$/);

const COMMON = { deployment: WORD, target: WORD, at: TIME, by: NAME } as const;
const START = {
  ...COMMON,
  commit: COMMIT,
  runbook: DIGEST,
  reason: TEXT,
  previous: (value: unknown) => (value === null ? null : DIGEST(value)),
  nonce: NONCE,
} as const;
const DECISION = {
  ...COMMON,
  run: WORD,
  subject: WORD,
  request: WORD,
  verdict: oneOf('approve', 'reject'),
  comment: TEXT,
} as const;
const ORDER = { ...COMMON, run: WORD, action: oneOf(...ACTIONS), reason: TEXT } as const;
const CONTROL = { ...ORDER, head } as const;

/** @throws MalformedStatement unless it is exactly a canonical request to start */
export function parseStart(submission: unknown): StartStatement {
  const type = 'promotion-start.v1';
  return { v: 1, type, ...parse(readSubmission(submission), type, START) };
}

/** @throws MalformedStatement unless it is exactly a canonical decision */
export function parseDecision(submission: unknown): DecisionStatement {
  const type = 'promotion-decision.v1';
  return { v: 1, type, ...parse(readSubmission(submission), type, DECISION) };
}

/** @throws MalformedStatement unless it is exactly a canonical order */
export function parseControl(submission: unknown): ControlStatement {
  const type = 'promotion-control.v1';
  const read = readSubmission(submission);
  return read.given.has('head')
    ? { v: 1, type, ...parse(read, type, CONTROL) }
    : { v: 1, type, ...parse(read, type, ORDER), head: undefined };
}

/** The bytes of a statement as they are sent, signed and stored. */
export function statementText(statement: Statement): string {
  const { v, type, ...fields } = statement;
  return canonicalJson({ v, type, ...jsonOf(fields) });
}

function jsonOf(fields: Readonly<Record<string, string | null | StatementHead | undefined>>): {
  readonly [key: string]: Json;
} {
  return Object.fromEntries(
    Object.entries(fields).flatMap(([key, value]): [string, Json][] =>
      value === undefined ? [] : [[key, typeof value === 'object' && value !== null ? { ...value } : value]],
    ),
  );
}

/** Gives the value where it is of its form. */
type Reader<Value> = (value: unknown) => Value | undefined;
type Fields<Form> = { [Key in keyof Form]: Form[Key] extends Reader<infer Value> ? Value : never };

function text(pattern: RegExp): Reader<string> {
  return (value) =>
    typeof value === 'string' && value.isWellFormed() && pattern.test(value) ? value : undefined;
}

function oneOf<const Word extends string>(...words: readonly Word[]): Reader<Word> {
  return (value) => words.find((word) => word === value);
}

function head(value: unknown): StatementHead | undefined {
  if (typeof value !== 'object' || value === null) return undefined;
  const given = new Map<string, unknown>(Object.entries(value));
  const seq = given.get('seq');
  const digest = DIGEST(given.get('digest'));
  if (typeof seq !== 'number' || !Number.isSafeInteger(seq) || seq < 1 || digest === undefined)
    return undefined;
  return given.size === 2 ? { seq, digest } : undefined;
}

interface ReadSubmission {
  readonly statement: string;
  readonly given: ReadonlyMap<string, unknown>;
}

function parse<Form extends Readonly<Record<string, Reader<string | StatementHead | null>>>>(
  { statement, given }: ReadSubmission,
  type: string,
  form: Form,
): Fields<Form> {
  if (given.get('v') !== 1 || given.get('type') !== type)
    throw new MalformedStatement(`not a ${type} of version 1`);
  const known = ['v', 'type', ...Object.keys(form)];
  for (const key of given.keys())
    if (!known.includes(key)) throw new MalformedStatement(`unknown field ${key.slice(0, 64)}`);
  const fields: Record<string, string | StatementHead | null> = {};
  for (const [key, read] of Object.entries(form)) {
    const field = read(given.get(key));
    if (field === undefined) throw new MalformedStatement(`the field ${key} is missing or not of its form`);
    fields[key] = field;
  }
  // Equal bytes also rule out repeated keys, which JSON.parse drops in silence.
  if (!isComplete(fields, form) || canonicalJson({ v: 1, type, ...jsonOf(fields) }) !== statement)
    throw new MalformedStatement('a statement is canonical JSON (RFC 8785)');
  return fields;
}

function isComplete<Form extends object>(
  fields: Readonly<Record<string, unknown>>,
  form: Form,
): fields is Fields<Form> & Readonly<Record<string, string | StatementHead | null>> {
  return Object.keys(form).every((key) => Object.hasOwn(fields, key));
}

function readSubmission(submission: unknown): ReadSubmission {
  const travels =
    typeof submission === 'object' && submission !== null ? new Map(Object.entries(submission)) : new Map();
  const statement: unknown = travels.get('statement');
  const signature: unknown = travels.get('signature');
  if (typeof statement !== 'string' || statement.length > MAX_STATEMENT)
    throw new MalformedStatement(`a submission holds a statement of at most ${MAX_STATEMENT} characters`);
  if (signature !== null && (typeof signature !== 'string' || signature.length > MAX_SIGNATURE))
    throw new MalformedStatement(`a signature is null or text of at most ${MAX_SIGNATURE} characters`);
  const value = parseJson(statement);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MalformedStatement('a statement is a JSON object');
  return { statement, given: new Map<string, unknown>(Object.entries(value)) };
}

function parseJson(json: string): unknown {
  try {
    return JSON.parse(json);
  } catch {
    throw new MalformedStatement('a statement is JSON');
  }
}
