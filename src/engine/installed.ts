import { constants } from 'node:fs';
import { access, stat } from 'node:fs/promises';
import { delimiter, isAbsolute, join } from 'node:path';
import { runBounded } from './bounded-command.js';
import { EngineError, reasonOf } from './error.js';
import { CLI_VERSION } from './pinned.js';

const VERSION_TIMEOUT_MS = 5_000;

/** The first executable file of this name on a PATH; relative folders of it are passed over. */
export async function onPath(name: string, path: string | undefined): Promise<string | undefined> {
  for (const folder of (path ?? '').split(delimiter).filter(isAbsolute)) {
    const candidate = join(folder, name);
    const found = await stat(candidate).catch(() => undefined);
    if (found?.isFile() && (await canRun(candidate))) return candidate;
  }
  return undefined;
}

/**
 * The version of a `temporal` binary, which must be at least ours.
 * @throws {EngineError} `executable_unusable` with the reason
 */
export async function usableVersion(path: string, timeoutMs = VERSION_TIMEOUT_MS): Promise<string> {
  const answer = await runBounded(path, ['--version'], timeoutMs).catch((error: unknown) => {
    throw new EngineError('executable_unusable', `${path} does not run: ${reasonOf(error)}`, error);
  });
  const version = /^temporal version (?<version>\d+\.\d+\.\d+)/m.exec(answer.stdout)?.groups?.['version'];
  if (answer.code !== 0 || version === undefined)
    throw new EngineError(
      'executable_unusable',
      `${path} is no temporal command: "--version" ended with ${answer.code}`,
    );
  if (isOlder(version, CLI_VERSION))
    throw new EngineError(
      'executable_unusable',
      `${path} is too old: version ${version}, at least ${CLI_VERSION} is needed`,
    );
  return version;
}

/** Whether `version` comes before `than`; both of the form 1.2.3. */
export function isOlder(version: string, than: string): boolean {
  return version.localeCompare(than, 'en', { numeric: true }) < 0;
}

async function canRun(path: string): Promise<boolean> {
  return access(path, constants.X_OK).then(
    () => true,
    () => false,
  );
}
