import {
  Connection,
  isGrpcDeadlineError,
  isGrpcServiceError,
  QueryNotRegisteredError,
  ServiceError,
  WorkflowClient,
  WorkflowFailedError,
  WorkflowUpdateFailedError,
  WorkflowUpdateRPCTimeoutOrCancelledError,
  type ConnectionOptions,
  type WorkflowExecutionDescription,
  type WorkflowExecutionInfo,
  type WorkflowExecutionStatusName,
} from '@temporalio/client';
import {
  defineSearchAttributeKey,
  NamespaceNotFoundError,
  WorkflowExecutionAlreadyStartedError,
  WorkflowNotFoundError,
} from '@temporalio/common';

import type {
  Answer,
  PromotionInput,
  PromotionMemo,
  PromotionResult,
  PromotionView,
} from './domain/messages.js';
import type { Submission } from './domain/statement.js';
import type { admission, AdmissionRequest } from '../workflows/admission.js';
import {
  ADMISSION,
  control,
  decide,
  PROMOTION,
  promotionId,
  SEARCH_ATTRIBUTES,
  view,
} from '../workflows/messages.js';
import type { promotion } from '../workflows/promotion.js';

export { SEARCH_ATTRIBUTES } from '../workflows/messages.js';

export type ClientErrorCode =
  /** No promotion of that target is known. */
  | 'not_found'
  /** It has ended: nothing can be decided or ordered any more. */
  | 'not_open'
  | 'already_running'
  /** The server took the question, and no worker answered in time. */
  | 'no_worker'
  | 'unreachable'
  /** Credentials or a namespace that the server does not take. */
  | 'misconfigured'
  /** The server or the workflow says no, with its reason. */
  | 'refused'
  /** It may or may not have been taken: the same command again is safe. */
  | 'unknown_outcome';

/** Everything that goes wrong between a command and Temporal: one line that says what, and what to do. */
export class ClientError extends Error {
  override readonly name = 'ClientError';
  readonly code: ClientErrorCode;

  constructor(code: ClientErrorCode, message: string, cause?: unknown) {
    super(message, cause === undefined ? undefined : { cause });
    this.code = code;
  }
}

export interface ClientOptions {
  /** `host:port` */
  readonly address: string;
  readonly namespace: string;
  readonly connection: Pick<ConnectionOptions, 'tls' | 'apiKey' | 'metadata'>;
  readonly taskQueue: string;
}

/** Why it does not move: an activity that keeps failing, or a worker whose code can't replay it. */
export interface Blocked {
  readonly activity: string;
  readonly cause: string;
  readonly attempt: number;
}

export interface PromotionStatus {
  readonly target: string;
  readonly workflowId: string;
  /** Temporal's first run of the chain: what names this promotion for good. */
  readonly runId: string;
  readonly execution: WorkflowExecutionStatusName;
  readonly startedAt: Date;
  readonly memo: PromotionMemo;
  /** Absent where no worker answered within a second. */
  readonly view: PromotionView | undefined;
  readonly workerAnswers: boolean;
  readonly blocked: Blocked | undefined;
}

/** A line of `list`, from search attributes alone. */
export interface ListedPromotion {
  readonly target: string;
  readonly commit: string;
  readonly phase: string;
  readonly requester: string;
  readonly trigger: string | undefined;
  readonly deadline: Date | undefined;
  readonly execution: WorkflowExecutionStatusName;
  readonly workflowId: string;
  readonly runId: string;
  readonly startedAt: Date;
  readonly closedAt: Date | undefined;
}

const CONNECT_TIMEOUT_MS = 5_000;
const CALL_TIMEOUT_MS = 10_000;
/** "queries with a limit of 1 s: with no worker, a query only times out." */
const QUERY_TIMEOUT_MS = 1_000;
const ADMISSION_TIMEOUT_MS = 10_000;
/** For a worker that has shown itself and, say, fetches the commit for the first time. */
const ADMISSION_IN_HAND_MS = 110_000;
/** Closed by the server, should this process end before: an admission changes nothing, so it is never missed. */
const ADMISSION_LIFE_MS = 130_000;
const CLIP = 255;

const TARGET = defineSearchAttributeKey('PromotionTarget', 'KEYWORD');
const PHASE = defineSearchAttributeKey('PromotionPhase', 'KEYWORD');
const COMMIT = defineSearchAttributeKey('PromotionCommit', 'KEYWORD');
const TRIGGER = defineSearchAttributeKey('PromotionTrigger', 'KEYWORD');
const REQUESTER = defineSearchAttributeKey('PromotionRequester', 'KEYWORD');
const DEADLINE = defineSearchAttributeKey('PromotionDeadline', 'DATETIME');

/** temporal.api.enums.v1.IndexedValueType */
const INDEXED_VALUE_TYPE = { Keyword: 2, Datetime: 6 } as const;

/** @throws ClientError `unreachable` after 5 s */
export async function connectClient(options: ClientOptions): Promise<PromotionClient> {
  const { address } = options;
  try {
    const connection = await Connection.connect({
      ...options.connection,
      address,
      connectTimeout: CONNECT_TIMEOUT_MS,
    });
    return new PromotionClient(connection, options);
  } catch (error) {
    throw new ClientError(
      'unreachable',
      `no Temporal server answers at ${address} (${reasonOf(error)}): start it with \`promote server\`, or correct TEMPORAL_ADDRESS`,
      error,
    );
  }
}

/** What commands ask of Temporal. Every call is bounded in time and throws ClientError alone. */
export class PromotionClient {
  readonly address: string;
  readonly #connection: Connection;
  readonly #client: WorkflowClient;
  readonly #namespace: string;
  readonly #taskQueue: string;

  constructor(connection: Connection, { address, namespace, taskQueue }: ClientOptions) {
    this.address = address;
    this.#connection = connection;
    this.#namespace = namespace;
    this.#taskQueue = taskQueue;
    this.#client = new WorkflowClient({ connection, namespace });
  }

  async close(): Promise<void> {
    await this.#connection.close();
  }

  /**
   * The worker's own answer to "would you take this promotion?", before anything is started.
   * @returns problems, each one line; none where it would be admitted
   * @throws ClientError `no_worker` after 10 s without a sign of a worker
   */
  async admit(request: AdmissionRequest): Promise<readonly string[]> {
    const workflowId = `admission/${request.target}/${crypto.randomUUID()}`;
    const handle = await this.#call(CALL_TIMEOUT_MS, () =>
      this.#client.start<typeof admission>(ADMISSION, {
        args: [request],
        workflowId,
        taskQueue: this.#taskQueue,
        workflowExecutionTimeout: ADMISSION_LIFE_MS,
      }),
    );
    const answer = async (withinMs: number): Promise<readonly string[] | undefined> => {
      try {
        const { problems } = await this.#connection.withDeadline(Date.now() + withinMs, () =>
          handle.result(),
        );
        return problems;
      } catch (error) {
        if (isGrpcDeadlineError(error)) return undefined;
        if (error instanceof WorkflowFailedError)
          throw new ClientError(
            'refused',
            `the worker could not check the promotion: ${reasonOf(error)}`,
            error,
          );
        throw this.#translate(error);
      }
    };
    const soon = await answer(ADMISSION_TIMEOUT_MS);
    if (soon !== undefined) return soon;
    const inHand = await this.#describe(workflowId).then(hasPendingActivity, () => false);
    const late = inHand ? await answer(ADMISSION_IN_HAND_MS) : undefined;
    if (late !== undefined) return late;
    const blocked = await this.#describe(workflowId).then(blockedBy, () => undefined);
    await this.#call(CALL_TIMEOUT_MS, () => handle.terminate('not answered in time')).catch(() => undefined);
    throw new ClientError(
      'no_worker',
      blocked === undefined
        ? `no worker answers on the task queue ${this.#taskQueue} at ${this.address}; nothing was started: start one with \`promote worker\``
        : `the worker can't check the promotion (${blocked.cause}); nothing was started: see the worker's log`,
    );
  }

  /**
   * Says early what start would say; start itself is the lock.
   * @throws ClientError `already_running`
   */
  async refuseIfOpen(target: string): Promise<void> {
    const open = await this.#describe(promotionId(target), target).then(
      ({ status }) => status.name === 'RUNNING',
      (error: unknown) => {
        if (error instanceof ClientError && error.code === 'not_found') return false;
        throw error;
      },
    );
    if (open) throw await this.#alreadyRunning(target);
  }

  /**
   * Starts the promotion; Temporal is the lock, so a target has at most one that is open.
   * @throws ClientError `already_running`, with the running one's commit, requester and phase; `unknown_outcome`
   */
  async start(input: PromotionInput): Promise<{ readonly workflowId: string; readonly runId: string }> {
    const workflowId = promotionId(input.target);
    try {
      const handle = await this.#connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
        this.#client.start<typeof promotion>(PROMOTION, {
          args: [input],
          workflowId,
          taskQueue: this.#taskQueue,
          workflowIdConflictPolicy: 'FAIL',
          workflowIdReusePolicy: 'ALLOW_DUPLICATE',
          memo: { promotion: memoAtStart(input) },
          typedSearchAttributes: [
            { key: TARGET, value: input.target.slice(0, CLIP) },
            { key: COMMIT, value: input.commit.slice(0, CLIP) },
            { key: REQUESTER, value: input.requester.slice(0, CLIP) },
            { key: PHASE, value: 'validating' },
          ],
        }),
      );
      return { workflowId, runId: handle.firstExecutionRunId };
    } catch (error) {
      if (error instanceof WorkflowExecutionAlreadyStartedError)
        throw await this.#alreadyRunning(input.target, error);
      const translated = this.#translate(error);
      throw translated.code === 'unreachable'
        ? unknownOutcome(`whether the promotion into ${input.target} was started`, error)
        : translated;
    }
  }

  /**
   * What Temporal itself knows, and what the worker adds where one answers within a second.
   * @throws ClientError `not_found`, `unreachable`
   */
  async status(target: string): Promise<PromotionStatus> {
    const workflowId = promotionId(target);
    const description = await this.#describe(workflowId, target);
    const runId = firstRunOf(description);
    const { view, answers } = await this.#view(workflowId, description.runId);
    return {
      target,
      workflowId,
      runId,
      execution: description.status.name,
      startedAt: description.startTime,
      memo: memoOf(description, target),
      view,
      workerAnswers: answers,
      blocked: blockedBy(description),
    };
  }

  /** Newest first. Asks the visibility store alone, so it costs the same with thousands open. */
  async list({ open, limit }: { open: boolean; limit: number }): Promise<readonly ListedPromotion[]> {
    const query = `WorkflowType = "${PROMOTION}"${open ? ' AND ExecutionStatus = "Running"' : ''}`;
    return this.#call(CALL_TIMEOUT_MS, async () => {
      const found: ListedPromotion[] = [];
      for await (const info of this.#client.list({ query, pageSize: Math.min(limit, 1_000) })) {
        found.push(listed(info));
        if (found.length >= limit) break;
      }
      return found;
    });
  }

  /** @throws ClientError `refused` for what the validator refuses, `not_open`, `unknown_outcome` */
  async decide(target: string, submission: Submission): Promise<Answer> {
    return this.#update(target, decide, submission);
  }

  /** @throws ClientError as decide */
  async control(target: string, submission: Submission): Promise<Answer> {
    return this.#update(target, control, submission);
  }

  /**
   * The result of a run that has ended, its successors by continue-as-new included.
   * @throws ClientError `refused` when it was terminated or failed; `unreachable` when it is still open
   */
  async result(target: string, runId: string): Promise<PromotionResult> {
    try {
      return await this.#call(CALL_TIMEOUT_MS, () =>
        this.#client
          .getHandle<typeof promotion>(promotionId(target), runId, { firstExecutionRunId: runId })
          .result(),
      );
    } catch (error) {
      const cause = error instanceof ClientError ? error.cause : error;
      if (cause instanceof WorkflowFailedError)
        throw new ClientError(
          'refused',
          `the promotion of ${target} has no result: ${reasonOf(cause)}`,
          cause,
        );
      throw error;
    }
  }

  /** Ends a run without any clean-up: for rehearsals that are left early. */
  async terminate(target: string, runId: string, reason: string): Promise<void> {
    await this.#call(CALL_TIMEOUT_MS, () =>
      this.#client
        .getHandle(promotionId(target), undefined, { firstExecutionRunId: runId })
        .terminate(reason),
    );
  }

  /**
   * Adds the search attributes that the server lacks; safe to repeat.
   * @throws ClientError `refused` where this user may not add them, or one is there with another type
   */
  async ensureSearchAttributes(): Promise<void> {
    const namespace = this.#namespace;
    const { operatorService } = this.#connection;
    await this.#call(CALL_TIMEOUT_MS, async () => {
      const { customAttributes } = await operatorService.listSearchAttributes({ namespace });
      const missing: Record<string, 2 | 6> = {};
      for (const [name, type] of Object.entries(SEARCH_ATTRIBUTES)) {
        const there: number | undefined = customAttributes[name];
        if (there === undefined) missing[name] = INDEXED_VALUE_TYPE[type];
        else if (there !== INDEXED_VALUE_TYPE[type])
          throw new ClientError(
            'refused',
            `the search attribute ${name} of the namespace ${namespace} is no ${type}: remove it there, or take another namespace`,
          );
      }
      if (Object.keys(missing).length === 0) return;
      try {
        await operatorService.addSearchAttributes({ namespace, searchAttributes: missing });
      } catch (error) {
        if (codeOf(error) !== GRPC.ALREADY_EXISTS) throw error;
      }
    });
  }

  async #update(target: string, definition: typeof decide, submission: Submission): Promise<Answer> {
    const workflowId = promotionId(target);
    const description = await this.#describe(workflowId, target);
    if (description.status.name !== 'RUNNING')
      throw new ClientError(
        'not_open',
        `the promotion of ${target} has ended (${memoOf(description, target).phase}): nothing was sent`,
      );
    const handle = this.#client.getHandle<typeof promotion>(workflowId, undefined, {
      firstExecutionRunId: firstRunOf(description),
    });
    try {
      const updateId = await sha256(submission.statement);
      return await this.#connection.withDeadline(Date.now() + CALL_TIMEOUT_MS, () =>
        handle.executeUpdate(definition, { args: [submission], updateId }),
      );
    } catch (error) {
      if (error instanceof WorkflowUpdateFailedError)
        throw new ClientError('refused', reasonOf(error.cause ?? error), error);
      if (error instanceof WorkflowUpdateRPCTimeoutOrCancelledError)
        throw unknownOutcome('whether it was taken', error);
      if (error instanceof WorkflowNotFoundError)
        throw new ClientError(
          'not_open',
          `the promotion of ${target} has ended meanwhile: nothing was taken`,
          error,
        );
      const translated = this.#translate(error);
      throw translated.code === 'unreachable' ? unknownOutcome('whether it was taken', error) : translated;
    }
  }

  async #alreadyRunning(target: string, cause?: unknown): Promise<ClientError> {
    const running = await this.#describe(promotionId(target), target).then(
      (description) => memoOf(description, target),
      () => undefined,
    );
    const what =
      running === undefined
        ? ''
        : ` of commit ${running.commit}, requested by ${running.requester}, which is ${running.phase}`;
    return new ClientError(
      'already_running',
      `${target} already has an open promotion${what}: follow it with \`promote follow ${target}\``,
      cause,
    );
  }

  async #describe(workflowId: string, target?: string): Promise<WorkflowExecutionDescription> {
    try {
      return await this.#connection.withDeadline(Date.now() + CONNECT_TIMEOUT_MS, () =>
        this.#client.getHandle(workflowId).describe(),
      );
    } catch (error) {
      // A namespace that is not there is another error class than a workflow that is not.
      if (error instanceof WorkflowNotFoundError && target !== undefined)
        throw new ClientError(
          'not_found',
          `no promotion into ${target} is known: see \`promote list --all\``,
          error,
        );
      throw this.#translate(error);
    }
  }

  async #view(
    workflowId: string,
    runId: string,
  ): Promise<{ view: PromotionView | undefined; answers: boolean }> {
    try {
      const handle = this.#client.getHandle(workflowId, runId);
      const answered = await this.#connection.withDeadline(Date.now() + QUERY_TIMEOUT_MS, () =>
        handle.query(view),
      );
      return { view: answered, answers: true };
    } catch (error) {
      // A worker that has only just taken it up knows no view yet; every other failure is no answer.
      const answers =
        error instanceof QueryNotRegisteredError && /unknown query|did not register/i.test(error.message);
      return { view: undefined, answers };
    }
  }

  async #call<T>(timeoutMs: number, call: () => Promise<T>): Promise<T> {
    try {
      return await this.#connection.withDeadline(Date.now() + timeoutMs, call);
    } catch (error) {
      throw this.#translate(error);
    }
  }

  /** Foreign errors become ours once, here. */
  #translate(error: unknown): ClientError {
    if (error instanceof ClientError) return error;
    const code = codeOf(error);
    if (error instanceof WorkflowNotFoundError || code === GRPC.NOT_FOUND)
      return new ClientError('not_found', `not found at ${this.address}: ${reasonOf(error)}`, error);
    if (error instanceof NamespaceNotFoundError)
      return new ClientError(
        'misconfigured',
        `the Temporal server at ${this.address} has no namespace ${this.#namespace}: correct TEMPORAL_NAMESPACE`,
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

/** grpc-js status codes. */
const GRPC = {
  INVALID_ARGUMENT: 3,
  NOT_FOUND: 5,
  ALREADY_EXISTS: 6,
  PERMISSION_DENIED: 7,
  FAILED_PRECONDITION: 9,
  UNIMPLEMENTED: 12,
  UNAUTHENTICATED: 16,
} as const;

function codeOf(error: unknown): number | undefined {
  return grpcOf(error)?.code;
}

function grpcOf(error: unknown): { readonly code: number; readonly details: string } | undefined {
  if (isGrpcServiceError(error)) return error;
  return error instanceof ServiceError && isGrpcServiceError(error.cause) ? error.cause : undefined;
}

/** The innermost message, on one line: outer ones only say that something failed. */
function reasonOf(error: unknown): string {
  const grpc = grpcOf(error);
  if (grpc !== undefined && grpc.details !== '') return oneLine(grpc.details);
  if (error instanceof Error && error.cause instanceof Error) return reasonOf(error.cause);
  return oneLine(error instanceof Error ? error.message : String(error));
}

function oneLine(text: string): string {
  return text
    .replaceAll(/[\p{Cc}\p{Cf}\u2028\u2029\s]+/gu, ' ')
    .trim()
    .slice(0, 300);
}

function unknownOutcome(what: string, cause: unknown): ClientError {
  return new ClientError('unknown_outcome', `unknown ${what}: repeat this same command`, cause);
}

async function sha256(text: string): Promise<string> {
  const digest = await crypto.subtle.digest('SHA-256', new TextEncoder().encode(text));
  return Array.from(new Uint8Array(digest), (byte) => byte.toString(16).padStart(2, '0')).join('');
}

/** As the workflow's own first words, so that `status` works before any worker has taken it up. */
function memoAtStart({ target, commit, requester }: PromotionInput): PromotionMemo {
  return {
    target,
    commit,
    run: '',
    requester,
    phase: 'validating',
    reason: '',
    trigger: null,
    digest: null,
    deadline: null,
    evidence: '',
    gates: [],
  };
}

function memoOf(description: WorkflowExecutionDescription, target: string): PromotionMemo {
  const memo: unknown = description.memo?.['promotion'];
  if (isMemo(memo)) return memo;
  throw new ClientError(
    'not_found',
    `the workflow ${promotionId(target)} has no memo that this version of promote knows: another program or version started it`,
  );
}

function isMemo(memo: unknown): memo is PromotionMemo {
  if (typeof memo !== 'object' || memo === null || !('gates' in memo) || !Array.isArray(memo.gates))
    return false;
  const fields: Readonly<Record<string, unknown>> = { ...memo };
  return ['target', 'commit', 'run', 'requester', 'phase', 'reason', 'evidence'].every(
    (name) => typeof fields[name] === 'string',
  );
}

function firstRunOf({ raw, runId }: WorkflowExecutionDescription): string {
  return raw.workflowExecutionInfo?.firstRunId || runId;
}

function hasPendingActivity({ raw }: WorkflowExecutionDescription): boolean {
  return (raw.pendingActivities ?? []).length > 0;
}

function blockedBy({ raw }: WorkflowExecutionDescription): Blocked | undefined {
  for (const { attempt, lastFailure, activityType } of raw.pendingActivities ?? []) {
    if ((attempt ?? 0) <= 1 || !lastFailure) continue;
    const type =
      lastFailure.applicationFailureInfo?.type ?? (lastFailure.timeoutFailureInfo ? 'timeout' : '');
    const message = oneLine(lastFailure.message ?? '');
    const cause = type === '' || type === message ? message : `${type}: ${message}`;
    return { activity: activityType?.name ?? '', cause: oneLine(cause), attempt: attempt ?? 0 };
  }
  const taskAttempt = raw.pendingWorkflowTask?.attempt ?? 0;
  if (taskAttempt > 3)
    return {
      activity: '',
      cause: "the worker's code can't go on with this run: run the build that it was started with",
      attempt: taskAttempt,
    };
  return undefined;
}

function listed(info: WorkflowExecutionInfo): ListedPromotion {
  const attributes = info.typedSearchAttributes;
  return {
    target: attributes.get(TARGET) ?? info.workflowId,
    commit: attributes.get(COMMIT) ?? '',
    phase: attributes.get(PHASE) ?? '',
    requester: attributes.get(REQUESTER) ?? '',
    trigger: attributes.get(TRIGGER) ?? undefined,
    deadline: attributes.get(DEADLINE) ?? undefined,
    execution: info.status.name,
    workflowId: info.workflowId,
    runId: info.raw.firstRunId || info.runId,
    startedAt: info.startTime,
    closedAt: info.closeTime,
  };
}
