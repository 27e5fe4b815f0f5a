import { existsSync } from 'node:fs';

import { ClientError, connectClient, SEARCH_ATTRIBUTES, type PromotionClient } from '../client.js';
import type { Config, TemporalSettings } from '../config.js';
import { findOrStartEngine, type Engine, type EngineOptions } from '../engine/engine.js';
import { NAMESPACE } from '../engine/options.js';
import { connectionFault, type ConnectionFault, type TlsMeans } from '../engine/connection-fault.js';
import { findRunning } from '../engine/running.js';

/** A Temporal server and how to speak to it. */
export type Endpoint = TemporalSettings & { readonly address: string };

/** A server that is there on this machine answers within this, or is not waited for. */
const OWN_ANSWER_MS = 3_000;

/** A server of our own takes neither TLS nor an API key; one that was given gets what was given with it. */
function endpointOf(config: Config, { address, namespace }: Pick<Engine, 'address' | 'namespace'>): Endpoint {
  const given = config.temporal;
  return given.address === undefined ? { address, namespace, connection: {} } : { ...given, address };
}

/**
 * The server that was given, else the one that already runs from the data folder. Never starts one, writes nothing.
 * @throws ClientError `unreachable`
 */
export async function findEndpoint(config: Config): Promise<Endpoint> {
  const { address } = config.temporal;
  if (address !== undefined) return endpointOf(config, { address, namespace: NAMESPACE });
  const running = existsSync(config.dataDir)
    ? await findRunning({ dataDir: config.dataDir, say: () => undefined }, OWN_ANSWER_MS)
    : undefined;
  if (running !== undefined) return endpointOf(config, { address: running.address, namespace: NAMESPACE });
  throw new ClientError(
    'unreachable',
    `no Temporal server runs from ${config.dataDir}, and none is given: start one with \`promote server\`, or set TEMPORAL_ADDRESS`,
  );
}

export interface OpenedEngine {
  readonly engine: Engine;
  readonly endpoint: Endpoint;
}

/** For `server`, `worker` and `rehearse`: finds a server or starts one. */
export async function openEngine(
  config: Config,
  note: (line: string) => void,
  options: Partial<Pick<EngineOptions, 'port'>> = {},
): Promise<OpenedEngine> {
  const engine = await findOrStartEngine({
    dataDir: config.dataDir,
    cacheDir: config.cacheDir,
    address: config.temporal.address,
    executable: config.temporalExecutable,
    port: options.port,
    timeSkipping: false,
    inMemory: false,
    searchAttributes: SEARCH_ATTRIBUTES,
    env: { PATH: config.environment['PATH'] },
    say: note,
  });
  const endpoint = endpointOf(config, engine);
  if (engine.started) await keepClosedRuns(endpoint, config, note);
  return { engine, endpoint };
}

/** As long as Temporal Cloud keeps them; a development server begins with a day, less than a promotion may last. */
const KEPT_MS = 30 * 86_400_000;

async function keepClosedRuns(
  endpoint: Endpoint,
  config: Pick<Config, 'taskQueue'>,
  note: (line: string) => void,
): Promise<void> {
  try {
    await withClientAt(endpoint, config, (client) => client.ensureRetention(KEPT_MS));
  } catch (error) {
    // It serves all the same; whoever comes next is told if it does not.
    if (!(error instanceof ClientError)) throw error;
    note(`promote: closed runs are kept for a day only (${error.message}): see \`promote doctor\``);
  }
}

/** @throws ClientError, which says what is wrong on the way to the server where that can be found out */
export async function connectTo(
  endpoint: Endpoint,
  config: Pick<Config, 'taskQueue'>,
): Promise<PromotionClient> {
  try {
    return await connectClient({ ...endpoint, taskQueue: config.taskQueue });
  } catch (error) {
    if (!(error instanceof ClientError) || error.code !== 'unreachable') throw error;
    const fault = await faultOf(endpoint);
    if (fault === undefined) throw error;
    const { address } = endpoint;
    const { kind, what, todo } = fault;
    throw new ClientError(
      kind === 'settings' ? 'misconfigured' : 'unreachable',
      kind === 'settings'
        ? `no connection to Temporal at ${address}: ${what}: ${todo}`
        : `no Temporal server answers at ${address} (${what}): start it with \`promote server\`, or correct TEMPORAL_ADDRESS`,
      error,
    );
  }
}

function faultOf({ address, connection: { tls } }: Endpoint): Promise<ConnectionFault | undefined> {
  return connectionFault(
    address,
    tls === undefined || tls === null || tls === false ? undefined : meansOf(tls),
  );
}

function meansOf(tls: true | Exclude<NonNullable<Endpoint['connection']['tls']>, boolean>): TlsMeans {
  if (tls === true) return { authorities: undefined, client: undefined, serverName: undefined };
  const { clientCertPair: pair, serverRootCACertificate, serverNameOverride } = tls;
  return {
    authorities: serverRootCACertificate,
    client: pair === undefined || pair === null ? undefined : { certificate: pair.crt, key: pair.key },
    serverName: serverNameOverride,
  };
}

/** As a client that starts something for a target: its site's workers take it up. */
export function atSiteOf(config: Config, target: string | undefined): Config {
  return target === undefined ? config : { ...config, taskQueue: config.taskQueueFor(target) };
}

/** One connection for one command. */
export async function withClient<T>(
  config: Config,
  use: (client: PromotionClient) => Promise<T>,
): Promise<T> {
  return withClientAt(await findEndpoint(config), config, use);
}

export async function withClientAt<T>(
  endpoint: Endpoint,
  config: Pick<Config, 'taskQueue'>,
  use: (client: PromotionClient) => Promise<T>,
): Promise<T> {
  const client = await connectTo(endpoint, config);
  try {
    return await use(client);
  } finally {
    await client.close();
  }
}

/** "the aim is that nobody has to look": a worker looks by itself. It still runs where this user may not have it so. */
export async function scheduleReconcile(
  client: PromotionClient,
  note: (line: string) => void,
): Promise<void> {
  try {
    await client.ensureSchedule();
  } catch (error) {
    if (!(error instanceof ClientError) || (error.code !== 'refused' && error.code !== 'misconfigured'))
      throw error;
    note(
      `promote: no schedule looks for abandoned promotions (${error.message}): run \`promote reconcile\` after a terminate`,
    );
  }
}

/** A worker still runs without them; a start will say what is missing. */
export async function addSearchAttributes(
  client: PromotionClient,
  note: (line: string) => void,
): Promise<void> {
  try {
    await client.ensureSearchAttributes();
  } catch (error) {
    if (!(error instanceof ClientError) || (error.code !== 'refused' && error.code !== 'misconfigured'))
      throw error;
    const names = Object.entries(SEARCH_ATTRIBUTES).map(([name, type]) => `${name} (${type})`);
    note(
      `promote: search attributes could not be added (${error.message}): have these there: ${names.join(', ')}`,
    );
  }
}
