import type { End } from './phase.js';
import type { PlannedRepair } from './remediation.js';
import type { WatchState } from './watch.js';

/** What the workflow has to do next. */
export type Effect =
  | { readonly do: 'check-prerequisites' }
  | { readonly do: 'ask-round'; readonly round: string }
  | { readonly do: 'remediate'; readonly round: string; readonly repairs: readonly PlannedRepair[] }
  | { readonly do: 'await-decision'; readonly epoch: number; readonly round: string }
  | { readonly do: 'preflight'; readonly epoch: number; readonly round: string }
  | { readonly do: 'promote'; readonly step: string }
  | { readonly do: 'watch'; readonly watch: WatchState }
  | { readonly do: 'roll-back'; readonly attempt: number }
  | { readonly do: 'confirm-rollback'; readonly attempt: number }
  | { readonly do: 'await-orders' }
  | { readonly do: 'end'; readonly end: End; readonly reason: string };

/** A promotion step and a rollback run to their end; everything else makes way for an order at once. */
export function makesWay(effect: Effect): boolean {
  return effect.do !== 'promote' && effect.do !== 'roll-back' && effect.do !== 'confirm-rollback';
}
