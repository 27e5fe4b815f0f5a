// Writes the table of docs/reference/scenarios.md, between its two markers, from the built scenarios.
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { format, resolveConfig } from 'prettier';

import { SCENARIOS } from '../dist/src/rehearsal/scenarios.js';

const BEGIN = '<!-- scenarios: written by scripts/scenarios-table.mjs -->';
const END = '<!-- /scenarios -->';
const file = join(dirname(fileURLToPath(import.meta.url)), '..', 'docs', 'reference', 'scenarios.md');

const text = await readFile(file, 'utf8');
const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
if (from === -1 || to < from) throw new Error(`${file} has lost the markers of its table`);
const rows = SCENARIOS.map(({ name, description, expected: { end, exitCode, trigger, reason } }) => {
  const why = trigger ?? reason;
  const cells = [`\`${name}\``, description, end, exitCode, why === undefined ? '' : `\`${why}\``];
  return `| ${cells.join(' | ')} |`;
});
const table = [
  '| scenario | what happens | end | exit code | trigger or reason |',
  '|---|---|---|---|---|',
  ...rows,
];
const written = `${text.slice(0, from)}${BEGIN}\n\n${table.join('\n')}\n\n${text.slice(to)}`;
await writeFile(file, await format(written, { ...(await resolveConfig(file)), filepath: file }));
