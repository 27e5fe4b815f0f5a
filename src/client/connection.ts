import {
  Connection,
  WorkflowClient,
  type ConnectionOptions,
  type WorkflowExecutionDescription,
} from '@temporalio/client';
import { NamespaceNotFoundError, WorkflowNotFoundError } from '@temporalio/common';

import { ClientError } from './errors.js';
import { codeOf, GRPC, reasonOf } from './grpc.js';

export interface ClientOptions {
  /** `host:port` */
  readonly address: string;
  readonly namespace: string;
  readonly connection: Pick<ConnectionOptions, 'tls' | 'apiKey' | 'metadata'>;
  readonly taskQueue: string;
}

/** What a server says back of what it was sent must not be told. */
function credentialsOf({ connection: { apiKey, metadata } }: ClientOptions): readonly string[] {
  const values = [apiKey, ...Object.values(metadata ?? {})].filter((value) => typeof value === 'string');
  return values.flatMap((value) => [value, value.replace(/^\S+ +/, '')]).filter((value) => value.length > 3);
}

const CONNECT_TIMEOUT_MS = 5_000;
const DESCRIBE_TIMEOUT_MS = 5_000;
export const CALL_TIMEOUT_MS = 10_000;

/** One connection to Temporal. Every call through it is bounded in time. */
export class TemporalServer {
  readonly address: string;
  readonly namespace: string;
  readonly taskQueue: string;
  readonly connection: Connection;
  readonly client: WorkflowClient;
  readonly #credentials: readonly string[];

  private constructor(connection: Connection, options: ClientOptions) {
    const { address, namespace, taskQueue } = options;
    this.#credentials = credentialsOf(options);
    this.address = address;
    this.namespace = namespace;
    this.taskQueue = taskQueue;
    this.connection = connection;
    this.client = new WorkflowClient({ connection, namespace });
  }

  /** @throws ClientError `unreachable` after 5 s; `misconfigured` where it refuses these credentials */
  static async connect(options: ClientOptions): Promise<TemporalServer> {
    const { address } = options;
    try {
      const connection = await Connection.connect({
        ...options.connection,
        address,
        connectTimeout: CONNECT_TIMEOUT_MS,
      });
      return new TemporalServer(connection, options);
    } catch (error) {
      const reason = withoutCredentials(reasonOf(error), credentialsOf(options));
      if (isRefusal(error)) throw refusedCredentials(address, reason, error);
      throw new ClientError(
        'unreachable',
        `no Temporal server answers at ${address} (${reason}): start it with \`promote server\`, or correct TEMPORAL_ADDRESS`,
        error,
      );
    }
  }

  /** @throws what the call throws, as it is */
  async within<T>(timeoutMs: number, call: () => Promise<T>): Promise<T> {
    return this.connection.withDeadline(Date.now() + timeoutMs, call);
  }

  /** @throws ClientError alone */
  async call<T>(timeoutMs: number, call: () => Promise<T>): Promise<T> {
    try {
      return await this.within(timeoutMs, call);
    } catch (error) {
      throw this.translate(error);
    }
  }

  /** @param target whose promotion it is, where it is one: then its absence is said in words of the target */
  async describe(workflowId: string, target?: string): Promise<WorkflowExecutionDescription> {
    try {
      return await this.within(DESCRIBE_TIMEOUT_MS, () => this.client.getHandle(workflowId).describe());
    } catch (error) {
      // A namespace that is not there is another error class than a workflow that is not.
      if (error instanceof WorkflowNotFoundError && target !== undefined)
        throw new ClientError(
          'not_found',
          `no promotion into ${target} is known: see \`promote list --all\``,
          error,
        );
      throw this.translate(error);
    }
  }

  /** Foreign errors become ours once, here. */
  translate(error: unknown): ClientError {
    if (error instanceof ClientError) return error;
    const code = codeOf(error);
    const reason = withoutCredentials(reasonOf(error), this.#credentials);
    if (error instanceof WorkflowNotFoundError || code === GRPC.NOT_FOUND)
      return new ClientError('not_found', `not found at ${this.address}: ${reason}`, error);
    if (error instanceof NamespaceNotFoundError)
      return new ClientError(
        'misconfigured',
        `the Temporal server at ${this.address} has no namespace ${this.namespace}: correct TEMPORAL_NAMESPACE`,
        error,
      );
    if (isRefusal(error)) return refusedCredentials(this.address, reason, error);
    if (code === GRPC.INVALID_ARGUMENT || code === GRPC.FAILED_PRECONDITION || code === GRPC.UNIMPLEMENTED)
      return new ClientError('refused', `the Temporal server at ${this.address} refuses: ${reason}`, error);
    return new ClientError(
      'unreachable',
      `the Temporal server at ${this.address} does not answer (${reason}): start it, or try again`,
      error,
    );
  }
}

function isRefusal(error: unknown): boolean {
  const code = codeOf(error);
  return code === GRPC.PERMISSION_DENIED || code === GRPC.UNAUTHENTICATED;
}

function refusedCredentials(address: string, reason: string, cause: unknown): ClientError {
  return new ClientError(
    'misconfigured',
    `the Temporal server at ${address} refuses these credentials (${reason}): correct TEMPORAL_API_KEY or the certificates`,
    cause,
  );
}

function withoutCredentials(text: string, credentials: readonly string[]): string {
  return credentials.reduce((shown, secret) => shown.replaceAll(secret, '[redacted]'), text);
}
