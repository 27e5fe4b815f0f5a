import { CUT_OFF_MS, GRACE_MS } from '../src/domain/attempts.js';
import type { PromotionInput } from '../src/domain/messages.js';
import { asAsked } from '../src/domain/override.js';
import type { LeftBehind } from '../src/domain/take-over.js';
import type { JournalHead } from '../src/adapters/evidence/journal.js';
import type { KnownRun } from '../src/adapters/evidence/run-evidence.js';
import type { Admitted } from './admit.js';
import type { Dependencies } from './dependencies.js';
import { textWithoutSecrets } from './secret-in-text.js';

export interface TakeOverRequest {
  readonly run: string;
  /** The workflow that asks: it must hold the run's own lock. */
  readonly workflow: { readonly id: string; readonly firstExecutionRunId: string };
  /** ms since the epoch, from the workflow. */
  readonly at: number;
  readonly requester: string;
  readonly reason: string;
}

export type TakenOver =
  | { readonly taken: false; readonly problem: string }
  | {
      readonly taken: true;
      readonly admitted: Admitted;
      readonly input: PromotionInput;
      readonly left: LeftBehind;
      /** The journal as it goes on: its newest entry says who took over. */
      readonly head: JournalHead;
      /** A promotion step of the former workflow may act until then; ms since the epoch. */
      readonly actsUntil: number | undefined;
    };

/**
 * Takes over a run whose workflow was ended from outside. Only its name is trusted: plan, steps and journal are read back from
 * its evidence. An entry of its own ends the race with a record that the former workflow still had on its way.
 */
export function takeOverWith(dependencies: Dependencies) {
  const { evidence, steps, starts, deployment, leftBehind, pastRuns, notifiers } = dependencies;
  return async (request: TakeOverRequest): Promise<TakenOver> => {
    const known = await evidence.known(request.run);
    const { record, folder } = known;
    if (record.workflow.id !== request.workflow.id || record.deployment !== deployment)
      return {
        taken: false,
        problem: `${request.workflow.id.slice(0, 128)} is not the lock of ${record.run}`,
      };
    const end = await pastRuns.endOf(evidence, folder);
    if (end !== undefined) return { taken: false, problem: `the run ${record.run} is settled: ${end}` };
    const by = request.workflow.firstExecutionRunId;
    const reason = textWithoutSecrets(dependencies, known.loaded, request.reason);
    const { head, left, running } = await leftBehind.takeOver(evidence, known, { ...request, by, reason });
    // From here on a promotion step that the former workflow left running begins nothing more.
    if (left.touched) await steps.noteRollbackBegun(evidence.store, folder);
    return {
      taken: true,
      admitted: {
        ...admittedOf(known),
        ...(notifiers.length === 0
          ? {}
          : { notifiers: notifiers.map(({ name, events }) => ({ name, events })) }),
        identity: (await starts.readStart(evidence, folder))?.identity,
      },
      input: inputOf(known),
      left,
      head,
      actsUntil: running === undefined ? undefined : actsUntil(known, running),
    };
  };
}

/** Temporal tries no step again once its workflow is gone; an attempt that was under way ends by its deadline. */
function actsUntil(
  { loaded }: KnownRun,
  { step, begunAt }: { readonly step: string; readonly begunAt: number | undefined },
): number {
  const lastsMs = (loaded.plan.promotion.find(({ id }) => id === step)?.deadlineMs ?? 0) + GRACE_MS;
  const atMost = Date.now() + lastsMs;
  // All tries of a step together have twice its deadline, and the last learns a little later that it was given up.
  return begunAt === undefined ? atMost : Math.min(atMost, begunAt + 2 * lastsMs + CUT_OFF_MS);
}

function admittedOf({ folder, record, loaded }: KnownRun): Admitted {
  return {
    admitted: true,
    run: record.run,
    folder,
    openedAt: record.openedAt,
    deployment: record.deployment,
    runbook: record.runbook,
    policy: record.policy,
    subjectLine: record.subjectLine,
    previous: record.previous,
    rolledBack: record.rolledBack,
    again: record.again,
    bringBack: [],
    plan: loaded.plan,
    prerequisitesDeadlineMs: 0,
    joined: true,
  };
}

function inputOf({ record, loaded }: KnownRun): PromotionInput {
  const { target, commit, requester, reason, again } = record;
  return { target, commit, requester, reason, again, overrides: asAsked(loaded.overrides) };
}
