import { canonicalJson, type Json } from './canonical-json.js';
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

const TEXT = /^[^\u0000-\u001f\u202a-\u202e\u2066-\u2069]{0,2000}$/u;
const NAME = /^[a-z0-9][a-z0-9._@+-]{0,127}$/;
const WORD = /^[A-Za-z0-9:._-]{1,128}$/;
const TIME = /^\d{4}-\d\d-\d\dT\d\d:\d\d:\d\d\.\d{3}Z$/;

const COMMON = { deployment: WORD, target: WORD, at: TIME, by: NAME, run: WORD };

/** @throws MalformedStatement unless it is exactly a canonical decision */
export function parseDecision(submission: unknown): DecisionStatement {
  const fields = { ...COMMON, subject: WORD, request: WORD, verdict: /^(?:approve|reject)$/, comment: TEXT };
  return parse(submission, 'promotion-decision.v1', fields) as unknown as DecisionStatement;
}

/** @throws MalformedStatement unless it is exactly a canonical order */
export function parseControl(submission: unknown): ControlStatement {
  const fields = { ...COMMON, action: new RegExp(`^(?:${ACTIONS.join('|')})$`), reason: TEXT };
  return parse(submission, 'promotion-control.v1', fields) as unknown as ControlStatement;
}

/** The bytes of a statement as they are sent, signed and stored. */
export function statementText(statement: DecisionStatement | ControlStatement): string {
  return canonicalJson({ ...statement });
}

function parse(submission: unknown, type: string, fields: Readonly<Record<string, RegExp>>): Record<string, Json> {
  const text = textOf(submission);
  const value = parseJson(text);
  if (typeof value !== 'object' || value === null || Array.isArray(value))
    throw new MalformedStatement('a statement is a JSON object');
  const statement = value as Record<string, Json>;
  if (statement['v'] !== 1 || statement['type'] !== type) throw new MalformedStatement(`not a ${type} of version 1`);
  for (const key of Object.keys(statement))
    if (key !== 'v' && key !== 'type' && !Object.hasOwn(fields, key)) throw new MalformedStatement(`unknown field ${key.slice(0, 64)}`);
  for (const [key, pattern] of Object.entries(fields)) {
    const field = statement[key];
    if (typeof field !== 'string' || !field.isWellFormed() || !pattern.test(field))
      throw new MalformedStatement(`the field ${key} is missing or not of its form`);
  }
  // Equal bytes also rule out repeated keys, which JSON.parse drops in silence.
  if (canonicalJson(statement) !== text) throw new MalformedStatement('a statement is canonical JSON (RFC 8785)');
  return statement;
}

function textOf(submission: unknown): string {
  const { statement, signature } = (submission ?? {}) as { statement?: unknown; signature?: unknown };
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
