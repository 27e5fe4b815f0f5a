#!/usr/bin/env node
// Installs and builds. With --if-needed only what is missing or older than its sources; `npm start` and `npm test` call it so.
import { spawnSync } from 'node:child_process';
import { existsSync, readdirSync, statSync } from 'node:fs';
import { dirname, join } from 'node:path';
import { fileURLToPath } from 'node:url';

const root = join(dirname(fileURLToPath(import.meta.url)), '..');
const ifNeeded = process.argv.includes('--if-needed');
const [major = 0, minor = 0] = process.versions.node.split('.').map(Number);
if (major < 20 || (major === 20 && minor < 19))
  fail(`Node ${process.versions.node} is too old: install Node 20.19 or newer`);

const installed = join(root, 'node_modules', '.package-lock.json');
if (!ifNeeded || newest(['package-lock.json']) > modified(installed))
  run('npm', ['ci', '--no-audit', '--no-fund']);
const built = join(root, 'dist', 'worker', 'workflow-bundle.js');
const sources = [
  'src',
  'activities',
  'workflows',
  'worker',
  'tsconfig.json',
  'tsconfig.build.json',
  'package-lock.json',
];
if (!ifNeeded || newest(sources) > modified(built)) run('npm', ['run', '--silent', 'build']);

function run(command, args) {
  process.stderr.write(`> ${command} ${args.join(' ')}\n`);
  // What a build prints is for people; stdout belongs to the command that follows.
  const { status, error } = spawnSync(command, args, { cwd: root, stdio: ['ignore', 2, 2] });
  if (error !== undefined) fail(`${command} could not be run: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed with exit code ${status}`);
}

function fail(message) {
  process.stderr.write(`setup: ${message}\n`);
  process.exit(1);
}

function modified(path) {
  return existsSync(path) ? statSync(path).mtimeMs : 0;
}

function newest(paths) {
  return Math.max(...paths.map((path) => newestOf(join(root, path))));
}

function newestOf(path) {
  const stats = statSync(path);
  if (!stats.isDirectory()) return stats.mtimeMs;
  return Math.max(0, ...readdirSync(path).map((name) => newestOf(join(path, name))));
}
