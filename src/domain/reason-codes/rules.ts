import { repairable, told } from './entry.js';

const AGAIN = 'see what held and why, repair it, then run the whole runbook again';
const FRESH = 'nothing more in this run: start a fresh one';

/** What the rules add to a gate's own codes. */
export const VERDICT_CODES = {
  health_not_expected: repairable(
    'the health is another one than the runbook expects',
    'see the codes before it',
  ),
  gate_not_expected: repairable(
    'the rollout gate is another one than the runbook expects',
    'see the codes before it',
  ),
  reason_codes_missing: repairable(
    'the answer gives no reason code, so it proves nothing',
    'find out why the system gives none',
  ),
  expectation_overridden: told(
    'somebody asked to expect another posture than the runbook does: no pass of it is earned',
    '',
  ),
  readiness_passed: told('gateway, cortex and operator summary are as expected', ''),
  readiness_unknown: repairable('no part of readiness could be judged', 'see what its parts say'),
} as const;

/** Why a promotion stopped before anything was promoted. */
export const STOP_CODES = {
  prerequisite_not_met: told('a prerequisite of the runbook does not hold', 'meet it, then start again'),
  misconfigured: told(
    'every gate that holds was asked wrongly: this says nothing about the system',
    'correct the runbook, its variables or the credentials, then start again',
  ),
  gate_hold: told('a gate held to the end', AGAIN),
  not_rollbackable: told(
    'the rollback could not run, so nothing is promoted',
    'see the rollback check in the evidence, repair what it names, then start again',
  ),
  no_promotion_step: told('the runbook promotes nothing', 'give it a promotion step'),
  runbook_changed: told('the runbook is another one than the approved one', 'start again with the new one'),
  signatures_unchecked: told(
    'the stored signatures could not be checked',
    'see that ssh-keygen works, then start again',
  ),
  not_the_lock: told(
    'a workflow that does not hold the lock of the target asked to promote',
    'find out who called it',
  ),
  other_run_since: told('another run of the target was opened or sealed since this one was', FRESH),
  approval_too_old: told('it was approved long ago, and has not promoted since', FRESH),
  requester_not_proven: told('the stored request to start is not validly signed by the requester', FRESH),
  quorum_not_met: told('the stored decisions do not approve under the current policy', FRESH),
  preflight_not_passed: told('a gate held right before promoting', AGAIN),
  preflight_stale: told('the answers right before promoting are too old', 'see what held up the worker'),
  rollback_begun: told('a rollback of this run has begun, so it promotes nothing more', FRESH),
  run_sealed: told('the evidence of this run is sealed, so it promotes nothing more', FRESH),
  evidence_not_sealed: told('the promotion went through, but its evidence could not be sealed', 'see why'),
} as const;

/** Why a rollback was declared. */
export const TRIGGER_CODES = {
  cortex_artifact_unrepaired: told('the observer artifact is missing or malformed after its repair', AGAIN),
  repeated_failing: told(
    'the same gate failed in rounds, or the watch in samples, one after the other',
    AGAIN,
  ),
  readiness_failed_after_remediation: told('readiness holds although remediation was attempted', AGAIN),
  promotion_step_failed: told('a promotion step failed, and half promoted is not a state to stay in', AGAIN),
  unreachable: told('no answer came, in several samples of the watch or to a rollback step', AGAIN),
  requested: told('a person ordered it', ''),
  cancelled: told('the workflow, or an attempt of it, was cancelled from outside', ''),
  terminated: told('its workflow was ended from outside after something may have been promoted', AGAIN),
  internal_fault: told(
    'our own machinery failed after something may have been promoted',
    "see the worker's log",
  ),
} as const;

/** Why a decision does not count. */
export const DECISION_CODES = {
  not_awaiting_approval: told('nothing awaits a decision now', 'see where the promotion is'),
  other_run: told('the decision or order is for another run or deployment', 'look at it again, then decide'),
  other_subject: told(
    'the decision is on something else than what awaits one',
    'look at it again, then decide',
  ),
  expired: told('the time for a decision was over', FRESH),
  not_an_approver: told('the runbook does not name this approver', 'ask one that it names'),
  requester_voted: told('who asked for a promotion does not approve it', 'ask another approver'),
  already_voted: told('this approver has decided already', ''),
  same_voter: told(
    'this name or key belongs to somebody who has decided already: one person has one vote',
    'ask another approver',
  ),
  policy_changed: told(
    'the approval policy on the worker is another one than the promotion was opened under',
    'abort it, and start again under the new one',
  ),
  not_signed_now: told(
    "the statement's time is more than 5 minutes from when the worker received it",
    'check the clock, then sign again',
  ),
  not_a_requester: told('the runbook does not name this requester', 'ask one that it names'),
  not_allowed_to_order: told('the runbook does not name who may give this order so', 'ask one that it names'),
  other_head: told(
    'the promotion has moved on since this was ordered, or it was not this one',
    'look at it again, then order',
  ),
  secret_in_text: told(
    'a text that would be kept, such as a reason, holds a secret that the worker knows',
    'change the secret, for Temporal has it in its history; then say it without',
  ),
  start_replayed: told('a run was started by this very statement already', 'sign a new one'),
} as const;
