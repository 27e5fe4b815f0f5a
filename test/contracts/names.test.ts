import { describe, expect, it } from 'vitest';
import { commitHash, digest, identifier, identity, runId, targetName } from '../../src/contracts/names.js';

// Names end up in workflow IDs, file names, command lines and URLs: each form is judged by what it keeps out.

interface Form {
  readonly what: string;
  readonly schema: { readonly safeParse: (value: unknown) => { readonly success: boolean } };
  readonly good: readonly string[];
  readonly bad: readonly (readonly [string, unknown])[];
}

const SHA1 = '0123456789abcdef0123456789abcdef01234567';
const SHA256 = '0123456789abcdef'.repeat(4);

const forms: readonly Form[] = [
  {
    what: 'a target',
    schema: targetName,
    good: ['t', '7', 'tau-production', 'a--b', 'a'.repeat(63)],
    bad: [
      ['nothing', ''],
      ['a slash', 'tau/production'],
      ['a way up', '..'],
      ['a way up with a name', '../tau'],
      ['a dot', 'tau.production'],
      ['upper case', 'Tau'],
      ['64 characters', 'a'.repeat(64)],
      ['a hyphen first', '-tau'],
      ['a hyphen last', 'tau-'],
      ['an underscore', 'tau_production'],
      ['a space', 'tau production'],
      ['a line end', 'tau\n'],
      ['a letter that looks like another', 'tаu'],
      ['a percent sign', 'tau%2f'],
      ['a number', 7],
    ],
  },
  {
    what: 'a commit',
    schema: commitHash,
    good: [SHA1, SHA256],
    bad: [
      ['nothing', ''],
      ['a short hash', '0123456'],
      ['39 digits', SHA1.slice(1)],
      ['41 digits', `${SHA1}0`],
      ['63 digits', SHA256.slice(1)],
      ['65 digits', `${SHA256}0`],
      ['upper case', SHA1.toUpperCase()],
      ['a letter that is no digit', `g${SHA1.slice(1)}`],
      ['a branch', 'production'],
      ['an option', '--upload-pack=x'],
      ['a suffix', `${SHA1}^`],
      ['a line end', `${SHA1}\n`],
    ],
  },
  {
    what: 'an identity',
    schema: identity,
    good: ['a', 'approver-a@example.org', 'oidc.x_y+z', '7', 'a'.repeat(128)],
    bad: [
      ['nothing', ''],
      ['upper case', 'Approver'],
      ['a pattern', '*@example.org'],
      ['a list', 'a,b'],
      ['a negation', '!a'],
      ['a question mark', 'a?'],
      ['an option', '-x'],
      ['a dot first', '.a'],
      ['a slash', 'a/b'],
      ['129 characters', 'a'.repeat(129)],
      ['a line end', 'a\n'],
    ],
  },
  {
    what: 'an id',
    schema: identifier,
    good: ['a', 'gateway-status', '1', 'a'.repeat(48)],
    bad: [
      ['nothing', ''],
      ['a slash', 'a/b'],
      ['a way up', '..'],
      ['upper case', 'A'],
      ['49 characters', 'a'.repeat(49)],
      ['a hyphen first', '-a'],
      ['a hyphen last', 'a-'],
      ['a dot', 'a.outcome'],
      ['part of every object', '__proto__'],
    ],
  },
  {
    what: 'a digest',
    schema: digest,
    good: [`sha256:${SHA256}`],
    bad: [
      ['no algorithm', SHA256],
      ['another algorithm', `sha512:${SHA256}`],
      ['upper case', `sha256:${SHA256.toUpperCase()}`],
      ['63 digits', `sha256:${SHA256.slice(1)}`],
      ['65 digits', `sha256:${SHA256}0`],
    ],
  },
  {
    what: 'a run',
    schema: runId,
    good: ['20260102T030405678Z-5f0c2a9e'],
    bad: [
      ['no random bits', '20260102T030405678Z'],
      ['fewer random bits', '20260102T030405678Z-5f0c2a9'],
      ['upper case', '20260102T030405678Z-5F0C2A9E'],
      ['a separated time', '2026-01-02T03:04:05.678Z-5f0c2a9e'],
      ['a way up', '../20260102T030405678Z-5f0c2a9e'],
      ['a line end', '20260102T030405678Z-5f0c2a9e\n'],
    ],
  },
];

describe.each(forms)('$what', ({ schema, good, bad }) => {
  it.each(good)('can be %s', (name) => {
    expect(schema.safeParse(name).success).toBe(true);
  });

  it.each(bad)('can not be %s', (_, name) => {
    expect(schema.safeParse(name).success).toBe(false);
  });
});

describe('a refused name', () => {
  it('says what a target, a commit, an identity and an id are', () => {
    const told = [targetName, commitHash, identity, identifier].map((schema) =>
      schema.safeParse('!').error?.issues.map(({ message }) => message),
    );
    expect(told).toEqual([
      ['a target is 1 to 63 of a-z, 0-9 and -, beginning and ending with a letter or digit'],
      ['a commit is its full hash: 40 or 64 hex digits'],
      ['a name is 1 to 128 of a-z, 0-9 and . _ @ + -, beginning with a letter or digit'],
      ['an id is 1 to 48 of a-z, 0-9 and -, beginning and ending with a letter or digit'],
    ]);
  });
});
