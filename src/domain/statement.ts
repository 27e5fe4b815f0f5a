import { canonicalJson } from './canonical-json.js';
import { ACTIONS, type Action } from './phase.js';

/** An approver's approve or reject, on exactly one subject. docs/reference/statements.md */
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
  readonly reason: string;
}

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

const TEXT = /^[^\p{Cc}\u202a-\u202e\u2066-\u2069]{0,2000}$/u;
const NAME = /^[a-z0-9][a-z0-9._@+-]{0,127}$/;
const WORD = /^[A-Za-z0-9:._-]{1,128}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const COMMON = { deployment: WORD, target: WORD, at: TIME, by: NAME, run: WORD };
const DECISION = { ...COMMON, subject: WORD, request: WORD, verdict: /^(?:approve|reject)$/, comment: TEXT };
const CONTROL = { ...COMMON, action: /^[a-z-]{1,32}$/, reason: TEXT };

/** @throws MalformedStatement unless it is exactly a canonical decision */
export function parseDecision(submission: unknown): DecisionStatement {
  const fields = parse(submission, 'promotion-decision.v1', DECISION);
  const verdict = fields.verdict === 'approve' ? 'approve' : 'reject';
  return { v: 1, type: 'promotion-decision.v1', ...fields, verdict };
}

/** @throws MalformedStatement unless it is exactly a canonical order */
export function parseControl(submission: unknown): ControlStatement {
  const fields = parse(submission, 'promotion-control.v1', CONTROL);
  const action = ACTIONS.find((known) => known === fields.action);
  if (action === undefined) throw new MalformedStatement(`unknown action: one of ${ACTIONS.join(', ')}`);
  return { v: 1, type: 'promotion-control.v1', ...fields, action };
}

/** The bytes of a statement as they are sent, signed and stored. */
export function statementText(statement: DecisionStatement | ControlStatement): string {
  return canonicalJson({ ...statement });
}

function parse<Field extends string>(
  submission: unknown,
  type: string,
  patterns: Readonly<Record<Field, RegExp>>,
): Record<Field, string> {
  const text = textOf(submission);
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MalformedStatement('a statement is a JSON object');
  const given = new Map<string, unknown>(Object.entries(value));
  if (given.get('v') !== 1 || given.get('type') !== type)
    throw new MalformedStatement(`not a ${type} of version 1`);
  const known = ['v', 'type', ...Object.keys(patterns)];
  for (const key of given.keys())
    if (!known.includes(key)) throw new MalformedStatement(`unknown field ${key.slice(0, 64)}`);
  const fields: Record<string, string> = {};
  for (const [key, pattern] of Object.entries<RegExp>(patterns)) {
    const field = given.get(key);
    if (typeof field !== 'string' || !field.isWellFormed() || !pattern.test(field))
      throw new MalformedStatement(`the field ${key} is missing or not of its form`);
    fields[key] = field;
  }
  // Equal bytes also rule out repeated keys, which JSON.parse drops in silence.
  if (!isComplete(fields, patterns) || canonicalJson({ v: 1, type, ...fields }) !== text)
    throw new MalformedStatement('a statement is canonical JSON (RFC 8785)');
  return fields;
}

function isComplete<Field extends string>(
  fields: Readonly<Record<string, string>>,
  patterns: Readonly<Record<Field, RegExp>>,
): fields is Record<Field, string> {
  return Object.keys(patterns).every((key) => Object.hasOwn(fields, key));
}

function textOf(submission: unknown): string {
  const given =
    typeof submission === 'object' && submission !== null ? new Map(Object.entries(submission)) : new Map();
  const statement: unknown = given.get('statement');
  const signature: unknown = given.get('signature');
  if (typeof statement !== 'string' || statement.length > MAX_STATEMENT)
    throw new MalformedStatement(`a submission holds a statement of at most ${MAX_STATEMENT} characters`);
  if (signature !== null && (typeof signature !== 'string' || signature.length > MAX_SIGNATURE))
    throw new MalformedStatement(`a signature is null or text of at most ${MAX_SIGNATURE} characters`);
  return statement;
}

function parseJson(text: string): unknown {
  try {
    return JSON.parse(text);
  } catch {
    throw new MalformedStatement('a statement is JSON');
  }
}
