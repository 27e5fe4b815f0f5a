import { admitWith } from './admit.js';
import { appendEntriesWith, appendJournalWith } from './append-journal.js';
import { beating } from './beating.js';
import { describeChangesWith } from './changes.js';
import { checkOrderWith } from './check-order.js';
import type { Dependencies } from './dependencies.js';
import { openRunWith } from './evidence.js';
import { atBorder } from './failures.js';
import { findAbandonedWith } from './find-abandoned.js';
import { askGateWith, askRoundWith, deriveGateWith } from './gates.js';
import { notifyWith } from './notify.js';
import { checkPrerequisitesWith } from './prerequisites.js';
import { recordAndRequestApprovalWith } from './request-approval.js';
import { promoteStepWith } from './promote-step.js';
import { recordDecisionWith } from './record-decision.js';
import { repairWith } from './repair.js';
import {
  checkRollbackWith,
  promotionBegunWith,
  rollBackStepWith,
  verifyRollBackStepWith,
} from './rollback.js';
import { serverClock, type StartWatchClock } from './watch-clock.js';
import { takeOverWith } from './take-over.js';
import { watchSegmentWith } from './watch.js';

export type { Dependencies } from './dependencies.js';
export type { StartWatchClock } from './watch-clock.js';

/**
 * Every activity, by the queue whose worker runs it. Thin: from the outside world to the rules and back.
 *
 * @param watchClock what a watch tells the time by; another one lets a day pass at once
 */
export function createActivities(dependencies: Dependencies, watchClock: StartWatchClock = serverClock) {
  const { evidence, ballots, seal, redact, evidenceKey } = dependencies;
  const main = {
    admit: atBorder(redact, admitWith(dependencies)),
    checkPrerequisites: atBorder(redact, checkPrerequisitesWith(dependencies)),
    askRound: atBorder(redact, askRoundWith(dependencies)),
    askGate: atBorder(redact, askGateWith(dependencies)),
    repair: atBorder(redact, repairWith(dependencies)),
    checkRollback: atBorder(redact, checkRollbackWith(dependencies)),
    findAbandoned: atBorder(redact, findAbandonedWith(dependencies)),
    promoteStep: atBorder(redact, promoteStepWith(dependencies)),
    describeChanges: atBorder(redact, describeChangesWith(dependencies)),
  };
  const evidenceQueue = {
    openRun: atBorder(redact, openRunWith(dependencies)),
    appendEntries: atBorder(redact, appendEntriesWith(dependencies)),
    appendJournal: atBorder(redact, appendJournalWith(dependencies)),
    deriveGate: atBorder(redact, deriveGateWith(dependencies)),
    recordAndRequestApproval: atBorder(redact, recordAndRequestApprovalWith(dependencies)),
    requestApproval: atBorder(redact, (request: Parameters<typeof ballots.requestApproval>[1]) =>
      ballots.requestApproval(evidence, request),
    ),
    recordDecision: atBorder(redact, recordDecisionWith(dependencies)),
    sealRun: atBorder(redact, (request: Parameters<typeof seal.sealRun>[1]) =>
      beating(() => seal.sealRun(evidence, request, evidenceKey)),
    ),
  };
  const watch = { watchSegment: atBorder(redact, watchSegmentWith(dependencies, watchClock)) };
  const rollback = {
    rollBackStep: atBorder(redact, rollBackStepWith(dependencies)),
    verifyRollBackStep: atBorder(redact, verifyRollBackStepWith(dependencies)),
    takeOver: atBorder(redact, takeOverWith(dependencies)),
    checkOrder: atBorder(redact, checkOrderWith(dependencies)),
    promotionBegun: atBorder(redact, promotionBegunWith(dependencies)),
  };
  const notify = { notify: atBorder(redact, notifyWith(dependencies)) };
  return { main, evidence: evidenceQueue, watch, rollback, notify };
}

type Queues = ReturnType<typeof createActivities>;
/** All activities, as the workflow sees them. */
export type Activities = Queues['main'] &
  Queues['evidence'] &
  Queues['watch'] &
  Queues['rollback'] &
  Queues['notify'];
