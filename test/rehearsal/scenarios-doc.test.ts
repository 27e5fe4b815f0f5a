import { readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { SCENARIOS } from '../../src/rehearsal/scenarios.js';

// Proves that the documented table is the code's. That each scenario ends so is for the server suite to prove.
const DOCUMENT = join(import.meta.dirname, '..', '..', 'docs', 'reference', 'scenarios.md');

/** The cells of each row, without the code marks. */
async function documentedRows(): Promise<readonly (readonly string[])[]> {
  const text = await readFile(DOCUMENT, 'utf8');
  const [, table = ''] = /<!-- scenarios:[^>]*-->(.*)<!-- \/scenarios -->/s.exec(text) ?? [];
  const [, , ...rows] = table.split('\n').filter((line) => line.startsWith('|'));
  return rows.map((row) =>
    row
      .split('|')
      .slice(1, -1)
      .map((cell) => cell.trim().replaceAll('`', '')),
  );
}

test('the documented table of scenarios is that of the code', async () => {
  const listed = SCENARIOS.map(({ name, description, expected }) => [
    name,
    description.replaceAll('`', ''),
    expected.end,
    String(expected.exitCode),
    expected.trigger ?? expected.reason ?? '',
  ]);
  expect(await documentedRows()).toEqual(listed);
});
