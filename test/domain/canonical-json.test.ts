import * as fc from 'fast-check';
import { describe, expect, it } from 'vitest';
import { canonicalBytes } from '../../src/adapters/canonical.js';
import { canonicalJson, type Json } from '../../src/domain/canonical-json.js';
import { PROPERTY_RUNS } from '../support/property-runs.js';

// Proves that the workflow's few lines give the bytes that the library gives, for what statements may hold.

const text = fc.string({ unit: 'binary', maxLength: 12 });
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 5, depthSize: 'small' },
    text,
    fc.maxSafeInteger(),
    fc.constantFrom<Json[]>(0, -0, null, true, false, ''),
    fc.array(tie('json'), { maxLength: 4 }),
    fc.dictionary(
      fc.oneof(text, fc.constantFrom('__proto__', 'constructor', '10', '9', 'ﬀ', '😀')),
      tie('json'),
      {
        maxKeys: 5,
      },
    ),
  ),
}));

describe('canonical JSON', () => {
  it('sorts keys by UTF-16 unit at every depth, keeps the order of lists and writes no space', () => {
    expect(
      canonicalJson({ b: [3, 1, { d: null, c: true }], a: 'é\n"', ﬀ: 1, '😀': -2, 10: 'x', 9: 'y' }),
    ).toBe('{"10":"x","9":"y","a":"é\\n\\"","b":[3,1,{"c":true,"d":null}],"😀":-2,"ﬀ":1}');
    expect(canonicalJson({})).toBe('{}');
    expect(canonicalJson([])).toBe('[]');
    expect(canonicalJson(-0)).toBe('0');
  });

  it('has the same bytes as the library gives', () => {
    fc.assert(
      fc.property(json, (value) => {
        expect(canonicalJson(value)).toBe(Buffer.from(canonicalBytes(value)).toString('utf8'));
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });

  it('does not depend on the order in which keys were written', () => {
    fc.assert(
      fc.property(fc.dictionary(text, json, { maxKeys: 6, noNullPrototype: true }), (value) => {
        const reversed = Object.fromEntries(Object.entries(value).toReversed());
        expect(canonicalJson(reversed)).toBe(canonicalJson(value));
      }),
      { numRuns: PROPERTY_RUNS },
    );
  });
});
