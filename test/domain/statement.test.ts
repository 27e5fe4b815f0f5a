import { describe, expect, it } from 'vitest';
import {
  MalformedStatement,
  MAX_STATEMENT,
  parseControl,
  parseDecision,
  statementText,
  type ControlStatement,
  type DecisionStatement,
} from '../../src/domain/statement.js';

// Proves which bytes are a decision or an order (docs/reference/statements.md). Who signed them is checked elsewhere.

const DECISION: DecisionStatement = {
  v: 1,
  type: 'promotion-decision.v1',
  deployment: 'local',
  target: 'tau-production',
  at: '2026-01-02T03:04:05.678Z',
  by: 'approver-a@example.org',
  run: '20260102T030405678Z-5f0c2a9e',
  subject: `sha256:${'4'.repeat(64)}`,
  request: '0'.repeat(32),
  verdict: 'approve',
  comment: 'gates look good — „go“',
};
const DECISION_TEXT =
  '{"at":"2026-01-02T03:04:05.678Z","by":"approver-a@example.org","comment":"gates look good — „go“",' +
  `"deployment":"local","request":"${'0'.repeat(32)}","run":"20260102T030405678Z-5f0c2a9e",` +
  `"subject":"sha256:${'4'.repeat(64)}","target":"tau-production","type":"promotion-decision.v1","v":1,"verdict":"approve"}`;

const DIGEST = `sha256:${'5'.repeat(64)}`;
const CONTROL: ControlStatement = {
  v: 1,
  type: 'promotion-control.v1',
  deployment: 'local',
  target: 'tau-production',
  at: '2026-01-02T03:04:05.678Z',
  by: 'operator@example.org',
  run: '20260102T030405678Z-5f0c2a9e',
  action: 'rollback',
  head: { seq: 7, digest: DIGEST },
  reason: 'the graphs look wrong',
};

const sent = (statement: string) => ({ statement, signature: null });
/** A decision as JSON with keys in the canonical order, whatever its values are. */
function spelt(changes: Readonly<Record<string, unknown>>): string {
  const members = Object.entries({ ...DECISION, ...changes }).sort(([a], [b]) => (a < b ? -1 : 1));
  return JSON.stringify(Object.fromEntries(members));
}
const refusal = (submission: unknown, parse: (submission: unknown) => unknown = parseDecision): string => {
  try {
    parse(submission);
  } catch (error) {
    if (error instanceof MalformedStatement) return `${error.code}: ${error.message}`;
    throw error;
  }
  return 'taken';
};

describe('a decision', () => {
  it('is written as canonical JSON', () => {
    expect(statementText(DECISION)).toBe(DECISION_TEXT);
  });

  it('is read back from its canonical form', () => {
    expect(parseDecision(sent(DECISION_TEXT))).toEqual(DECISION);
    expect(parseDecision({ statement: DECISION_TEXT, signature: 'armour' })).toEqual(DECISION);
  });

  it('may reject, and may come without a comment', () => {
    expect(parseDecision(sent(spelt({ verdict: 'reject', comment: '' })))).toMatchObject({
      verdict: 'reject',
    });
  });

  const notCanonical: readonly (readonly [string, string])[] = [
    ['keys in another order', JSON.stringify(DECISION)],
    ['a space', DECISION_TEXT.replace(',"by"', ', "by"')],
    ['a line end after it', `${DECISION_TEXT}\n`],
    ['a letter escaped without need', DECISION_TEXT.replace('"local"', String.raw`"loca\u006c"`)],
    ['another spelling of its number', DECISION_TEXT.replace('"v":1', '"v":1.0')],
    ['a key that stands twice', DECISION_TEXT.replace('"v":1', '"v":1,"v":1')],
    ['a verdict that is overruled by a second', DECISION_TEXT.replace('"v":1,', '"v":1,"verdict":"reject",')],
  ];
  it.each(notCanonical)('with %s is refused', (_, text) => {
    expect(refusal(sent(text))).toBe('malformed_statement: a statement is canonical JSON (RFC 8785)');
  });

  const malformed: readonly (readonly [string, Readonly<Record<string, unknown>>, string])[] = [
    ['an unknown field', { zeal: 'much' }, 'unknown field zeal'],
    ['another type', { type: 'promotion-control.v1' }, 'not a promotion-decision.v1 of version 1'],
    ['another version', { v: 2 }, 'not a promotion-decision.v1 of version 1'],
    ['a version in quotes', { v: '1' }, 'not a promotion-decision.v1 of version 1'],
    ['a verdict that is none', { verdict: 'abstain' }, 'the field verdict is missing or not of its form'],
    [
      'a verdict around another',
      { verdict: 'approve\nreject' },
      'the field verdict is missing or not of its form',
    ],
    ['a missing subject', { subject: undefined }, 'the field subject is missing or not of its form'],
    ['an empty subject', { subject: '' }, 'the field subject is missing or not of its form'],
    ['a number for a name', { by: 7 }, 'the field by is missing or not of its form'],
    ['a name in upper case', { by: 'Approver' }, 'the field by is missing or not of its form'],
    ['a name that is a pattern', { by: '*@example.org' }, 'the field by is missing or not of its form'],
    ['a name of 129 characters', { by: 'a'.repeat(129) }, 'the field by is missing or not of its form'],
    [
      'a time without milliseconds',
      { at: '2026-01-02T03:04:05Z' },
      'the field at is missing or not of its form',
    ],
    [
      'something before its time',
      { at: '12026-01-02T03:04:05.678Z' },
      'the field at is missing or not of its form',
    ],
    [
      'something after its time',
      { at: '2026-01-02T03:04:05.678Z ' },
      'the field at is missing or not of its form',
    ],
    [
      'a time in another zone',
      { at: '2026-01-02T03:04:05.678+01:00' },
      'the field at is missing or not of its form',
    ],
    ['a target that is a path', { target: '../x' }, 'the field target is missing or not of its form'],
    ['a control character', { comment: 'a\u001b[2J' }, 'the field comment is missing or not of its form'],
    ['a line end in its comment', { comment: 'a\nb' }, 'the field comment is missing or not of its form'],
    [
      'a control character of the second set',
      { comment: 'a\u009b2J' },
      'the field comment is missing or not of its form',
    ],
    [
      'text that is shown backwards',
      { comment: 'a\u202eb' },
      'the field comment is missing or not of its form',
    ],
    [
      'text that is shown isolated',
      { comment: 'a\u2066b' },
      'the field comment is missing or not of its form',
    ],
    ['half a surrogate pair', { comment: 'a\ud800' }, 'the field comment is missing or not of its form'],
    ['the other half of a pair', { comment: '\udc00a' }, 'the field comment is missing or not of its form'],
    [
      'a comment of 2,001 characters',
      { comment: 'x'.repeat(2_001) },
      'the field comment is missing or not of its form',
    ],
    [
      'an object for a comment',
      { comment: { text: 'x' } },
      'the field comment is missing or not of its form',
    ],
  ];
  it.each(malformed)('with %s is refused', (_, changes, message) => {
    expect(refusal(sent(spelt(changes)))).toBe(`malformed_statement: ${message}`);
  });

  it('with a field named like a part of every object is refused', () => {
    expect(refusal(sent(DECISION_TEXT.replace('{', '{"__proto__":{"by":"x"},')))).toBe(
      'malformed_statement: unknown field __proto__',
    );
    expect(refusal(sent(spelt({ constructor: 'x' })))).toBe('malformed_statement: unknown field constructor');
  });

  it.each(['', 'no JSON', '{"v":1'])('that is no JSON is refused: %j', (text) => {
    expect(refusal(sent(text))).toBe('malformed_statement: a statement is JSON');
  });

  it.each(['null', '[]', '1', '"text"'])('that is no object is refused: %s', (text) => {
    expect(refusal(sent(text))).toBe('malformed_statement: a statement is a JSON object');
  });

  it('that is longer than what is looked at is refused before it is parsed', () => {
    const longest = 'x'.repeat(MAX_STATEMENT);
    expect(refusal(sent(longest))).toBe('malformed_statement: a statement is JSON');
    expect(refusal(sent(`${longest}x`))).toBe(
      'malformed_statement: a submission holds a statement of at most 8192 characters',
    );
  });

  it('nested as deep as its length allows is refused without overflowing the stack', () => {
    const deep = `{"a":${'['.repeat(4_000)}${']'.repeat(4_000)}}`;
    expect(refusal(sent(deep))).toMatch(/^malformed_statement: /);
  });
});

describe('a submission', () => {
  it.each([undefined, null, 7, 'text', [], {}, { statement: 7, signature: null }])(
    'without a statement is refused: %j',
    (submission) => {
      expect(refusal(submission)).toBe(
        'malformed_statement: a submission holds a statement of at most 8192 characters',
      );
    },
  );

  it.each([undefined, 7, {}, 'x'.repeat(16_385)])('with a signature that is none is refused', (signature) => {
    expect(refusal({ statement: DECISION_TEXT, signature })).toBe(
      'malformed_statement: a signature is null or text of at most 16384 characters',
    );
  });

  it('with the longest signature is read', () => {
    expect(refusal({ statement: DECISION_TEXT, signature: 'x'.repeat(16_384) })).toBe('taken');
  });
});

describe('an order', () => {
  it('is written as canonical JSON and read back', () => {
    const text = statementText(CONTROL);
    expect(text).toBe(
      '{"action":"rollback","at":"2026-01-02T03:04:05.678Z","by":"operator@example.org","deployment":"local",' +
        `"head":{"digest":"sha256:${'5'.repeat(64)}","seq":7},` +
        '"reason":"the graphs look wrong","run":"20260102T030405678Z-5f0c2a9e","target":"tau-production",' +
        '"type":"promotion-control.v1","v":1}',
    );
    expect(parseControl(sent(text))).toEqual(CONTROL);
  });

  it.each(['abort', 'rollback', 'remediated', 'retry-rollback', 'acknowledge'] as const)(
    'can be to %s',
    (action) => {
      expect(parseControl(sent(statementText({ ...CONTROL, action }))).action).toBe(action);
    },
  );

  const NO_ACTIONS = ['promote', 'xabort', 'constructor', '', 'rollback ', 'Abort', '["abort"]'];
  it.each(NO_ACTIONS)('can not be to %j, which is no action', (action) => {
    const text = statementText(CONTROL).replace('"rollback"', JSON.stringify(action));
    expect(refusal(sent(text), parseControl)).toBe(
      'malformed_statement: the field action is missing or not of its form',
    );
  });

  it('that names no head is read as one of before there was one; whoever takes it refuses it', () => {
    expect(parseControl(sent(statementText({ ...CONTROL, head: undefined }))).head).toBeUndefined();
  });

  const NO_HEADS: readonly unknown[] = [
    null,
    'sha256:5',
    {},
    { seq: 0, digest: DIGEST },
    { seq: 1.5, digest: DIGEST },
    { seq: '7', digest: DIGEST },
    { seq: 7, digest: 'sha256:5' },
    { seq: 7, digest: DIGEST, more: 1 },
  ];
  it.each(NO_HEADS)('can not be on the head %j', (head) => {
    const given = { ...CONTROL, head };
    const text = JSON.stringify(
      Object.fromEntries(Object.entries(given).sort(([a], [b]) => (a < b ? -1 : 1))),
    );
    expect(refusal(sent(text), parseControl)).toBe(
      'malformed_statement: the field head is missing or not of its form',
    );
  });

  it('is no decision, and a decision is no order', () => {
    expect(refusal(sent(statementText(CONTROL)))).toBe(
      'malformed_statement: not a promotion-decision.v1 of version 1',
    );
    expect(refusal(sent(DECISION_TEXT), parseControl)).toBe(
      'malformed_statement: not a promotion-control.v1 of version 1',
    );
  });
});
