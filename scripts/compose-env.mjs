// npm run compose:env: makes what docker-compose.yml takes from outside. `.env` gets the random passwords, `worker.env` a line for
// each variable that the shipped runbook names. Both are for their owner's eyes alone, and neither is ever written over: passwords
// that are made anew open nothing that the old ones locked. `--folder DIR` writes elsewhere.
import { randomBytes } from 'node:crypto';
import { closeSync, existsSync, openSync, rmSync, writeSync } from 'node:fs';
import { join, resolve } from 'node:path';
import { parseArgs } from 'node:util';

const { values } = parseArgs({ options: { folder: { type: 'string' } } });
const folder = resolve(values.folder ?? join(import.meta.dirname, '..'));

const FILES = {
  '.env': `# Made by \`npm run compose:env\`. Keep a copy where you keep passwords; never commit it.
COMPOSE_PROJECT_NAME=promote
POSTGRES_PASSWORD=${randomBytes(32).toString('base64url')}
`,
  'worker.env': `# What the workers' runbooks take from the environment. Never commit it. Put a value with a $ into single quotes.
TAU_OPERATOR_BASE_URL=
TAU_OPERATOR_AUTH_TOKEN=
TAU_OPERATOR_COMMAND=
TAU_OPERATOR_WORKING_DIRECTORY=
TAU_PROMOTION_REMOTE=
TAU_PROMOTION_BRANCH=
TAU_PROMOTION_APPROVERS=
`,
};

const there = Object.keys(FILES).filter((name) => existsSync(join(folder, name)));
if (there.length > 0)
  fail(
    `${there.map((name) => join(folder, name)).join(' and ')}: already there, and never written over: keep them, or move them away first`,
  );
for (const [name, text] of Object.entries(FILES)) write(join(folder, name), text);

function write(path, text) {
  let file;
  try {
    file = openSync(path, 'wx', 0o600);
    writeSync(file, text);
  } catch (error) {
    if (file !== undefined) rmSync(path);
    fail(`${path}: can't be written (${error.code}): make room, or take another --folder`);
  } finally {
    if (file !== undefined) closeSync(file);
  }
  process.stdout.write(`made ${path}\n`);
}

function fail(message) {
  process.stderr.write(`compose-env: ${message}\n`);
  process.exit(2);
}
