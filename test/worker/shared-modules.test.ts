import { readdir, readFile } from 'node:fs/promises';
import { join } from 'node:path';

import { expect, test } from 'vitest';

import { root } from '../support/stage.js';

/** What stands at the left edge and may change: a `let`, or a collection that can be filled. */
const CHANGES =
  /^(?:export )?(?:let|var) .*$|^(?:export )?const \w+(?:: (?!Readonly|readonly)[^=]*)? = (?:new .*|\[\];|\{\};)$/gm;

test('what all promotions of a worker share holds nothing that changes', async () => {
  const modules = await modulesOf('workflows', 'src/domain');
  expect(modules.length).toBeGreaterThan(40);
  const found = await Promise.all(
    modules.map(async (file) =>
      [...(await readFile(file, 'utf8')).matchAll(CHANGES)].map(([line]) => ({ file, line })),
    ),
  );
  expect(found.flat()).toEqual([]);
});

test.each([
  'let seen = 0;',
  'export const seen = new Map<string, number>();',
  'const seen: string[] = [];',
  'const seen = {};',
])('%s would be found', (line) => {
  expect(line.match(CHANGES)).toEqual([line]);
});

async function modulesOf(...folders: readonly string[]): Promise<readonly string[]> {
  const found = await Promise.all(
    folders.map(async (folder) => {
      const entries = await readdir(join(root, folder), { recursive: true, withFileTypes: true });
      return entries.filter((entry) => entry.isFile()).map((entry) => join(entry.parentPath, entry.name));
    }),
  );
  return found.flat();
}
