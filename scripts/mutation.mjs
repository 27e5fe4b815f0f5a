// Changes the rules and the readers of Tau, one small change at a time, and runs the tests that touch it: a change that no
// test notices is a survivor. The survivors are listed, with the score, here and in docs/reference/mutation.md. Ends as
// Stryker does: 1 below the score that stryker.config.json sets.
import { spawnSync } from 'node:child_process';
import { readFile, writeFile } from 'node:fs/promises';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

import { format, resolveConfig } from 'prettier';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const stryker = join(root, 'node_modules', '@stryker-mutator', 'core', 'bin', 'stryker.js');
const { status } = spawnSync(process.execPath, [stryker, 'run', ...process.argv.slice(2)], {
  cwd: root,
  stdio: 'inherit',
  // Some tables have a property among them: fewer tries, for each mutant costs them again.
  env: { ...process.env, PROPERTY_RUNS: process.env['PROPERTY_RUNS'] ?? '50' },
});
// 0 and 1 are verdicts; anything else never came to one.
if (status !== 0 && status !== 1) process.exit(status ?? 1);

const report = JSON.parse(await readFile(join(root, '.stryker', 'report.json'), 'utf8'));
const mutants = Object.entries(report.files).flatMap(([file, { mutants }]) =>
  mutants.map((mutant) => ({ file, ...mutant })),
);
const are = (...statuses) => mutants.filter(({ status }) => statuses.includes(status));
const detected = are('Killed', 'Timeout');
const survivors = are('Survived', 'NoCoverage');
const score = (detected.length / (detected.length + survivors.length)) * 100;

const line = ({ file, location, mutatorName, replacement, status }) =>
  `- \`${file}:${location.start.line}:${location.start.column}\` ${mutatorName}${status === 'NoCoverage' ? ', which no test runs' : ''}: ${code(replacement ?? '')}`;
const summary = `${detected.length} of ${detected.length + survivors.length} mutants are noticed: ${score.toFixed(2)} %.`;
const listed = survivors.map(line);

function code(text) {
  const short = text.replace(/\s+/gu, ' ').slice(0, 100);
  return short.includes('`') ? `\`\` ${short} \`\`` : `\`${short}\``;
}

const page = join(root, 'docs', 'reference', 'mutation.md');
const text = await readFile(page, 'utf8');
const [BEGIN, END] = ['<!-- mutants: written by npm run mutation -->', '<!-- /mutants -->'];
const [from, to] = [text.indexOf(BEGIN), text.indexOf(END)];
if (from === -1 || to < from) throw new Error(`${page} has lost its markers`);
const written = `${text.slice(0, from)}${BEGIN}\n\n${summary}\n\n${listed.join('\n')}\n\n${text.slice(to)}`;
await writeFile(page, await format(written, { ...(await resolveConfig(page)), filepath: page }));

console.log(`\nSurvivors:\n${listed.join('\n')}\n\n${summary}`);
process.exit(status);
