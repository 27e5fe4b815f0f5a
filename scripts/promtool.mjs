#!/usr/bin/env node
// Prints the path of promtool, which checks and tests the alert rules: the one on PATH, else one that was unpacked before, else
// that of Debian's package `prometheus`, unpacked into the cache. Nothing is installed and no service is started.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { delimiter, isAbsolute, join } from 'node:path';

const cacheHome = process.env.XDG_CACHE_HOME ?? '';
const cache = join(isAbsolute(cacheHome) ? cacheHome : join(homedir(), '.cache'), 'promote');
const unpacked = join(cache, 'prometheus-deb');
const inPackage = join('usr', 'bin', 'promtool');

process.stdout.write(`${onPath() ?? kept() ?? fetched()}\n`);

function onPath() {
  const folders = (process.env.PATH ?? '').split(delimiter).filter((folder) => isAbsolute(folder));
  return folders.map((folder) => join(folder, 'promtool')).find((file) => existsSync(file));
}

function kept() {
  const file = join(unpacked, inPackage);
  return existsSync(file) ? file : undefined;
}

function fetched() {
  mkdirSync(cache, { recursive: true });
  const scratch = mkdtempSync(join(cache, 'prometheus-'));
  try {
    // A list of packages that is too old names a file that is gone.
    if (!run(['apt-get', 'download', '-q', 'prometheus'], scratch)) {
      run(['apt-get', 'update', '-qq'], scratch);
      if (!run(['apt-get', 'download', '-q', 'prometheus'], scratch)) fail();
    }
    const file = readdirSync(scratch).find((name) => name.endsWith('.deb'));
    if (file === undefined || !run(['dpkg-deb', '-x', file, 'content'], scratch)) fail();
    rmSync(unpacked, { recursive: true, force: true });
    renameSync(join(scratch, 'content'), unpacked);
  } finally {
    rmSync(scratch, { recursive: true, force: true });
  }
  return kept() ?? fail();
}

function run([command, ...args], cwd) {
  return spawnSync(command, args, { cwd, stdio: ['ignore', 2, 2] }).status === 0;
}

function fail() {
  process.stderr.write(
    "promtool is neither on PATH nor to be had from Debian's package prometheus: install Prometheus 2.42 or newer\n",
  );
  process.exit(1);
}
