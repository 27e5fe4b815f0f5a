// npm run test:production: the shape of docker-compose.yml without containers, and promotions through the crash of each part.
//
// Needs Debian's PostgreSQL and docker-compose, which it installs where it runs as root, and Go, with which it builds Temporal's own
// server and schema tool once for each version, from the Go module proxy: minutes on two cores. They are kept in the cache folder.
// Arguments go to vitest.
import { spawnSync } from 'node:child_process';
import { existsSync, mkdirSync, mkdtempSync, readdirSync, renameSync, rmSync } from 'node:fs';
import { homedir } from 'node:os';
import { isAbsolute, join } from 'node:path';

/** The version of docker-compose.yml's image; a test compares them. */
const SERVER_VERSION = '1.32.1';
const BUILT = { server: 'temporal-server', sql: 'temporal-sql-tool' };

const root = join(import.meta.dirname, '..');
const postgres = findPostgres() ?? installed('postgresql', findPostgres);
if (!onPath('docker-compose')) installed('docker-compose', () => onPath('docker-compose'));
const temporal = builtServer();

const { status } = spawnSync(
  process.execPath,
  [join(root, 'node_modules/vitest/vitest.mjs'), 'run', '--project', 'production', ...process.argv.slice(2)],
  {
    cwd: root,
    stdio: 'inherit',
    env: { ...process.env, PRODUCTION_POSTGRES: postgres, PRODUCTION_TEMPORAL: temporal },
  },
);
process.exit(status ?? 1);

/** The newest of Debian's. */
function findPostgres() {
  const folder = '/usr/lib/postgresql';
  const versions = existsSync(folder) ? readdirSync(folder).sort((one, other) => other - one) : [];
  return versions
    .map((version) => join(folder, version, 'bin'))
    .find((bin) => existsSync(join(bin, 'initdb')) && existsSync(join(bin, 'postgres')));
}

/** @returns what is found once the package is there */
function installed(name, find) {
  if (process.getuid?.() !== 0 || !onPath('apt-get'))
    fail(`${name} is missing: install Debian's package ${name}`);
  say(`installing ${name}`);
  // With this run level the package starts no service of its own.
  const env = { ...process.env, DEBIAN_FRONTEND: 'noninteractive', RUNLEVEL: '1' };
  run('apt-get', ['update', '-qq'], { env });
  run('apt-get', ['install', '-y', '-qq', '--no-install-recommends', name], { env });
  return find() ?? fail(`${name} is missing although Debian's package ${name} is installed`);
}

/** @returns the folder of temporal-server and temporal-sql-tool */
function builtServer() {
  const given = process.env.XDG_CACHE_HOME;
  const cache = join(given && isAbsolute(given) ? given : join(homedir(), '.cache'), 'promote');
  const folder = join(cache, `temporal-server-${SERVER_VERSION}`);
  if (Object.values(BUILT).every((name) => existsSync(join(folder, name)))) {
    say(`Temporal ${SERVER_VERSION} from ${folder}`);
    return folder;
  }
  if (!onPath('go'))
    fail('go is missing: install Go 1.26 or newer (https://go.dev/dl), which builds the Temporal server');
  say(`building Temporal ${SERVER_VERSION} with Go, which takes minutes`);
  const began = performance.now();
  mkdirSync(cache, { recursive: true });
  const building = mkdtempSync(join(cache, 'building-'));
  try {
    // Pure Go: no C compiler is needed.
    const env = { ...process.env, GOBIN: building, CGO_ENABLED: '0' };
    const install = (path) =>
      run('nice', ['go', 'install', '-p', '2', `go.temporal.io/server/${path}@v${SERVER_VERSION}`], { env });
    install('cmd/server');
    install('cmd/tools/sql');
    for (const [made, name] of Object.entries(BUILT)) renameSync(join(building, made), join(building, name));
    rmSync(folder, { recursive: true, force: true });
    renameSync(building, folder);
  } finally {
    rmSync(building, { recursive: true, force: true });
  }
  say(`built in ${Math.round((performance.now() - began) / 1_000)} s`);
  return folder;
}

function onPath(command) {
  return (process.env.PATH ?? '')
    .split(':')
    .some((folder) => isAbsolute(folder) && existsSync(join(folder, command)));
}

function run(command, args, options) {
  const { status, error } = spawnSync(command, args, { ...options, stdio: ['ignore', 'ignore', 2] });
  if (error !== undefined) fail(`${command} could not be run: ${error.message}`);
  if (status !== 0) fail(`${command} ${args.join(' ')} failed with exit code ${status}`);
}

function say(line) {
  process.stderr.write(`production: ${line}\n`);
}

function fail(message) {
  say(message);
  process.exit(1);
}
