import { overrideOf, type GateOverride } from '../domain/override.js';
import type { Plan, Roles } from '../domain/plan.js';
import type { Runbook } from './runbook.js';
import { rollbackInWords } from './rollback-in-words.js';

/** What the rules need of a resolved runbook: it goes into Temporal's history, so no address and no argument. */
export function planOf(runbook: Runbook, overrides: readonly GateOverride[] = []): Plan {
  const { remediation, approval, promotion, watch, rollback, owners, relatedRunbooks } = runbook;
  return {
    gates: runbook.gates.map(({ id, expect, deadline, readiness }) => ({
      id,
      expect,
      override: overrideOf(overrides, id),
      deadlineMs: deadline,
      derivedFrom: readiness === undefined ? [] : [readiness.gateway, readiness.cortex, readiness.operator],
    })),
    remediation: {
      retries: remediation.retries,
      manualDeadlineMs: remediation.manual.deadline,
      repairs: remediation.repairs.map(({ id, helps, unless, deadline, manual }) => ({
        id,
        helps,
        unless,
        deadlineMs: manual?.deadline ?? deadline,
        manual: manual?.text,
      })),
    },
    triggers: {
      artifactUnrepaired: rollback.triggers.artifactUnrepaired,
      repeatedFailing: rollback.triggers.repeatedFailing,
      readinessFailed: rollback.triggers.readinessFailed,
    },
    approval: {
      required: approval.required,
      approvers: listOf(approval.approvers),
      selfApproval: approval.selfApproval,
      expiresMs: approval.expires,
      roles: rolesOf(approval),
    },
    promotion: promotion.steps.map(({ id, deadline, repeatable }) => ({
      id,
      deadlineMs: deadline,
      repeatable,
    })),
    watch: {
      windowMs: watch.window,
      intervalMs: watch.interval,
      repeatedFailing: watch.repeatedFailing,
      unreachableLimit: watch.unreachableLimit,
    },
    rollback: {
      steps: rollback.steps.map((step) => ({
        id: step.id,
        deadlineMs: step.deadline,
        does: rollbackInWords(step),
      })),
      confirmAfterMs: rollback.confirmAfter,
    },
    ownership: {
      owners: owners.map(({ contact, ...rest }) => ({ ...rest, contact })),
      relatedRunbooks,
    },
  };
}

/** A run that an earlier version opened has no orders in its runbook: it goes on, and rolls back, under what it knew. */
type StoredApproval = Omit<Runbook['approval'], 'orders'> & Partial<Pick<Runbook['approval'], 'orders'>>;

function rolesOf({
  requesters,
  orders,
  protected: isProtected,
  remindEvery,
}: StoredApproval): Roles | undefined {
  if (orders === undefined) return undefined;
  return {
    requesters: requesters === undefined ? undefined : listOf(requesters),
    orders: Object.fromEntries(
      Object.entries(orders).map(([action, names]) => [action, listOf(names ?? [])]),
    ),
    protected: isProtected,
    remindEveryMs: remindEvery,
  };
}

/** Resolved, it is a list. */
function listOf(names: string | readonly string[]): readonly string[] {
  return typeof names === 'string' ? [names] : names;
}
