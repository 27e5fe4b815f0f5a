import { told } from './entry.js';

const REMOTE = 'correct the remote, the branch or the credentials in the variables, then start again';
const BRANCH = 'look at the branch, and decide what it should hold';
const RETRY = 'see what the step printed, repair it, then `promote retry-rollback`';

/** What a step of a promotion, a repair or a rollback came to. */
export const STEP_CODES = {
  done: told('it ran to its end', ''),
  done_before: told('an earlier attempt had done it', ''),
  branch_moved: told('the branch is at the commit', ''),
  unknown_step: told('the runbook of the run has no such step', 'see whether another runbook was meant'),
  unknown_repair: told('the runbook of the run has no such repair', 'see whether another runbook was meant'),
  step_deadline: told('the step did not end in its time', 'see what it waited for'),
  wrong_directory: told(
    'the working directory is that of another system than the one that answers',
    'correct the working directory, then `promote retry-rollback` or start again',
  ),
  tried_before: told(
    'a step that is not repeatable was begun before',
    'see in the system whether it took effect',
  ),
  credentials_refused: told(
    'the credentials of a rollback step are refused',
    'correct them, then start again',
  ),
  check_not_answered: told(
    'what checks the credentials of a rollback step gives no answer',
    'see its detail',
  ),
  directory_not_proven: told(
    'whether the working directory is that of the system that answers is not proven',
    'see which value can not be read',
  ),
  verified: told('the system itself says that the step took effect', ''),
  not_in_effect: told('the system does not say that the step took effect', RETRY),
  no_verification: told('the runbook does not say how the step is verified', 'say so in the runbook'),
  malformed: told('what verifies the step gave an answer outside the contract', RETRY),
  never_on_branch: told('the branch never had the commit, so nothing is to revert', ''),
  promoted_again: told(
    'somebody put the commit back after its revert',
    'look at the branch, and decide what it should hold',
  ),
  restored_by_others: told('somebody else has given the branch its former tree', ''),
  revert_on_branch: told('the branch has the recorded revert', ''),
  no_recorded_revert_on_branch: told('the branch has the commit and no recorded revert of it', RETRY),
} as const;

/** What git, or the remote, says. */
export const GIT_CODES = {
  access_denied: told('the remote refuses the credentials', REMOTE),
  bad_credentials: told('the credentials are not of a form that git takes', REMOTE),
  disk_full: told("the worker's disk is full", 'free space: the step is tried again'),
  mainline_missing: told(
    'a merge is to be reverted, and nothing says against which parent',
    'name the parent in the runbook',
  ),
  signing_failed: told('a commit could not be signed', "see the worker's signing key"),
  bad_branch: told('this can not be the name of a branch', REMOTE),
  bad_commit: told('this is not the full hash of a commit', 'give the full hash'),
  bad_remote: told('this can not be a remote', REMOTE),
  branch_missing: told(
    'the remote has no such branch',
    'create it: which commit it starts from is for people to say',
  ),
  branch_moved_on: told('somebody else has moved the branch', BRANCH),
  commit_already_contained: told(
    'the branch has the commit already, so a rollback could not take it away',
    BRANCH,
  ),
  commit_unknown: told('the remote does not have the commit', 'push it to the remote, then start again'),
  git_failed: told('git failed', "see the detail and the worker's log"),
  git_missing: told('git is not installed on the worker', 'install it'),
  git_timeout: told('git was still running at its deadline', 'see what the remote does'),
  push_not_permitted: told('the credentials may not push to the branch', REMOTE),
  push_rejected: told('the remote refused the push', "see the remote's rules for the branch"),
  remote_unreachable: told('the remote does not answer', 'repair the network, or the remote'),
  revert_conflict: told('the revert does not apply to the branch as it is', BRANCH),
} as const;
