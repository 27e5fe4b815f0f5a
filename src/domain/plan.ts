import type { Ownership } from './ownership.js';
import type { Action } from './phase.js';
import type { Expectation } from './verdict.js';

/**
 * What the rules need of a runbook: identifiers, limits and policy; no address, no argument, no secret. It travels in
 * Temporal's history; what the steps really do stays with the worker.
 */
export interface Plan {
  readonly gates: readonly PlannedGate[];
  readonly remediation: {
    /** Rounds after the first; 0 (no remediation) to 5. */
    readonly retries: number;
    readonly repairs: readonly Repair[];
    /** How long a person has where no repair helps; elapsed counts as attempted. */
    readonly manualDeadlineMs: number;
  };
  readonly triggers: TriggerRules;
  readonly approval: ApprovalPolicy;
  readonly promotion: readonly PlannedStep[];
  readonly watch: WatchLimits;
  readonly rollback: {
    readonly steps: readonly PlannedRollbackStep[];
    /** A verified rollback must still hold after this time. */
    readonly confirmAfterMs: number;
  };
  /** Whom people call, and what they read. */
  readonly ownership: Ownership;
}

export interface PlannedGate {
  readonly id: string;
  readonly expect: Expectation;
  /** What is expected instead in this run. Left out: nothing else. */
  readonly override?: Expectation | undefined;
  readonly deadlineMs: number;
  /** Gates of the same round that it is derived from; empty where it asks the system. */
  readonly derivedFrom: readonly string[];
}

export interface PlannedStep {
  readonly id: string;
  readonly deadlineMs: number;
  /** A step that can't be repeated safely is tried once. */
  readonly repeatable: boolean;
}

export interface PlannedRollbackStep {
  readonly id: string;
  readonly deadlineMs: number;
  /** What it does and how it is verified, in words. */
  readonly does: string;
}

/** A repair, and the reason codes of each gate that it can help with. */
export interface Repair {
  readonly id: string;
  readonly deadlineMs: number;
  readonly helps: Readonly<Record<string, readonly string[]>>;
  /** It runs only if this gate answered in the same round and gave none of these codes. */
  readonly unless: { readonly gate: string; readonly codes: readonly string[] } | undefined;
  /** What a person is to do; undefined: it runs by itself. */
  readonly manual: string | undefined;
}

export interface TriggerRules {
  /** "cortex readiness reason code indicates missing/malformed observer artifact after repair attempt" */
  readonly artifactUnrepaired: { readonly gate: string; readonly codes: readonly string[] } | undefined;
  /** "repeated `health_state=failing` on gateway/deployment/operator summary" */
  readonly repeatedFailing: { readonly gates: readonly string[]; readonly rounds: number };
  /** "readiness validator fails after remediation retry" */
  readonly readinessFailed: { readonly gate: string } | undefined;
}

export interface ApprovalPolicy {
  /** Distinct approvers needed, at least 1. */
  readonly required: number;
  readonly approvers: readonly string[];
  readonly selfApproval: boolean;
  readonly expiresMs: number;
  /** Left out in histories that were recorded before there was one: anybody starts and orders, nothing is signed. */
  readonly roles?: Roles | undefined;
}

/** Who may ask and order, and how they prove it. */
export interface Roles {
  /** Undefined: anybody may start. */
  readonly requesters: readonly string[] | undefined;
  /** Undefined for an action: approvers; and the requester, for what ends or goes on with the own request. */
  readonly orders: Readonly<Partial<Record<Action, readonly string[]>>>;
  /** Only signed statements count. */
  readonly protected: boolean;
  readonly remindEveryMs: number;
}

export interface WatchLimits {
  readonly windowMs: number;
  readonly intervalMs: number;
  /** Consecutive failing samples that roll back. */
  readonly repeatedFailing: number;
  /** Consecutive failing, unreachable or malformed samples that roll back. */
  readonly unreachableLimit: number;
}
