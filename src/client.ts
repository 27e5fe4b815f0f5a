import type { Answer, PromotionInput, PromotionResult } from './domain/messages.js';
import type { ReconcileAnswer, ReconcileRequest } from './domain/reconciling.js';
import type { Submission } from './domain/statement.js';
import type { AdmissionAnswer, AdmissionRequest } from '../workflows/admission.js';
import { control, decide } from '../workflows/messages.js';
import { admit } from './client/admission.js';
import { useBuild } from './client/build.js';
import { say } from './client/commands.js';
import { TemporalServer, type ClientOptions } from './client/connection.js';
import { examine, type Examination, type ExaminationRequest } from './client/doctor/examine.js';
import { reconcile } from './client/reconcile.js';
import { result, terminate } from './client/end.js';
import { list, type ListedPromotion, type ListOptions } from './client/list.js';
import { ensureRetention } from './client/retention.js';
import { ensureSchedule, setSchedule, stopSchedule } from './client/schedule.js';
import { ensureSearchAttributes } from './client/search-attributes.js';
import { refuseIfOpen, start, type Started } from './client/start.js';
import { status, type PromotionStatus } from './client/status.js';

export { deploymentNameOf, SEARCH_ATTRIBUTES } from '../workflows/messages.js';
export { ClientError, type ClientErrorCode } from './client/errors.js';
export type { ListedPromotion } from './client/list.js';
export type { PromotionStatus } from './client/status.js';

/** @throws ClientError `unreachable` after 5 s */
export async function connectClient(options: ClientOptions): Promise<PromotionClient> {
  return new PromotionClient(await TemporalServer.connect(options));
}

/** What commands ask of Temporal. Every call is bounded in time and throws ClientError alone. */
export class PromotionClient {
  readonly #server: TemporalServer;

  constructor(server: TemporalServer) {
    this.#server = server;
  }

  get address(): string {
    return this.#server.address;
  }

  /** @throws ClientError `refused` where no worker of that build polls */
  async useBuild(deploymentName: string, buildId: string, identity: string): Promise<void> {
    return useBuild(this.#server, deploymentName, buildId, identity);
  }

  async close(): Promise<void> {
    await this.#server.connection.close();
  }

  /**
   * The worker's own answer to "would you take this promotion?", before anything is started.
   * @throws ClientError `no_worker` after 10 s without a sign of a worker
   */
  async admit(request: AdmissionRequest): Promise<AdmissionAnswer> {
    return admit(this.#server, request);
  }

  /**
   * Says early what start would say; start itself is the lock.
   * @throws ClientError `already_running`
   */
  async refuseIfOpen(target: string): Promise<void> {
    return refuseIfOpen(this.#server, target);
  }

  /**
   * Starts the promotion; Temporal is the lock, so a target has at most one that is open.
   * @throws ClientError `already_running`, with the running one's commit, requester and phase; `unknown_outcome`
   */
  async start(input: PromotionInput): Promise<Started> {
    return start(this.#server, input);
  }

  /**
   * What Temporal itself knows, and what the worker adds where one answers within a second.
   * @throws ClientError `not_found`, `unreachable`
   */
  async status(target: string): Promise<PromotionStatus> {
    return status(this.#server, target);
  }

  /** Newest first. Asks the visibility store alone, so it costs the same with thousands open. */
  async list(options: ListOptions): Promise<readonly ListedPromotion[]> {
    return list(this.#server, options);
  }

  /** @throws ClientError `refused` for what the validator refuses, `not_open`, `unknown_outcome` */
  async decide(target: string, submission: Submission): Promise<Answer> {
    return say(this.#server, target, decide, submission);
  }

  /** @throws ClientError as decide */
  async control(target: string, submission: Submission): Promise<Answer> {
    return say(this.#server, target, control, submission);
  }

  /**
   * The result of a run that has ended, its successors by continue-as-new included.
   * @throws ClientError `refused` when it was terminated or failed; `unreachable` when it is still open
   */
  async result(target: string, runId: string): Promise<PromotionResult> {
    return result(this.#server, target, runId);
  }

  /**
   * Has the worker look after promotions whose workflows were ended from outside. Safe to repeat.
   * @throws ClientError `no_worker`, `refused`
   */
  async reconcile(request: ReconcileRequest): Promise<ReconcileAnswer> {
    return reconcile(this.#server, request);
  }

  /** Has the worker look by itself, where no schedule is there; one that a person stopped stays so. */
  async ensureSchedule(): Promise<void> {
    return ensureSchedule(this.#server);
  }

  /** @param everyMs how often the worker looks from now on */
  async setSchedule(everyMs: number): Promise<void> {
    return setSchedule(this.#server, everyMs);
  }

  /** @throws ClientError `not_found` where there is none */
  async stopSchedule(): Promise<void> {
    return stopSchedule(this.#server);
  }

  /** Ends a run without any clean-up: for rehearsals that are left early. */
  async terminate(target: string, runId: string, reason: string): Promise<void> {
    return terminate(this.#server, target, runId, reason);
  }

  /**
   * Adds the search attributes that the server lacks; safe to repeat.
   * @throws ClientError `refused` where this user may not add them, or one is there with another type
   */
  async ensureSearchAttributes(): Promise<void> {
    await ensureSearchAttributes(this.#server);
  }

  /** @throws ClientError where this user may not have closed runs kept that long */
  async ensureRetention(leastMs: number): Promise<void> {
    return ensureRetention(this.#server, leastMs);
  }

  /** Everything that `promote doctor` asks of Temporal. Findings, never a ClientError for what it finds. */
  async examine(request: ExaminationRequest): Promise<Examination> {
    return examine(this.#server, request);
  }
}
