// RFC 6901 section 5's own examples, and that no pointer reaches what an answer does not hold.
import { expect, test } from 'vitest';

import { reader } from '../../src/contracts/runbook-reader.js';
import { firstPresent, valueAtPointer } from '../../src/readers/json-pointer.js';

const mayStand = (pointer: string) => reader.safeParse({ fields: { health: { at: [pointer] } } }).success;

const DOCUMENT = {
  foo: ['bar', 'baz'],
  '': 0,
  'a/b': 1,
  'c%d': 2,
  'e^f': 3,
  'g|h': 4,
  'i\\j': 5,
  'k"l': 6,
  ' ': 7,
  'm~n': 8,
};

test.each<[pointer: string, value: unknown]>([
  ['/foo', ['bar', 'baz']],
  ['/foo/0', 'bar'],
  ['/', 0],
  ['/a~1b', 1],
  ['/c%d', 2],
  ['/e^f', 3],
  ['/g|h', 4],
  ['/i\\j', 5],
  ['/k"l', 6],
  ['/ ', 7],
  ['/m~0n', 8],
])('%s is found as the standard says', (pointer, value) => {
  expect(mayStand(pointer)).toBe(true);
  expect(valueAtPointer(DOCUMENT, pointer)).toEqual(value);
});

test.each([
  '/foo/2',
  '/foo/00',
  '/foo/-',
  '/foo/length',
  '/toString',
  '/__proto__',
  '/foo/0/0',
  '/nowhere/x',
])('%s leads nowhere', (pointer) => {
  expect(valueAtPointer(DOCUMENT, pointer)).toBeUndefined();
});

test.each(['', 'foo', '/a~', '/a~2', '#/foo'])('%j is no pointer that a runbook may hold', (text) => {
  expect(mayStand(text)).toBe(false);
});

test('the first one that is there counts, and null is not there', () => {
  expect(firstPresent({ a: null, b: false, c: 1 }, ['/nowhere', '/a', '/b', '/c'])).toEqual({
    at: '/b',
    value: false,
  });
  expect(firstPresent({ a: null }, ['/a'])).toBeUndefined();
});
