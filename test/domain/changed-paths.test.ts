// Proves that every difference between two runbooks is told, each at its own place, and nothing else is.
import * as fc from 'fast-check';
import { describe, expect, test } from 'vitest';

import { canonicalJson, type Json } from '../../src/domain/canonical-json.js';
import { changedPaths } from '../../src/domain/changed-paths.js';
import { PROPERTY_RUNS } from '../support/property-runs.js';

const gate = (id: string, health: string) => ({ id, expect: { health } });

const text = (value: Json | undefined) => (value === undefined ? 'nothing' : canonicalJson(value));
const paths = (before: Json, after: Json) => changedPaths(before, after).map(({ path }) => path);

describe('two values differ', () => {
  test.each<{ what: string; before: Json; after: Json; paths: readonly string[] }>([
    {
      what: 'in a value below a key',
      before: { watch: { window: 1, interval: 2 } },
      after: { watch: { window: 3, interval: 2 } },
      paths: ['watch.window: 1 → 3'],
    },
    {
      what: 'in an element that is found by its id wherever it stands',
      before: { gates: [gate('gateway', 'healthy')] },
      after: { gates: [gate('cortex', 'healthy'), gate('gateway', 'failing')] },
      paths: [
        'gates[cortex]: nothing → {"expect":{"health":"healthy"},"id":"cortex"}',
        'gates[gateway].expect.health: "healthy" → "failing"',
      ],
    },
    {
      what: 'in the order of elements with ids',
      before: { steps: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
      after: { steps: [{ id: 'b' }, { id: 'a' }, { id: 'd' }] },
      paths: [
        'steps.order: ["a","b","c"] → ["b","a","d"]',
        'steps[c]: {"id":"c"} → nothing',
        'steps[d]: nothing → {"id":"d"}',
      ],
    },
    {
      what: 'not in the order where something only came in between',
      before: { steps: [{ id: 'a' }, { id: 'c' }] },
      after: { steps: [{ id: 'a' }, { id: 'b' }, { id: 'c' }] },
      paths: ['steps[b]: nothing → {"id":"b"}'],
    },
    {
      what: 'by index in lists whose elements have no id',
      before: { argv: ['a', 'b'] },
      after: { argv: ['a', 'c', 'd'] },
      paths: ['argv[1]: "b" → "c"', 'argv[2]: nothing → "d"'],
    },
    {
      what: 'by index where two elements have the same id, or only one side has ids',
      before: { a: [{ id: 'x' }, { id: 'x' }], b: ['x'] },
      after: { a: [{ id: 'x' }, { id: 'y' }], b: [{ id: 'x' }] },
      paths: ['a[1].id: "x" → "y"', 'b[0]: "x" → {"id":"x"}'],
    },
    {
      what: 'where an element came first with the least id',
      before: [],
      after: [{ id: 'b' }, { id: 'a' }],
      paths: ['[a]: nothing → {"id":"a"}', '[b]: nothing → {"id":"b"}'],
    },
    {
      what: 'by index where an id is no text',
      before: [{ id: 1 }],
      after: [{ id: 2 }],
      paths: ['[0].id: 1 → 2'],
    },
    {
      what: 'in kind',
      before: { a: null, b: [], c: {}, d: 1 },
      after: { b: {}, c: [], d: '1' },
      paths: ['a: null → nothing', 'b: [] → {}', 'c: {} → []', 'd: 1 → "1"'],
    },
    {
      what: 'below keys and ids that are no plain words, which are quoted and show what is not seen',
      before: { '/up': 1, k: { 'a.b': 1, '': 1 }, l: [{ id: 'x y', n: 1 }] },
      after: { '/up': 2, k: { 'a.b': 2, '': 2 }, l: [{ id: 'x y', n: 2 }], 'u\u202E': 0 },
      paths: [
        '"/up": 1 → 2',
        'k[""]: 1 → 2',
        'k["a.b"]: 1 → 2',
        'l["x y"].n: 1 → 2',
        String.raw`"u\u202e": nothing → 0`,
      ],
    },
    { what: 'as a whole', before: 1, after: 2, paths: [': 1 → 2'] },
    { what: 'not at all', before: { b: 1, a: [{ id: 'x' }] }, after: { a: [{ id: 'x' }], b: 1 }, paths: [] },
  ])('$what', ({ before, after, paths: expected }) => {
    const told = changedPaths(before, after).map(
      (each) => `${each.path}: ${text(each.before)} → ${text(each.after)}`,
    );
    expect(told).toEqual(expected);
  });

  test('below names that every object has', () => {
    const before = Object.fromEntries<Json>([
      ['__proto__', { a: 1 }],
      ['constructor', 1],
    ]);
    const after = Object.fromEntries<Json>([['__proto__', { a: 2 }]]);
    expect(paths(before, after)).toEqual(['__proto__.a', 'constructor']);
  });
});

const key = fc.constantFrom('id', 'a', 'b', 'a.b', '__proto__', '0', 'order', '');
const { json } = fc.letrec<{ json: Json }>((tie) => ({
  json: fc.oneof(
    { maxDepth: 4, depthSize: 'small' },
    fc.constantFrom<Json[]>('x', 'y', 0, 1, true, null),
    fc.array(tie('json'), { maxLength: 3 }),
    fc
      .array(fc.tuple(fc.constantFrom('x', 'y', 'z'), tie('json')), { maxLength: 3 })
      .map((elements): Json => elements.map(([id, value]) => ({ id, value }))),
    fc.dictionary(key, tie('json'), { maxKeys: 4, noNullPrototype: true }),
  ),
}));
const twoValues = fc.tuple(json, json);

function check(holds: (before: Json, after: Json) => void): void {
  fc.assert(
    fc.property(twoValues, ([before, after]) => holds(before, after)),
    { numRuns: PROPERTY_RUNS },
  );
}

describe('the differences of two values', () => {
  test('are none if and only if they are the same JSON', () => {
    check((before, after) => {
      expect(changedPaths(before, before)).toEqual([]);
      expect(changedPaths(before, after).length === 0).toBe(canonicalJson(before) === canonicalJson(after));
    });
  });

  test('are the same the other way round', () => {
    check((before, after) => {
      const turned = changedPaths(after, before).map(({ path, before: was, after: is }) => ({
        path,
        before: is,
        after: was,
      }));
      expect(turned).toEqual(changedPaths(before, after));
    });
  });

  test('stand at places of their own, and differ there', () => {
    check((before, after) => {
      const changes = changedPaths(before, after);
      expect(new Set(changes.map(({ path }) => path)).size).toBe(changes.length);
      for (const { before: was, after: is } of changes)
        expect(was === undefined || is === undefined || canonicalJson(was) !== canonicalJson(is)).toBe(true);
    });
  });

  test('do not depend on the order in which keys were written', () => {
    const turned = (value: Json): Json => {
      if (Array.isArray(value)) return value.map((item: Json) => turned(item));
      if (typeof value !== 'object' || value === null) return value;
      const members = Object.entries(value).map(([name, item]) => [name, turned(item)] as const);
      return Object.fromEntries(members.toReversed());
    };
    check((before, after) => {
      expect(paths(turned(before), turned(after))).toEqual(paths(before, after));
    });
  });
});
