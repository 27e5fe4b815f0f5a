import type { PromotionInput, PromotionMemo } from './messages.js';

/** What is told of a promotion by whoever starts it, and by its workflow where nobody did: it has no name of its own yet. */
export function memoAtStart({ target, commit, requester }: PromotionInput): PromotionMemo {
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
    concerns: [],
  };
}
