// Runs every fast suite that holds a property, with 10,000 tries each, or as many as PROPERTY_RUNS says.
import { spawnSync } from 'node:child_process';
import { readdirSync, readFileSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const suites = readdirSync(join(root, 'test'), { recursive: true })
  .filter((name) => name.endsWith('.test.ts'))
  .map((name) => join('test', name))
  .filter((name) => readFileSync(join(root, name), 'utf8').includes('PROPERTY_RUNS'));
const vitest = join(root, 'node_modules', 'vitest', 'vitest.mjs');
const { status } = spawnSync(
  process.execPath,
  // So many tries may take long on a busy machine; nothing here is about time.
  [vitest, 'run', '--project', 'fast', '--testTimeout', '3600000', ...suites],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PROPERTY_RUNS: process.env['PROPERTY_RUNS'] ?? '10000' },
  },
);
process.exit(status ?? 1);
