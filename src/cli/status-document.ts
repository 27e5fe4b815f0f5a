import type { PromotionStatus } from '../client.js';
import type { GateOverride } from '../domain/override.js';
import { ACTIONS, isBeforePromoting, PHASES, refuseAction, type End, type Phase } from '../domain/phase.js';
import { reasonsOf } from './reason-codes.js';

/** `abandoned`: its workflow was ended from outside. */
export type ShownPhase = Phase | End;

export interface ShownGate {
  readonly id: string;
  readonly verdict: string;
  readonly health: string;
  readonly gate: string;
  readonly reasonCodes: readonly string[];
}

/** What `status --json` prints. Fields are null, never absent, where there is nothing to say. */
export type StatusDocument = ReturnType<typeof statusDocument>;

/** @param locate where a person finds the evidence folder of that name */
export function statusDocument(status: PromotionStatus, locate: (folder: string) => string) {
  const { memo, view } = status;
  const gates = gatesOf(status);
  const reason = (view?.reason ?? memo.reason) || null;
  const trigger = view?.trigger ?? memo.trigger;
  return {
    target: status.target,
    commit: memo.commit,
    workflowId: status.workflowId,
    runId: status.runId,
    run: (view?.run ?? memo.run) || null,
    phase: phaseOf(status),
    doing: view?.doing ?? null,
    reason,
    trigger,
    triggers: view?.triggers ?? [],
    digest: view?.approval?.digest ?? memo.digest,
    gates,
    overrides: overridesIn(status).map(shownOverride),
    reasons: reasonsOf(gates, reason, trigger),
    evidence: locate(view?.evidence ?? memo.evidence) || null,
    requester: memo.requester,
    identity: view?.identity ?? null,
    protected: isProtected(status),
    startedAt: status.startedAt.toISOString(),
    deadline: isoOf(deadlineOf(status)),
    approval:
      view?.approval === undefined ? null : { ...view.approval, expiresAt: isoOf(view.approval.expiresAt) },
    watch:
      view?.watch === undefined
        ? null
        : { ...view.watch, last: view.watch.last ?? null, endsAt: isoOf(view.watch.endsAt) },
    manual: view?.manual === undefined ? null : { ...view.manual, endsAt: isoOf(view.manual.endsAt) },
    unverified: view?.unverified ?? [],
    concerns: view?.concerns ?? memo.concerns,
    rollback: { order: rollbackOrder(status), steps: status.rollback },
    refusals: view?.refusals ?? [],
    blocked: status.blocked ?? null,
    notifications:
      view?.notifications === undefined
        ? null
        : { ...view.notifications, cause: status.untold?.cause ?? null },
    workerAnswers: status.workerAnswers,
    open: isOpen(status),
    abandoned: abandonedWhile(status) ?? null,
    next: nextSteps(status),
  };
}

export function isProtected({ view, memo }: PromotionStatus): boolean {
  return view?.protected ?? memo.protected === true;
}

export function isOpen(status: PromotionStatus): boolean {
  return status.execution === 'RUNNING' || status.execution === 'PAUSED';
}

/** The worker's word goes first: what Temporal was told may be a phase old. */
export function phaseOf(status: PromotionStatus): ShownPhase {
  const phase = lastPhaseOf(status);
  const unfinished = PHASES.some((open) => open === phase);
  return unfinished && !isOpen(status) ? 'abandoned' : phase;
}

/** A workflow that was ended from outside: in which phase, and whether the target may be half promoted. */
export function abandonedWhile(
  status: PromotionStatus,
): { readonly phase: Phase; readonly touched: boolean } | undefined {
  const last = lastPhaseOf(status);
  const phase = PHASES.find((open) => open === last);
  if (phase === undefined || isOpen(status)) return undefined;
  return { phase, touched: !isBeforePromoting(phase) };
}

export function lastPhaseOf({ view, memo }: PromotionStatus): Phase | End {
  return view?.phase ?? memo.phase;
}

export function gatesOf({ view, memo }: PromotionStatus): readonly ShownGate[] {
  if (view === undefined) return memo.gates;
  return view.gates.map(({ gate, verdict, health, rolloutGate, reasonCodes }) => ({
    id: gate,
    verdict,
    health,
    gate: rolloutGate,
    reasonCodes,
  }));
}

export function overridesIn({ view, memo }: PromotionStatus): readonly GateOverride[] {
  return view?.overrides ?? memo.overrides ?? [];
}

/** An override as documents have it. */
export function shownOverride({ gate, expect }: GateOverride) {
  return { id: gate, expectedHealth: expect.health, expectedGate: expect.gate };
}

export function deadlineOf(status: PromotionStatus): number | null {
  const { memo, view } = status;
  if (view?.phase === 'awaiting-approval') return view.approval?.expiresAt ?? memo.deadline;
  if (view?.phase === 'remediating') return view.manual?.endsAt ?? memo.deadline;
  if (view?.phase === 'watching') return view.watch?.endsAt ?? memo.deadline;
  return view === undefined ? memo.deadline : null;
}

/** The command that would roll back now; null where none is taken. */
export function rollbackOrder(status: PromotionStatus): string | null {
  const phase = phaseOf(status);
  const taken = isOpen(status) && phase !== 'abandoned' && refuseAction('rollback', phase) === undefined;
  return taken ? `promote rollback ${status.target} --reason …` : null;
}

/** Commands that would be taken now. */
export function nextSteps(status: PromotionStatus): readonly string[] {
  const phase = phaseOf(status);
  const { target } = status;
  if (abandonedWhile(status)?.touched === true) return [`promote reconcile --target ${target}`];
  if (!isOpen(status)) return phase === 'promoted' ? [] : [`promote start --target ${target} --commit …`];
  // Its end is decided: no order is taken any more.
  if (status.view?.doing === 'seal') return [];
  const decisions =
    phase === 'awaiting-approval'
      ? [`promote approve ${target}`, `promote reject ${target} --comment …`]
      : [];
  const orders = ACTIONS.filter(
    (action) => phase !== 'abandoned' && refuseAction(action, phase) === undefined,
  );
  return [...decisions, ...orders.map((action) => `promote ${action} ${target} --reason …`)];
}

function isoOf(at: number | null): string | null {
  return at === null ? null : new Date(at).toISOString();
}
