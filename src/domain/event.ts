import type { Action } from './phase.js';
import type { GateResult } from './verdict.js';
import type { Sample } from './watch.js';

/** What happened, as the workflow saw it. All but the last three kinds answer the effect that was asked for. */
export type PromotionEvent =
  | { readonly type: 'prerequisites-checked'; readonly problems: readonly string[] }
  | { readonly type: 'round-closed'; readonly round: string; readonly results: readonly GateResult[] }
  | { readonly type: 'remediation-done'; readonly attempted: readonly string[] }
  | {
      readonly type: 'approved' | 'rejected' | 'expired';
      /** Which approval request was decided: a decision on an earlier one decides nothing. */
      readonly epoch: number;
    }
  | {
      readonly type: 'preflight-closed';
      readonly round: string;
      readonly results: readonly GateResult[];
      /** Rollback steps that could not run now, each with its reason, but for those that the runbook waives by name. */
      readonly notRollbackable: readonly string[];
    }
  | { readonly type: 'step-promoted'; readonly step: string; readonly at: number }
  | {
      readonly type: 'step-failed';
      readonly step: string;
      readonly code: string;
      /** `none` only where it is proven that nothing changed. */
      readonly effect: 'none' | 'possible';
    }
  | { readonly type: 'sampled'; readonly samples: readonly Sample[]; readonly recorded: boolean }
  | { readonly type: 'rollback-tried'; readonly unverified: readonly string[] }
  | { readonly type: 'rollback-confirmed'; readonly unverified: readonly string[] }
  | { readonly type: 'ordered'; readonly action: Exclude<Action, 'remediated'> }
  | { readonly type: 'cancelled' }
  /** Our own machinery failed for good, e.g. `journal_fork`. */
  | {
      readonly type: 'faulted';
      readonly code: string;
      /** Another history of this run promoted, and nobody watches it any more (a workflow reset). */
      readonly promotedBefore: boolean;
    };
