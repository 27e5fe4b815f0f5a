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

  private constructor(connection: Connection, { address, namespace, taskQueue }: ClientOptions) {
    this.address = address;
    this.namespace = namespace;
    this.taskQueue = taskQueue;
    this.connection = connection;
    this.client = new WorkflowClient({ connection, namespace });
  }

  /** @throws ClientError `unreachable` after 5 s */
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
      throw new ClientError(
        'unreachable',
        `no Temporal server answers at ${address} (${reasonOf(error)}): start it with \`promote server\`, or correct TEMPORAL_ADDRESS`,
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
    if (error instanceof WorkflowNotFoundError || code === GRPC.NOT_FOUND)
      return new ClientError('not_found', `not found at ${this.address}: ${reasonOf(error)}`, error);
    if (error instanceof NamespaceNotFoundError)
      return new ClientError(
        'misconfigured',
        `the Temporal server at ${this.address} has no namespace ${this.namespace}: correct TEMPORAL_NAMESPACE`,
        error,
      );
    if (code === GRPC.PERMISSION_DENIED || code === GRPC.UNAUTHENTICATED)
      return new ClientError(
        'misconfigured',
        `the Temporal server at ${this.address} refuses these credentials (${reasonOf(error)}): correct TEMPORAL_API_KEY or the certificates`,
        error,
      );
    if (code === GRPC.INVALID_ARGUMENT || code === GRPC.FAILED_PRECONDITION || code === GRPC.UNIMPLEMENTED)
      return new ClientError(
        'refused',
        `the Temporal server at ${this.address} refuses: ${reasonOf(error)}`,
        error,
      );
    return new ClientError(
      'unreachable',
      `the Temporal server at ${this.address} does not answer (${reasonOf(error)}): start it, or try again`,
      error,
    );
  }
}
