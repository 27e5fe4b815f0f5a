// Writes the tables of docs/reference/reason-codes.md, between their two markers, from the built catalogue.
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { format, resolveConfig } from 'prettier';

import { OWN_REASON_CODES } from '../dist/src/domain/reason-codes/catalogue.js';
import { DERIVED_REASON_CODES, TAU_REASON_CODES } from '../dist/src/tau/reason-code-tables.js';

const BEGIN = '<!-- codes: written by scripts/reason-codes-table.mjs -->';
const END = '<!-- /codes -->';
const file = join(dirname(fileURLToPath(import.meta.url)), '..', 'docs', 'reference', 'reason-codes.md');

const text = await readFile(file, 'utf8');
const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
if (from === -1 || to < from) throw new Error(`${file} has lost the markers of its tables`);

const HELP = { undefined: 'no', manual: 'a person' };
const tableOf = (codes) => [
  '| code | owner | means | what to do | can remediation help? |',
  '|---|---|---|---|---|',
  ...Object.entries(codes).map(([code, { means, todo, repair, owner }]) => {
    const help = HELP[String(repair)] ?? `\`${repair}\``;
    return `| \`${code}\` | ${owner} | ${means} | ${todo} | ${help} |`;
  }),
];
const tables = [
  { title: "Tau's", codes: TAU_REASON_CODES },
  { title: "What the readers of Tau's answers add", codes: DERIVED_REASON_CODES },
  ...OWN_REASON_CODES,
].map(({ title, codes }) => `## ${title}\n\n${tableOf(codes).join('\n')}`);
const written = `${text.slice(0, from)}${BEGIN}\n\n${tables.join('\n\n')}\n\n${text.slice(to)}`;
await writeFile(file, await format(written, { ...(await resolveConfig(file)), filepath: file }));
