import type { Changes } from './changes.js';
import type { Deliveries } from './notification.js';
import type { Concern } from './ownership.js';
import type { ExpectationOverride, GateOverride } from './override.js';
import type { End, Phase } from './phase.js';
import type { Identity } from './signing.js';
import type { Submission } from './statement.js';
import type { TriggerCode } from './triggers.js';
import type { GateResult } from './verdict.js';

/** What starts a promotion. It holds no runbook, no approver and no argument: those stay with the worker. */
export interface PromotionInput {
  readonly target: string;
  readonly commit: string;
  readonly requester: string;
  readonly reason: string;
  /** A commit that was rolled back is promoted again on purpose. */
  readonly again?: boolean;
  /** Expectations that differ from the runbook's, as they were asked for; the worker says whether it takes them. */
  readonly overrides?: readonly ExpectationOverride[] | undefined;
  /** The requester's own statement of it; a protected target takes nothing else. */
  readonly start?: Submission | undefined;
}

/** What a request to start names beside its own, as the worker says. */
export interface StartBinding {
  readonly deployment: string;
  readonly runbook: string;
  readonly previous: string | null;
  /** The start has to be signed. */
  readonly protected: boolean;
}

/** How a promotion ended. */
export interface PromotionResult {
  readonly run: string;
  readonly end: End;
  readonly reason: string;
  readonly trigger: TriggerCode | null;
  readonly evidence: string;
  readonly manifest: string | null;
}

/** The answer to a decision or an order: refused ones say why, and change nothing. */
export interface Answer {
  readonly accepted: boolean;
  /** `false`: nobody could say whether it may be taken; repeated, it may be. */
  readonly checked?: false;
  readonly reason: string;
}

export interface ApprovalView {
  readonly digest: string;
  /** The subject, canonical: what the digest is of. */
  readonly text: string;
  readonly request: string;
  readonly requester: string;
  readonly required: number;
  readonly approvers: readonly string[];
  /** Only signed decisions count. */
  readonly protected: boolean;
  readonly votes: readonly {
    readonly by: string;
    readonly verdict: 'approve' | 'reject';
    readonly identity: Identity;
    readonly key: string | null;
  }[];
  /** Who may still decide. */
  readonly waitingFor: readonly string[];
  /** Approvals that are missing. */
  readonly missing: number;
  readonly expiresAt: number;
  /** What changes with it; undefined where that was not looked into. */
  readonly changes: Changes | undefined;
}

/** One line of what happened, for those who follow. */
export interface LogLine {
  readonly seq: number;
  readonly at: number;
  readonly kind: string;
  readonly text: string;
}

/** What a rollback would do, or has done: one a step. */
export interface RollbackStepView {
  readonly step: string;
  /** In words. */
  readonly does: string;
  /** The last time that it was tried, or asked whether it holds. */
  readonly tried: {
    readonly attempt: number;
    readonly verified: boolean;
    readonly code: string;
    readonly detail: string;
  } | null;
  /** What a person would type to do it by hand; empty unless it failed. */
  readonly byHand: readonly string[];
}

export interface PromotionView {
  readonly target: string;
  readonly commit: string;
  readonly run: string;
  readonly requester: string;
  /** The commit's first line. */
  readonly subjectLine: string;
  /** Of the requester. */
  readonly identity: Identity;
  /** Only signed statements count. */
  readonly protected: boolean;
  readonly deployment: string;
  readonly phase: Phase | End;
  /** What it is doing now, e.g. `ask-round validation-2`. */
  readonly doing: string;
  readonly reason: string;
  readonly trigger: TriggerCode | undefined;
  readonly triggers: readonly TriggerCode[];
  readonly gates: readonly GateResult[];
  /** Expectations that differ from the runbook's. */
  readonly overrides: readonly GateOverride[];
  readonly approval: ApprovalView | undefined;
  readonly watch:
    | {
        readonly samples: number;
        readonly endsAt: number;
        readonly failingStreak: number;
        /** As long a failing streak rolls back. */
        readonly failingLimit: number;
        readonly unreachableStreak: number;
        readonly unreachableLimit: number;
        readonly last: string | undefined;
      }
    | undefined;
  /** What a person is to do before they say `remediated`, and until when. */
  readonly manual:
    | {
        readonly repair: string;
        readonly text: string;
        readonly gates: readonly string[];
        readonly endsAt: number;
      }
    | undefined;
  readonly unverified: readonly string[];
  /** Whom what holds, or is not proven, concerns. */
  readonly concerns: readonly Concern[];
  readonly rollback: readonly RollbackStepView[];
  readonly refusals: readonly { readonly by: string; readonly what: string; readonly reason: string }[];
  /** Left out by earlier versions. */
  readonly notifications?: Deliveries | undefined;
  readonly evidence: string;
  readonly head: { readonly seq: number; readonly digest: string };
  readonly log: readonly LogLine[];
}

/** The part of the view that describe() gives without any worker. Small: it is written up to once a phase. */
export interface PromotionMemo {
  readonly target: string;
  readonly commit: string;
  readonly run: string;
  readonly requester: string;
  readonly phase: Phase | End;
  readonly reason: string;
  readonly trigger: TriggerCode | null;
  readonly digest: string | null;
  readonly deadline: number | null;
  readonly evidence: string;
  /** Left out: none. */
  readonly overrides?: readonly GateOverride[] | undefined;
  /** Left out: unsigned statements count too. */
  readonly protected?: boolean | undefined;
  /** Who may still decide; left out where nobody is waited for. */
  readonly waitingFor?: readonly string[] | undefined;
  /** The journal's head when this was written; left out before the first entry. */
  readonly head?: { readonly seq: number; readonly digest: string } | undefined;
  readonly gates: readonly {
    readonly id: string;
    readonly verdict: string;
    readonly health: string;
    readonly gate: string;
    readonly reasonCodes: readonly string[];
  }[];
  readonly concerns: readonly Concern[];
}
