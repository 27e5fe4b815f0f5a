import { describe, expect, it } from 'vitest';
import {
  canonicalBytes,
  digest,
  parseCanonical,
  sha256,
  statementBytes,
} from '../../src/adapters/canonical.js';

// Proves the vectors of docs/reference/evidence.md. Whether canonicalize is RFC 8785 is its own suite's to prove.

const RUN = '20260102T030405678Z-5f0c2a9e';
const GENESIS = digest('promotion-journal-genesis/v1', canonicalBytes({ run: RUN }));
const ENTRY = digest(
  'promotion-journal-entry/v1',
  canonicalBytes({
    v: 1,
    run: RUN,
    seq: 1,
    prev: GENESIS,
    at: '2026-01-02T03:04:05.678Z',
    kind: 'run.opened',
    body: { target: 't' },
  }),
);

describe('digests', () => {
  it('reproduces the genesis of the journal', () => {
    expect(GENESIS).toBe('sha256:5e857eb91ed0b3d2f00aba27a528869b399e8ddeafe7b01688f3c1294a24a81b');
  });

  it('reproduces the digest of the first journal entry', () => {
    expect(ENTRY).toMatch(/^sha256:b1eccafc/);
  });

  it('reproduces the digest of the subject', () => {
    const subject = {
      v: 1,
      deployment: 'd',
      target: 't',
      commit: 'a'.repeat(40),
      runbook: `sha256:${'1'.repeat(64)}`,
      policy: `sha256:${'2'.repeat(64)}`,
      evidence: { seq: 1, digest: ENTRY },
      run: RUN,
      round: 'validation-1',
      request: '0'.repeat(32),
      required: 1,
      requester: 'requester@example.org',
      expires: '2026-01-02T07:04:05.678Z',
      previous: null,
    };
    expect(digest('promotion-subject/v1', canonicalBytes(subject))).toBe(
      'sha256:48d3dfafc894ceb0d92f50e4e749bac3ab136c0938f11a7eb483f2f4eed22961',
    );
  });

  it('gives the plain sha256 of nothing', () => {
    expect(sha256(new Uint8Array())).toBe(
      'sha256:e3b0c44298fc1c149afbf4c8996fb92427ae41e4649b934ca495991b7852b855',
    );
  });
});

describe('canonical bytes', () => {
  it('sorts keys by UTF-16 unit and keeps text as it is', () => {
    const bytes = canonicalBytes({ b: [1, true, null], a: 'é\n', ﬀ: 1, '😀': 2 });
    expect(Buffer.from(bytes).toString('utf8')).toBe('{"a":"é\\n","b":[1,true,null],"😀":2,"ﬀ":1}');
  });

  const cyclic: Record<string, unknown> = {};
  cyclic['self'] = cyclic;
  const getter = Object.defineProperty({}, 'a', { get: () => 1, enumerable: true });
  const holes: unknown[] = [];
  holes[1] = 1;
  const refused: readonly (readonly [string, unknown, string])[] = [
    ['half a surrogate pair', 'a\ud800', 'lone_surrogate'],
    ['half a surrogate pair in a key', { 'a\udc00': 1 }, 'lone_surrogate'],
    ['a fraction', { a: 1.5 }, 'not_an_integer'],
    ['a number too large to be exact', 2 ** 53, 'not_an_integer'],
    ['NaN', Number.NaN, 'not_an_integer'],
    ['undefined, which would vanish', { a: undefined }, 'not_plain_data'],
    ['a Map, which would be empty', new Map([['a', 1]]), 'not_plain_data'],
    ['a Date', new Date(0), 'not_plain_data'],
    ['bytes', new Uint8Array(2), 'not_plain_data'],
    ['a bigint', 1n, 'not_plain_data'],
    ['a function', { toJSON: () => 1 }, 'not_plain_data'],
    ['a symbol key', { [Symbol('a')]: 1 }, 'not_plain_data'],
    ['a getter', getter, 'not_plain_data'],
    ['a hole in a list', holes, 'not_plain_data'],
    ['a cycle', cyclic, 'too_deep'],
  ];
  it.each(refused)('refuses %s', (_, value, code) => {
    expect(() => canonicalBytes(value)).toThrow(expect.objectContaining({ name: 'CanonicalError', code }));
  });

  it('refuses in a statement what a person would not see', () => {
    expect(canonicalBytes({ comment: 'a\u202eb\n' }).byteLength).toBeGreaterThan(0);
    for (const comment of ['a\u202eb', 'a\u2066b', 'a\nb', 'a\u001b[2J']) {
      expect(() => statementBytes({ comment })).toThrow(
        expect.objectContaining({ code: 'hidden_character' }),
      );
    }
  });
});

const parse = (text: string): unknown => parseCanonical(Buffer.from(text, 'utf8'));

describe('parsing canonical bytes', () => {
  it('gives back what was written', () => {
    expect(parse('{"a":[1,"b"],"c":null}')).toEqual({ a: [1, 'b'], c: null });
  });

  it.each(['{"a":1,"a":2}', '{"b":1,"a":2}', '{"a": 1}', '{"a":1}\n', '"\\u0061"', '-0', '1e2'])(
    'refuses %s, which is not canonical',
    (text) => {
      expect(() => parse(text)).toThrow(expect.objectContaining({ code: 'not_canonical' }));
    },
  );

  it('refuses what is no JSON or no UTF-8', () => {
    expect(() => parse('{')).toThrow(expect.objectContaining({ code: 'not_json' }));
    expect(() => parseCanonical(Buffer.from([0x22, 0xff, 0x22]))).toThrow(
      expect.objectContaining({ code: 'not_json' }),
    );
  });
});
