import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { OWN_REASON_CODES } from '../../src/domain/reason-codes/catalogue.js';
import type { ReasonCodeEntry } from '../../src/domain/reason-codes/entry.js';
import { DERIVED_REASON_CODES, TAU_REASON_CODES } from '../../src/tau/reason-code-tables.js';

// Proves that the documented tables are the code's (scripts/reason-codes-table.mjs writes them).
const DOCUMENT = join(import.meta.dirname, '..', '..', 'docs', 'reference', 'reason-codes.md');

/** The cells of each row, without the marks of code. */
async function documentedRows(): Promise<readonly (readonly string[])[]> {
  const text = await readFile(DOCUMENT, 'utf8');
  const [, tables = ''] = /<!-- codes:[^>]*-->(.*)<!-- \/codes -->/s.exec(text) ?? [];
  return tables
    .split('\n')
    .filter((line) => line.startsWith('| `'))
    .map((row) =>
      row
        .split('|')
        .slice(1, -1)
        .map((cell) => cell.trim().replaceAll(/[`\\]/g, '')),
    );
}

const help = (repair: string | undefined): string =>
  repair === undefined ? 'no' : repair === 'manual' ? 'a person' : repair;

test('the documented tables of reason codes are those of the code', async () => {
  const groups: readonly Readonly<Record<string, ReasonCodeEntry>>[] = [
    TAU_REASON_CODES,
    DERIVED_REASON_CODES,
    ...OWN_REASON_CODES.map(({ codes }) => codes),
  ];
  const rows = groups.flatMap((codes) =>
    Object.entries(codes).map(([code, { means, todo, repair, owner }]) =>
      [code, owner, means, todo, help(repair)].map((cell) => cell.replaceAll('`', '')),
    ),
  );
  expect(await documentedRows()).toEqual(rows);
});
