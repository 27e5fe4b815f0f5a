import { describe, expect, it } from 'vitest';
import { parseJsonBody } from '../../src/adapters/json-body.js';

const parse = (text: string): ReturnType<typeof parseJsonBody> => parseJsonBody(Buffer.from(text, 'utf8'));
const nested = (levels: number): string => `${'['.repeat(levels)}${']'.repeat(levels)}`;

describe('a JSON answer', () => {
  it('is its value', () => {
    expect(parse(' {"a":["é",1.5,null]}\n')).toEqual({ kind: 'json', value: { a: ['é', 1.5, null] } });
  });

  it('may be 64 levels deep', () => {
    expect(parse(nested(64)).kind).toBe('json');
  });

  it('may hold any brackets inside strings', () => {
    expect(parse(JSON.stringify({ a: '['.repeat(500), b: '\\"[{'.repeat(100) })).kind).toBe('json');
  });

  it('keeps __proto__ as a key of its own', () => {
    const body = parse('{"__proto__":{"x":1}}');
    expect(body.kind === 'json' ? Object.getOwnPropertyNames(body.value) : []).toEqual(['__proto__']);
  });
});

describe('an answer that is malformed', () => {
  const cases: readonly (readonly [string, Uint8Array, string])[] = [
    ['no bytes', Buffer.alloc(0), 'answer_empty'],
    ['spaces only', Buffer.from(' \n\t'), 'answer_empty'],
    ['no UTF-8', Buffer.from([0x22, 0xc3, 0x28, 0x22]), 'answer_not_utf8'],
    ['UTF-16', Buffer.from('{"a":1}', 'utf16le'), 'answer_not_json'],
    ['a byte order mark', Buffer.from('\ufeff{}'), 'answer_not_json'],
    ['HTML', Buffer.from('<html></html>'), 'answer_not_json'],
    ['two values', Buffer.from('{}{}'), 'answer_not_json'],
    ['half a value', Buffer.from('{"a":'), 'answer_not_json'],
    ['65 levels', Buffer.from(nested(65)), 'answer_too_deep'],
    ['200,000 levels', Buffer.from(nested(200_000)), 'answer_too_deep'],
    ['200,000 levels of objects', Buffer.from('{"a":'.repeat(200_000)), 'answer_too_deep'],
  ];
  it.each(cases)('is told for %s', (_, bytes, code) => {
    expect(parseJsonBody(bytes)).toMatchObject({ kind: 'malformed', code });
  });

  it('is told when it is larger than asked for', () => {
    expect(parseJsonBody(Buffer.from('[1,2,3]'), { maxBytes: 6, maxDepth: 64 })).toMatchObject({
      kind: 'malformed',
      code: 'answer_too_large',
    });
  });
});
