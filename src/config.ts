import { existsSync } from 'node:fs';
import { readFile } from 'node:fs/promises';
import { createRequire } from 'node:module';
import { homedir, hostname, userInfo } from 'node:os';
import { dirname, isAbsolute, join, resolve } from 'node:path';
import { fileURLToPath } from 'node:url';

import type * as Envconfig from '@temporalio/envconfig';
import { isMap, isNode, isScalar, LineCounter, parseDocument, type Document } from 'yaml';
import type { z } from 'zod';

import { InputError } from './contracts/input-error.js';
import { buildId, identity, siteName, targetName } from './contracts/names.js';
import { listenAddress, logForm, logLevel, settingsSchema, type Settings } from './contracts/settings.js';

export interface TemporalSettings {
  /** `host:port` as given by the environment or a profile; undefined when neither gives one. */
  readonly address: string | undefined;
  readonly namespace: string;
  /** TLS, API key and metadata, as Connection.connect and NativeConnection.connect both take them. */
  readonly connection: Pick<
    Envconfig.ClientConnectConfig['connectionOptions'],
    'tls' | 'apiKey' | 'metadata'
  >;
}

/** What this process was told: flags over environment over `promote.yaml`. Paths are absolute. */
export interface Config {
  /** Names this installation in every statement. */
  readonly deployment: string;
  readonly dataDir: string;
  readonly cacheDir: string;
  readonly evidenceDir: string;
  /** Whose signatures under evidence are believed: a file that people enrol keys in. */
  readonly trustedKeys: string;
  /** The private key that signs evidence on this worker. */
  readonly evidenceKeyFile: string;
  /** Prefix of this site's task queues. */
  readonly taskQueue: string;
  /** Of this site and of every site that promote.yaml names. */
  readonly taskQueues: readonly string[];
  /**
   * Prefix of the task queues of the site that a target is promoted from.
   * @throws InputError `bad_target` as `runbookFor`
   */
  readonly taskQueueFor: (target: string) => string;
  /** PROMOTE_BUILD_ID: names this build of the worker, so that promotions go over to it at a moment that somebody chooses. */
  readonly buildId: string | undefined;
  /** Whom workers tell of what happens. */
  readonly notifications: Settings['notifications'];
  /** Those that promote.yaml lists; undefined where it lists none, and every target takes the shipped runbook. */
  readonly targets: readonly string[] | undefined;
  readonly workingDirectory: string;
  /** Where `runbooks/` and `dist/` are. */
  readonly packageRoot: string;
  /**
   * Temporal's own settings, by Temporal's own reader. Read when first asked for, because what needs no Temporal loads
   * none of it. Throws InputError for a profile or a file that can't be read.
   */
  readonly temporal: TemporalSettings;
  readonly temporalExecutable: string | undefined;
  /** Who asks or decides, as asserted: PROMOTE_IDENTITY, else user@host. */
  readonly identity: string;
  /** PROMOTE_SIGNING_KEY: the file of the key that signs what this person asks, decides and orders. */
  readonly signingKey: string | undefined;
  readonly environment: Readonly<Record<string, string | undefined>>;
  /** How a worker's log is written, and from which level on. */
  readonly log: { readonly form: z.infer<typeof logForm>; readonly level: z.infer<typeof logLevel> };
  /** Where a worker shows its metrics, and where its health, as host:port; undefined: nowhere. */
  readonly metricsAddress: string | undefined;
  readonly healthAddress: string | undefined;
  /**
   * Absolute path of a target's runbook.
   * @throws InputError `bad_target` when promote.yaml lists targets and this is none of them
   */
  readonly runbookFor: (target: string) => string;
}

export interface ConfigOptions {
  readonly cwd?: string | undefined;
  /** `--settings FILE` */
  readonly settings?: string | undefined;
  /** For tests; the process's own where it is left out. */
  readonly environment?: Readonly<Record<string, string | undefined>> | undefined;
}

const DEFAULT_FILE = 'promote.yaml';
const MAX_BYTES = 64 * 1024;

/**
 * The one reader of process.env and of `promote.yaml`.
 * @throws InputError `invalid_settings`, one line a problem
 */
export async function readConfig(options: ConfigOptions = {}): Promise<Config> {
  const environment = Object.freeze({ ...(options.environment ?? process.env) });
  const given = (name: string): string | undefined =>
    environment[name] === '' ? undefined : environment[name];
  const workingDirectory = resolve(options.cwd ?? process.cwd());
  const named = options.settings ?? given('PROMOTE_SETTINGS');
  const file = resolve(workingDirectory, named ?? DEFAULT_FILE);
  const settings = await readSettings(file, named !== undefined);
  const folder = dirname(file);
  const path = (name: string, fromFile: string): string => {
    const fromEnvironment = given(name);
    return fromEnvironment === undefined
      ? resolve(folder, fromFile)
      : resolve(workingDirectory, fromEnvironment);
  };
  const packageRoot = findPackageRoot();
  const taskQueue = checked(
    'PROMOTE_TASK_QUEUE',
    given('PROMOTE_TASK_QUEUE'),
    settingsSchema.shape.taskQueue,
    settings.taskQueue,
  );
  const queueAt = (site: string | undefined): string =>
    site === undefined ? taskQueue : `${taskQueue}-at-${site}`;
  const ownQueue = queueAt(checked('PROMOTE_SITE', given('PROMOTE_SITE'), siteName.optional(), undefined));
  const signingKey = given('PROMOTE_SIGNING_KEY');
  const form = checked('PROMOTE_LOG', given('PROMOTE_LOG'), logForm, 'plain');
  const address = (name: string): string | undefined =>
    checked(name, given(name), listenAddress.optional(), undefined);
  const temporal = once(() => readTemporal(environment));
  return {
    deployment: checked(
      'PROMOTE_DEPLOYMENT',
      given('PROMOTE_DEPLOYMENT'),
      settingsSchema.shape.deployment,
      settings.deployment,
    ),
    dataDir: path('PROMOTE_DATA_DIR', settings.dataDir),
    evidenceKeyFile: join(path('PROMOTE_DATA_DIR', settings.dataDir), 'keys', 'evidence.pem'),
    cacheDir: join(cacheHome(given), 'promote'),
    evidenceDir: path('PROMOTE_EVIDENCE_DIR', settings.evidenceDir),
    trustedKeys: path('PROMOTE_TRUSTED_KEYS', settings.trustedKeys),
    taskQueue: ownQueue,
    taskQueues: [
      ...new Set([ownQueue, ...Object.values(settings.targets ?? {}).map(({ site }) => queueAt(site))]),
    ],
    taskQueueFor: (target) => queueAt(targetIn(target, settings, file)?.site),
    buildId: checked('PROMOTE_BUILD_ID', given('PROMOTE_BUILD_ID'), buildId.optional(), undefined),
    notifications: settings.notifications,
    targets: settings.targets === undefined ? undefined : Object.keys(settings.targets),
    workingDirectory,
    packageRoot,
    get temporal() {
      return temporal();
    },
    temporalExecutable:
      settings.temporalExecutable === undefined ? undefined : resolve(folder, settings.temporalExecutable),
    signingKey: signingKey === undefined ? undefined : resolve(workingDirectory, signingKey),
    identity: checked('PROMOTE_IDENTITY', given('PROMOTE_IDENTITY'), identity, userAtHost()),
    environment,
    log: {
      form,
      // A person at a terminal is told what needs them.
      level: checked(
        'PROMOTE_LOG_LEVEL',
        given('PROMOTE_LOG_LEVEL'),
        logLevel,
        form === 'json' ? 'info' : 'warn',
      ),
    },
    metricsAddress: address('PROMOTE_METRICS_ADDRESS'),
    healthAddress: address('PROMOTE_HEALTH_ADDRESS'),
    runbookFor: (target) => runbookFor(target, settings, file, packageRoot),
  };
}

function runbookFor(target: string, settings: Settings, file: string, packageRoot: string): string {
  const listed = targetIn(target, settings, file);
  return listed === undefined
    ? join(packageRoot, 'runbooks', 'operator-readiness.yaml')
    : resolve(dirname(file), listed.runbook);
}

/** Undefined where no targets are listed: then every name is one. */
function targetIn(
  target: string,
  settings: Settings,
  file: string,
): NonNullable<Settings['targets']>[string] | undefined {
  const named = targetName.safeParse(target);
  if (!named.success)
    throw new InputError('bad_target', [`${JSON.stringify(target.slice(0, 80))}: ${messageOf(named.error)}`]);
  const { targets } = settings;
  if (targets === undefined) return undefined;
  const listed = Object.hasOwn(targets, target) ? targets[target] : undefined;
  if (listed === undefined)
    throw new InputError('bad_target', [
      `${file}: the target ${target} is not listed under targets: add it, or take one of ${Object.keys(targets).join(', ')}`,
    ]);
  return listed;
}

/** The nearest folder above this file with a package.json: the same one from `src` and from `dist/src`. */
function findPackageRoot(): string {
  let folder = dirname(fileURLToPath(import.meta.url));
  while (!existsSync(join(folder, 'package.json')) && dirname(folder) !== folder) folder = dirname(folder);
  return folder;
}

/** "All paths … must be absolute": the XDG base directory specification has relative ones ignored. */
function cacheHome(given: (name: string) => string | undefined): string {
  const home = given('XDG_CACHE_HOME');
  return home !== undefined && isAbsolute(home) ? home : join(given('HOME') ?? homedir(), '.cache');
}

/** Never refused: characters that a name can't have become `-`. */
function userAtHost(): string {
  let user = 'unknown';
  try {
    user = userInfo().username;
  } catch {
    // A user id without an entry, as in some containers.
  }
  const fitting = `${user}@${hostname()}`
    .toLowerCase()
    .replaceAll(/[^a-z0-9._@+-]/g, '-')
    .replace(/^[^a-z0-9]+/, '');
  return fitting === '' ? 'unknown' : fitting.slice(0, 128);
}

function checked<T>(name: string, given: string | undefined, schema: z.ZodType<T>, otherwise: T): T {
  if (given === undefined) return otherwise;
  const result = schema.safeParse(given);
  if (result.success) return result.data;
  throw new InputError('invalid_settings', [
    `the environment variable ${name} is ${JSON.stringify(given.slice(0, 80))}: ${messageOf(result.error)}`,
  ]);
}

function messageOf(error: z.ZodError): string {
  return error.issues[0]?.message ?? 'not of its form';
}

function once<T>(read: () => T): () => T {
  let value: { readonly of: T } | undefined;
  return () => (value ??= { of: read() }).of;
}

function readTemporal(environment: Readonly<Record<string, string | undefined>>): TemporalSettings {
  try {
    // oxlint-disable-next-line typescript/no-unsafe-assignment -- require() knows no types
    const envconfig: typeof Envconfig = createRequire(import.meta.url)('@temporalio/envconfig');
    const overrideEnvVars = temporalVariables(environment);
    const profile = envconfig.loadClientConfigProfile({ overrideEnvVars, configFileStrict: true });
    refuseHalf(profile);
    const { namespace, connectionOptions } = envconfig.toClientOptions(profile);
    const { address, tls, apiKey, metadata } = connectionOptions;
    return {
      address: address === '' ? undefined : address,
      namespace: namespace ?? 'default',
      connection: {
        ...(tls === undefined ? {} : { tls }),
        ...(apiKey === undefined ? {} : { apiKey }),
        ...(metadata === undefined ? {} : { metadata }),
      },
    };
  } catch (error) {
    // The reader's messages name keys and files, never values.
    const line = firstLineOf(error);
    throw new InputError(
      'invalid_settings',
      [`Temporal's own settings (TEMPORAL_… or temporal.toml): ${line}`],
      {
        cause: error,
      },
    );
  }
}

/** Sets a header where it has a value, and takes it away where it is empty. */
const HEADER_PREFIX = 'TEMPORAL_GRPC_META_';

/** What Temporal's reader takes in another sense than it was meant in, is refused or left out before. */
function temporalVariables(
  environment: Readonly<Record<string, string | undefined>>,
): Record<string, string> {
  const variables: Record<string, string> = {};
  for (const [name, value] of Object.entries(environment))
    // To that reader an empty one is a value: an API key, with TLS.
    if (value !== undefined && (value !== '' || name.startsWith(HEADER_PREFIX))) variables[name] = value;
  const { TEMPORAL_TLS: tls, TEMPORAL_CONFIG_FILE: file } = variables;
  // Whatever else it says is taken for no.
  if (tls !== undefined && !['true', '1', 'false', '0'].includes(tls))
    throw new Error(`TEMPORAL_TLS is ${JSON.stringify(tls.slice(0, 40))}: write true or false`);
  if (file !== undefined && !existsSync(file))
    throw new Error(`TEMPORAL_CONFIG_FILE names ${file}, which is not there: correct it, or take it away`);
  return variables;
}

/** Halves of credentials that would be left out in silence, and a key that anybody on the way could read. */
function refuseHalf({ address, tls, apiKey }: Envconfig.ClientConfigProfile): void {
  if ((tls?.clientCert === undefined) !== (tls?.clientKey === undefined))
    throw new Error(
      tls?.clientKey === undefined
        ? 'a client certificate without its key: set TEMPORAL_TLS_CLIENT_KEY_PATH'
        : 'the key of a client certificate without that: set TEMPORAL_TLS_CLIENT_CERT_PATH',
    );
  if (apiKey !== undefined && tls?.disabled === true && !LOOPBACK.test(address ?? ''))
    throw new Error('an API key, and TLS is disabled, so that it could be read on the way: enable TLS');
}

const LOOPBACK = /^(?:127\.[\d.]+|localhost|\[::1\])(?::\d+)?$/;

async function readSettings(file: string, required: boolean): Promise<Settings> {
  let bytes: Buffer;
  try {
    bytes = await readFile(file);
  } catch (error) {
    const code = error instanceof Error && 'code' in error ? String(error.code) : 'unreadable';
    if (code === 'ENOENT' && !required) return settingsSchema.parse({ v: 1 });
    throw invalid(
      `${file}: the settings can't be read (${code}): name a file that is there, or take --settings away`,
    );
  }
  if (bytes.length > MAX_BYTES)
    throw invalid(`${file}: the settings have ${bytes.length} bytes: at most ${MAX_BYTES}`);
  return parseSettings(bytes, file);
}

function parseSettings(bytes: Buffer, file: string): Settings {
  const lines = new LineCounter();
  const at = (offset: number, message: string): string => {
    const { line, col } = lines.linePos(offset);
    return `${file}:${Math.max(1, line)}:${Math.max(1, col)}: ${message.replaceAll(/\s+/g, ' ').slice(0, 300)}`;
  };
  let document: Document;
  let value: unknown;
  try {
    const text = new TextDecoder('utf-8', { fatal: true }).decode(bytes);
    document = parseDocument(text, {
      schema: 'core',
      stringKeys: true,
      prettyErrors: false,
      lineCounter: lines,
    });
    const [problem] = [...document.errors, ...document.warnings];
    if (problem !== undefined) throw invalid(at(problem.pos[0], problem.message));
    value = document.toJS({ maxAliasCount: 0 });
  } catch (error) {
    // Bytes that are no text, aliases, or a nesting too deep for the parser.
    throw error instanceof InputError
      ? error
      : invalid(`${file}:1:1: no YAML that can be read: ${firstLineOf(error)}`);
  }
  const result = settingsSchema.safeParse(value);
  if (result.success) return result.data;
  const [first = `${file}:1:1: does not fit its schema`, ...rest] = result.error.issues.flatMap((issue) =>
    problemsOf(document, issue).map(({ offset, message }) => at(offset, message)),
  );
  throw new InputError('invalid_settings', [first, ...rest], { cause: result.error });
}

function problemsOf(document: Document, issue: z.core.$ZodIssue): { offset: number; message: string }[] {
  const path = issue.path.filter((step) => typeof step !== 'symbol');
  if (issue.code === 'unrecognized_keys') {
    const known = path.length === 0 ? Object.keys(settingsSchema.shape) : ['runbook', 'site'];
    return issue.keys.map((key) => ({
      offset: offsetOf(document, [...path, key], 'key'),
      message: `${shown([...path, key])}: unknown key; known are ${known.join(', ')}`,
    }));
  }
  if (issue.code === 'invalid_key')
    return [
      {
        offset: offsetOf(document, path, 'key'),
        message: `${shown(path)}: ${issue.issues[0]?.message ?? issue.message}`,
      },
    ];
  return [{ offset: offsetOf(document, path, 'value'), message: `${shown(path)}: ${issue.message}` }];
}

/** Where a value stands, or the key that leads to it; for what is not there, its nearest ancestor. */
function offsetOf(document: Document, path: readonly (string | number)[], what: 'key' | 'value'): number {
  if (what === 'value') {
    const node: unknown = document.getIn(path, true);
    if (isNode(node) && node.range) return node.range[0];
  }
  const parent: unknown = path.length <= 1 ? document.contents : document.getIn(path.slice(0, -1), true);
  const pair = isMap(parent)
    ? parent.items.find(({ key }) => isScalar(key) && key.value === path.at(-1))
    : undefined;
  if (pair !== undefined && isNode(pair.key)) return pair.key.range?.[0] ?? 0;
  return path.length === 0 ? 0 : offsetOf(document, path.slice(0, -1), 'value');
}

function shown(path: readonly (string | number)[]): string {
  if (path.length === 0) return 'the file';
  return path
    .map((step) =>
      /^[\w-]{1,64}$/.test(String(step)) ? String(step) : JSON.stringify(String(step).slice(0, 64)),
    )
    .join('.');
}

function invalid(problem: string): InputError {
  return new InputError('invalid_settings', [problem]);
}

function firstLineOf(error: unknown): string {
  return (error instanceof Error ? error.message : String(error)).split('\n')[0]?.slice(0, 300) ?? '';
}
