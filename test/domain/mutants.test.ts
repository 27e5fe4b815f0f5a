import { readdirSync, readFileSync } from 'node:fs';
import { join } from 'node:path';
import { describe, expect, it } from 'vitest';

// A mutant that is left out of the score says why: "// Stryker disable next-line <mutators>: <reason>".

const root = join(import.meta.dirname, '..', '..');
const WITH_REASON = /Stryker (?:disable|restore) [a-z-, A-Z]+: \S.{9,}/u;
const withoutReason = (text: string): readonly string[] =>
  text.split('\n').filter((line) => line.includes('Stryker disable') && !WITH_REASON.test(line));

describe('a mutant that is left out', () => {
  const files = ['src/domain', 'src/tau'].flatMap((folder) =>
    readdirSync(join(root, folder), { recursive: true, encoding: 'utf8' })
      .filter((name) => name.endsWith('.ts'))
      .map((name) => join(folder, name)),
  );

  it.each(files)('of %s has its reason beside it', (file) => {
    expect(withoutReason(readFileSync(join(root, file), 'utf8'))).toEqual([]);
  });

  it('without a reason is found', () => {
    expect(withoutReason('// Stryker disable next-line all')).toHaveLength(1);
    expect(withoutReason('// Stryker disable next-line all: never reached, the type says so')).toEqual([]);
  });
});
