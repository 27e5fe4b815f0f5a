import { mkdtemp, rm } from 'node:fs/promises';
import { tmpdir } from 'node:os';
import { join } from 'node:path';
import { randomBytes } from 'node:crypto';

import { vi } from 'vitest';

import { Client, Connection, type WorkflowHandle } from '@temporalio/client';

import { readConfig, type Config } from '../../src/config.js';
import { openRehearsal, type Rehearsal } from '../../src/rehearsal/rehearsal.js';
import type { Scenario } from '../../src/rehearsal/scenario.js';
import { SCENARIOS } from '../../src/rehearsal/scenarios.js';
import type { Timings } from '../../src/rehearsal/timings.js';
import type { Answer, PromotionInput, PromotionResult, PromotionView } from '../../src/domain/messages.js';
import type { Action } from '../../src/domain/phase.js';
import type { ReconcileAnswer, ReconcileRequest } from '../../src/domain/reconciling.js';
import { statementText, type ControlStatement, type Submission } from '../../src/domain/statement.js';
import {
  control,
  decide,
  promotionId,
  view,
  RECONCILE,
  WORKFLOW_TASK_TIMEOUT,
} from '../../workflows/messages.js';
import type { promotion } from '../../workflows/promotion.js';
import type { reconcile } from '../../workflows/reconcile.js';
import { runWorker, type WorkerOptions } from '../../worker/main.js';

/** What a stage plays: something to promote, and the runbook and environment to promote it with. */
export interface Play {
  readonly runbookFile: string;
  readonly commit: string;
  readonly environment: Readonly<Record<string, string>>;
  readonly close: () => Promise<void>;
}

export interface StageOptions {
  readonly address: string;
  /** A shipped one by its name, or the test's own. */
  readonly scenario?: string | Scenario;
  readonly timings?: Partial<Timings>;
  readonly environment?: Readonly<Record<string, string>>;
  /** Whom its worker tells. */
  readonly notifications?: Config['notifications'];
  /** Without one the test runs its own worker processes. */
  readonly worker?: boolean;
  /** What its worker's watches tell the time by. */
  readonly watchClock?: WorkerOptions['watchClock'];
  /** What the test changes before the worker starts. */
  readonly prepare?: (stage: Stage) => Promise<void>;
}

/** Opens a stage for one test and closes it, whatever the test did. */
export async function withStage(options: StageOptions, test: (stage: Stage) => Promise<void>): Promise<void> {
  const stage = await openStage(options);
  try {
    await test(stage);
  } finally {
    await stage.close();
  }
}

export const root = join(import.meta.dirname, '..', '..');

/** A rehearsal Tau, a real git remote, a worker in this process, and a client: what a promotion needs, for one test. */
export async function openStage(options: StageOptions): Promise<Stage> {
  const folder = await mkdtemp(join(tmpdir(), 'promote-stage-'));
  const scenario = scenarioOf(options.scenario ?? 'healthy');
  const rehearsal = await openRehearsal({
    scenario,
    folder: join(folder, 'rehearsal'),
    nodePath: process.execPath,
    agentScript: join(root, 'dist/src/rehearsal/tau-coding-agent.js'),
    shippedRunbook: join(root, 'runbooks/operator-readiness.yaml'),
    overrides: options.timings,
  });
  const stage = await setStage(folder, rehearsal, options);
  stage.watchClock = options.watchClock;
  await options.prepare?.(stage);
  if (options.worker !== false) await stage.startWorker();
  return stage;
}

function scenarioOf(named: string | Scenario): Scenario {
  if (typeof named !== 'string') return named;
  const scenario = SCENARIOS.find((candidate) => candidate.name === named);
  if (scenario === undefined) throw new Error(`no scenario ${named}`);
  return scenario;
}

/** A stage without its worker. */
export async function setStage<Played extends Play>(
  folder: string,
  play: Played,
  options: Pick<StageOptions, 'address' | 'environment' | 'notifications'> &
    Partial<Pick<Config, 'runbookFor'>>,
): Promise<Stage<Played>> {
  const base = await readConfig({
    cwd: folder,
    environment: {
      PATH: process.env['PATH'],
      HOME: folder,
      PROMOTE_TASK_QUEUE: `test-${randomBytes(4).toString('hex')}`,
      ...play.environment,
      ...options.environment,
    },
  });
  const { runbookFor = () => play.runbookFile, notifications = [] } = options;
  const config: Config = { ...base, runbookFor, notifications };
  const connection = await Connection.connect({ address: options.address });
  return new Stage(folder, play, config, options.address, connection);
}

export class Stage<Played extends Play = Rehearsal> {
  readonly folder: string;
  readonly rehearsal: Played;
  readonly config: Config;
  readonly address: string;
  readonly client: Client;
  readonly target = `t-${randomBytes(4).toString('hex')}`;
  readonly #connection: Connection;
  watchClock: WorkerOptions['watchClock'];
  #stop: AbortController | undefined;
  #running: Promise<void> | undefined;

  constructor(folder: string, rehearsal: Played, config: Config, address: string, connection: Connection) {
    this.folder = folder;
    this.rehearsal = rehearsal;
    this.config = config;
    this.address = address;
    this.#connection = connection;
    this.client = new Client({ connection });
  }

  /** Another target, with the same worker; it closes with this stage. */
  another(): Stage<Played> {
    return new Stage(this.folder, this.rehearsal, this.config, this.address, this.#connection);
  }

  /** @param build another build of the workflows, or one with a name of its own */
  async startWorker(build: { readonly bundle?: string; readonly buildId?: string } = {}): Promise<void> {
    const stop = new AbortController();
    this.#stop = stop;
    await new Promise<void>((ready, failed) => {
      this.#running = runWorker({
        config: { ...this.config, buildId: build.buildId },
        address: this.address,
        signal: stop.signal,
        watchClock: this.watchClock,
        bundle: build.bundle ?? join(root, 'dist/worker/workflow-bundle.js'),
        onReady: ready,
        log: () => {},
      });
      this.#running.catch(failed);
    });
  }

  async stopWorker(): Promise<void> {
    this.#stop?.abort();
    await this.#running;
    this.#running = undefined;
  }

  async start(input: Partial<PromotionInput> = {}): Promise<WorkflowHandle<typeof promotion>> {
    return this.client.workflow.start<typeof promotion>('promotion', {
      workflowId: promotionId(this.target),
      taskQueue: this.config.taskQueue,
      workflowTaskTimeout: WORKFLOW_TASK_TIMEOUT,
      args: [
        {
          target: this.target,
          commit: this.rehearsal.commit,
          requester: 'requester@rehearsal',
          reason: 'test',
          ...input,
        },
      ],
    });
  }

  get handle(): WorkflowHandle<typeof promotion> {
    return this.client.workflow.getHandle<typeof promotion>(promotionId(this.target));
  }

  view(): Promise<PromotionView> {
    return this.handle.query(view);
  }

  /** Waits until the view fulfils the condition; the test's own time limit ends it. */
  async until(condition: (seen: PromotionView) => boolean, everyMs = 50): Promise<PromotionView> {
    return vi.waitFor(
      async () => {
        const seen = await this.view();
        if (!condition(seen)) throw new Error(`still ${seen.phase}, ${seen.doing}`);
        return seen;
      },
      { timeout: 600_000, interval: everyMs },
    );
  }

  async decision(
    verdict: 'approve' | 'reject' = 'approve',
    by = 'approver@rehearsal',
    over: Record<string, string> = {},
  ): Promise<Submission> {
    const { approval, run, deployment } = await this.until((seen) => seen.approval !== undefined);
    const statement = statementText({
      v: 1,
      type: 'promotion-decision.v1',
      deployment,
      target: this.target,
      at: new Date().toISOString(),
      by,
      run,
      subject: approval?.digest ?? '',
      request: approval?.request ?? '',
      verdict,
      comment: 'test',
      ...over,
    });
    return { statement, signature: null };
  }

  async submit(submission: Submission): Promise<Answer> {
    return this.handle.executeUpdate(decide, { args: [submission] });
  }

  async decide(
    verdict: 'approve' | 'reject' = 'approve',
    by?: string,
    over?: Record<string, string>,
  ): Promise<Answer> {
    return this.submit(await this.decision(verdict, by, over));
  }

  /** @param seen what it is ordered on; as it is now where it is left out */
  async ordering(
    action: Action,
    by = 'approver@rehearsal',
    over: Partial<ControlStatement> = {},
    seen?: PromotionView,
  ): Promise<Submission> {
    const { run, deployment, head } = seen ?? (await this.until((now) => now.head.seq > 0));
    const statement = statementText({
      v: 1,
      type: 'promotion-control.v1',
      deployment,
      target: this.target,
      at: new Date().toISOString(),
      by,
      run,
      action,
      head: { seq: head.seq, digest: head.digest },
      reason: 'test',
      ...over,
    });
    return { statement, signature: null };
  }

  async order(action: Action, by?: string, reason = 'test'): Promise<Answer> {
    return this.handle.executeUpdate(control, { args: [await this.ordering(action, by, { reason })] });
  }

  /** Resets the run to the last workflow task before the first accepted update: its approval, in these tests. */
  async resetBeforeApproval(): Promise<void> {
    await this.#reset((events) => {
      const accepted = events.findIndex((event) =>
        Boolean(event.workflowExecutionUpdateAcceptedEventAttributes),
      );
      return events.slice(0, accepted - 1).findLast(isTaskCompleted);
    });
  }

  /** Resets the run to the workflow task that began its preflight: after the decision, before anything was promoted. */
  async resetBeforePreflight(): Promise<void> {
    await this.#reset((events) => {
      const preflight = events.filter(isRound).at(-1)?.activityTaskScheduledEventAttributes;
      const task = preflight?.workflowTaskCompletedEventId?.toString();
      return events.find(({ eventId }) => eventId?.toString() === task);
    });
  }

  /** Resets the run to the workflow task that had its approval asked for; what people said since is not said again. */
  async resetBeforeAsking(): Promise<void> {
    await this.#reset((events) => {
      const asking = events.find(
        ({ activityTaskScheduledEventAttributes: scheduled }) =>
          scheduled?.activityType?.name === 'recordAndRequestApproval',
      )?.activityTaskScheduledEventAttributes;
      const task = asking?.workflowTaskCompletedEventId?.toString();
      return events.find(({ eventId }) => eventId?.toString() === task);
    }, RESET_REAPPLY_NONE);
  }

  /** Resets the run to its very first workflow task. */
  async resetToBeginning(): Promise<void> {
    await this.#reset((events) => events.find(isTaskCompleted));
  }

  async #reset(
    to: (events: readonly HistoryEvent[]) => HistoryEvent | undefined,
    resetReapplyType?: number,
  ): Promise<void> {
    const { workflowId } = this.handle;
    const { runId } = await this.handle.describe();
    const { events } = await this.handle.fetchHistory();
    await this.client.workflowService.resetWorkflowExecution({
      namespace: 'default',
      workflowExecution: { workflowId, runId },
      reason: 'test',
      workflowTaskFinishEventId: to(events ?? [])?.eventId ?? null,
      requestId: randomBytes(8).toString('hex'),
      ...(resetReapplyType === undefined ? {} : { resetReapplyType }),
    });
  }

  /** Terminates the promotion as it is now, and gives its run. */
  async terminate(): Promise<{ readonly run: string; readonly evidence: string }> {
    const { run, evidence } = await this.view();
    await this.handle.terminate('by mistake');
    return { run, evidence };
  }

  /** Has the worker look for promotions that were left behind. */
  async reconcile(over: Partial<ReconcileRequest> = {}): Promise<ReconcileAnswer> {
    return this.client.workflow.execute<typeof reconcile>(RECONCILE, {
      workflowId: `${RECONCILE}/${this.target}-${randomBytes(4).toString('hex')}`,
      taskQueue: this.config.taskQueue,
      args: [{ dryRun: false, requester: 'operator@rehearsal', reason: 'found terminated', ...over }],
    });
  }

  result(): Promise<PromotionResult> {
    return this.handle.result();
  }

  async close(): Promise<void> {
    await this.handle.terminate('test ended').catch(() => {});
    await this.stopWorker();
    await this.rehearsal.close();
    await this.#connection.close();
    await rm(this.folder, { recursive: true, force: true });
  }
}

/** temporal.api.enums.v1.ResetReapplyType */
const RESET_REAPPLY_NONE = 2;

type HistoryEvent = NonNullable<Awaited<ReturnType<WorkflowHandle['fetchHistory']>>['events']>[number];

function isRound({ activityTaskScheduledEventAttributes: scheduled }: HistoryEvent): boolean {
  return scheduled?.activityType?.name === 'askRound';
}

function isTaskCompleted(event: HistoryEvent): boolean {
  return Boolean(event.workflowTaskCompletedEventAttributes);
}
