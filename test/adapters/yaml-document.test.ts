import { describe, expect, it } from 'vitest';
import { z } from 'zod';
import { InputError } from '../../src/contracts/input-error.js';
import { parseYamlDocument, validateYaml } from '../../src/adapters/yaml-document.js';

const problemsOf = (work: () => unknown): readonly string[] => {
  try {
    work();
  } catch (error) {
    if (error instanceof InputError) return error.problems;
    throw error;
  }
  return [];
};
const parse = (text: string): ReturnType<typeof parseYamlDocument> => parseYamlDocument(text, 'f.yaml');

describe('a YAML document', () => {
  it('is plain data by the core schema of YAML 1.2', () => {
    const { value } = parse('a: [1, "2", ~, on, 0x10]\nb: {c: true}\ncommit: "0123"\nd: |\n  [[[\n  text\n');
    expect(value).toEqual({
      a: [1, '2', null, 'on', 16],
      b: { c: true },
      commit: '0123',
      d: '[[[\ntext\n',
    });
  });

  it('tells where a value and where its key stands', () => {
    const document = parse('# é\r\na:\r\n  - b: 1\r\n    cc: x\r\n  - {d: [5, 6]}\r\n');
    expect(document.locate(['a', 0, 'cc'])).toEqual({ line: 4, column: 9 });
    expect(document.locateKey(['a', 0, 'cc'])).toEqual({ line: 4, column: 5 });
    expect(document.locate(['a', 1, 'd', 1])).toEqual({ line: 5, column: 13 });
    expect(document.locate(['a', 1, 'missing', 'deep'])).toEqual({ line: 5, column: 5 });
    expect(document.locate([])).toEqual({ line: 2, column: 1 });
  });

  it('may be nested as deep as a runbook is', () => {
    expect(parse(`${'['.repeat(32)}${']'.repeat(32)}`).value).toBeDefined();
    expect(
      parse(`a: "${'['.repeat(200)}"\n# ${'{'.repeat(200)}\nb: '${']'.repeat(200)}'\n`).value,
    ).toBeDefined();
  });
});

describe('what would harm the parser is refused before it is parsed', () => {
  const hazards: readonly (readonly [string, string, string])[] = [
    [
      '64 KiB and a byte',
      `# ${'x'.repeat(64 * 1024 - 1)}`,
      'f.yaml:1:1: has 65537 bytes; at most 65536 are read: shorten it',
    ],
    ['33 levels of [', '['.repeat(33), 'f.yaml:1:33: nests over 32 levels of [ or {: flatten it'],
    [
      '900 levels of [',
      `a: ${'['.repeat(900)}${']'.repeat(900)}`,
      'f.yaml:1:36: nests over 32 levels of [ or {: flatten it',
    ],
    [
      'levels that quotes seem to close',
      '["]",'.repeat(900),
      'f.yaml:1:161: nests over 32 levels of [ or {: flatten it',
    ],
    ['levels over many lines', ' [\n'.repeat(900), 'f.yaml:33:2: nests over 32 levels of [ or {: flatten it'],
    [
      '500 times "? "',
      `${'? '.repeat(500)}a`,
      'f.yaml:1:33: strings together over 16 of "-", "?" and ":": flatten it',
    ],
    [
      '500 times "- "',
      `${'- '.repeat(500)}a`,
      'f.yaml:1:33: strings together over 16 of "-", "?" and ":": flatten it',
    ],
    [
      '500 times "? " in [',
      `[${'? '.repeat(500)}a]`,
      'f.yaml:1:34: strings together over 16 of "-", "?" and ":": flatten it',
    ],
    [
      '65 spaces before a key',
      `a:\n${' '.repeat(65)}b: 1\n`,
      'f.yaml:2:1: is indented by over 64 columns: flatten it',
    ],
    ['an alias', 'a: 1\nb: *x\n', 'f.yaml:2:4: uses the alias *x; write the value out instead'],
    [
      'an anchor',
      'a: &x [1]\nb: *x\n',
      'f.yaml:1:4: names the anchor &x, to which nothing may refer; take it out',
    ],
    ['a tag', 'a: !!str 1\n', 'f.yaml:1:4: has the tag !!str; take it out: quotes make a text'],
    [
      'a tag of our own making',
      'a: !shell rm\n',
      'f.yaml:1:4: has the tag !shell; take it out: quotes make a text',
    ],
    [
      '%YAML',
      '%YAML 1.1\n---\na: 1\n',
      'f.yaml:1:1: holds a directive (%…); YAML 1.2 without directives is read: take it out',
    ],
    [
      'a control character',
      'a: "\u001b[2J"',
      'f.yaml:1:5: holds the character U+001B, which no YAML file needs: take it out',
    ],
    [
      'half a surrogate pair',
      'a: \ud800',
      'f.yaml:1:4: holds the character U+D800, which no YAML file needs: take it out',
    ],
  ];
  it.each(hazards)('%s', (_, text, problem) => {
    const began = performance.now();
    expect(problemsOf(() => parse(text))).toEqual([problem]);
    expect(performance.now() - began).toBeLessThan(5_000);
  });

  it('a chain over lines is as deep as its indent', () => {
    const deep = Array.from({ length: 64 }, (_, at) => `${' '.repeat(at)}?`).join('\n');
    const began = performance.now();
    expect(problemsOf(() => parse(deep)).length).toBeGreaterThan(0);
    expect(performance.now() - began).toBeLessThan(5_000);
  });
});

describe('what the parser would let through is refused', () => {
  const refused: readonly (readonly [string, string, RegExp])[] = [
    [
      'a duplicate key',
      'a: 1\na: 2\n',
      /^f\.yaml:2:1: the key a stands twice in this map; keep one of them$/,
    ],
    [
      '__proto__',
      'a:\n  __proto__: {x: 1}\n',
      /^f\.yaml:2:3: the key "__proto__" is not allowed; take it out$/,
    ],
    [
      '__proto__ in quotes',
      '{"__proto__": 1}',
      /^f\.yaml:1:2: the key "__proto__" is not allowed; take it out$/,
    ],
    ['a key that is a list', '? [a]\n: 1\n', /^f\.yaml:1:3: /],
    ['a second document', 'a: 1\n---\nb: 1\n', /^f\.yaml:2:1: /],
    ['a tab as indent', 'a:\n\tb: 1\n', /^f\.yaml:2:1: /],
    [
      'an open quote',
      'a: 1\nb: "c\nd: 1\n',
      /^f\.yaml:2:4: a quote is opened here and never closed; close it$/,
    ],
  ];
  it.each(refused)('%s', (_, text, problem) => {
    expect(problemsOf(() => parse(text))[0] ?? '').toMatch(problem);
  });
});

const schema = z.strictObject({
  name: z.string(),
  deadline: z.string().regex(/^\d+s$/, 'is no duration; write seconds such as 30s'),
  retries: z.int().min(0).max(5).default(1),
  expect: z
    .strictObject({ health: z.enum(['healthy', 'degraded']), version: z.literal(1).optional() })
    .optional(),
  steps: z
    .array(
      z.discriminatedUnion('kind', [
        z.strictObject({ kind: z.literal('http'), url: z.string() }),
        z.strictObject({ kind: z.literal('command'), argv: z.array(z.string()) }),
      ]),
    )
    .optional(),
  approvers: z.union([z.array(z.string()).min(1), z.string()]).optional(),
  targets: z.record(z.string().regex(/^[a-z]+$/), z.strictObject({ runbook: z.string() })).optional(),
});

describe('a validated file', () => {
  it('is the typed value, with defaults', () => {
    expect(validateYaml('name: a\ndeadline: 5s\n', 'f.yaml', schema)).toEqual({
      name: 'a',
      deadline: '5s',
      retries: 1,
    });
  });

  const wrong: readonly (readonly [string, string, readonly string[]])[] = [
    [
      'an unknown key, at the key, with the nearest known one',
      'name: a\ndeadline: 5s\nretrys: 2\n',
      ['f.yaml:3:1: retrys: is no known key; did you mean "retries"?'],
    ],
    [
      'an unknown key that is like none',
      'name: a\ndeadline: 5s\nexpect:\n  health: healthy\n  zzz: 1\n',
      ['f.yaml:5:3: expect.zzz: is no known key; known are health, version'],
    ],
    [
      'an unknown key in one form of several, by the keys of that form',
      'name: a\ndeadline: 5s\nsteps:\n  - kind: http\n    url: x\n    argvv: [a]\n    ur: y\n',
      [
        'f.yaml:6:5: steps[0].argvv: is no known key; known are kind, url',
        'f.yaml:7:5: steps[0].ur: is no known key; did you mean "url"?',
      ],
    ],
    [
      'a missing key, at the map that lacks it',
      'name: a\n',
      ['f.yaml:1:1: deadline: is missing; add it, a text'],
    ],
    [
      'a number where text belongs',
      'name: 12345678\ndeadline: 5s\n',
      ['f.yaml:1:7: name: is a number and should be a text; put it in quotes'],
    ],
    [
      'text where a number belongs',
      'name: a\ndeadline: 5s\nretries: "2"\n',
      ['f.yaml:3:10: retries: is a text and should be a number; write it without quotes'],
    ],
    [
      'a key without a value',
      'name:\ndeadline: 5s\n',
      ['f.yaml:1:6: name: is empty and should be a text; write a value, or take the key out'],
    ],
    [
      'what the schema says itself',
      'name: a\ndeadline: 5m\n',
      ['f.yaml:2:11: deadline: is no duration; write seconds such as 30s'],
    ],
    [
      'a value that is none of those allowed',
      'name: a\ndeadline: 5s\nexpect: {health: fine, version: 2}\n',
      [
        'f.yaml:3:18: expect.health: "fine" is not allowed; use "healthy" or "degraded"',
        'f.yaml:3:33: expect.version: 2 is not allowed; use 1',
      ],
    ],
    [
      'a form that does not exist',
      'name: a\ndeadline: 5s\nsteps:\n  - kind: htp\n',
      ['f.yaml:4:11: steps[0].kind: "htp" is none of the known values; use "http" or "command"'],
    ],
    [
      'a form that is not named',
      'name: a\ndeadline: 5s\nsteps:\n  - url: x\n',
      ['f.yaml:4:5: steps[0].kind: is missing; use "http" or "command"'],
    ],
    [
      'a list with a wrong entry, in a union',
      'name: a\ndeadline: 5s\napprovers: [a, 5]\n',
      ['f.yaml:3:16: approvers[1]: is a number and should be a text; put it in quotes'],
    ],
    [
      'a file that holds a list',
      '- a\n',
      ['f.yaml:1:1: the file: is a list and should be a map; write key: value'],
    ],
    [
      'an empty file',
      '',
      ['f.yaml:1:1: the file: is empty and should be a map; write a value, or take the key out'],
    ],
  ];
  it.each(wrong)('tells of %s', (_, text, problems) => {
    expect(problemsOf(() => validateYaml(text, 'f.yaml', schema))).toEqual(problems);
  });

  it('locates a bad name in a record at the name', () => {
    const [problem] = problemsOf(() =>
      validateYaml('name: a\ndeadline: 5s\ntargets:\n  UPPER: {runbook: x}\n', 'f.yaml', schema),
    );
    expect(problem).toMatch(/^f\.yaml:4:3: targets\.UPPER: /);
  });

  it('carries the code that the caller names', () => {
    expect(() => validateYaml('a: 1', 'promote.yaml', schema, 'invalid_settings')).toThrow(
      expect.objectContaining({ name: 'InputError', code: 'invalid_settings' }),
    );
    expect(() => parse('[')).toThrow(expect.objectContaining({ code: 'invalid_runbook' }));
  });

  it('says the rest is more than twenty problems', () => {
    const keys = Array.from({ length: 50 }, (_, at) => `k${at}: 1`).join('\n');
    expect(problemsOf(() => validateYaml(keys, 'f.yaml', schema)).length).toBeLessThanOrEqual(20);
  });
});
